/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_WHY_H
#define IOVASCOPE_TEXT_WHY_H

#include "base/text.h"

text_fn text_refusals, text_why, text_host;

/* What every answer begins and ends with. */
void print_findings(FILE *out, struct json_object *view);
void print_missing(FILE *out, struct json_object *view);

/* The pools of huge pages, each node by itself. */
void print_pools(FILE *out, struct json_object *pools);

#endif
