/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_H
#define IOVASCOPE_TEXT_H

#include <stdio.h>

struct json_object;

/* Prints a view for people; the schema names the units. */
typedef void text_fn(FILE *out, struct json_object *view,
		     struct json_object *schema);

#endif
