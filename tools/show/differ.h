/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DIFFER_H
#define IOVASCOPE_DIFFER_H

struct json_object;

/* To each domain of `check` that differs: what that means, as "meaning". */
void differ_explain(struct json_object *check);

#endif
