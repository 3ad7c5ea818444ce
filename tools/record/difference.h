/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DIFFERENCE_H
#define IOVASCOPE_DIFFERENCE_H

#include <stdio.h>

struct json_object;

/* What two recordings say of the same process at two times, phase by phase. */
struct json_object *read_difference(const char *before, const char *after);
void text_difference(FILE *out, struct json_object *view,
		     struct json_object *schema);

#endif
