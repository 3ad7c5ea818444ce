/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_REPORT_H
#define IOVASCOPE_REPORT_H

#include <stdio.h>

struct json_object;
struct request;

/* A timeline as a page for a browser: it is written, and the view is given. */
struct json_object *read_report(const struct request *request);
void text_report(FILE *out, struct json_object *view,
		 struct json_object *schema);

#endif
