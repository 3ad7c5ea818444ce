/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_COMPARE_H
#define IOVASCOPE_COMPARE_H

struct json_object;

struct json_object *compare_results(struct json_object *old,
				    struct json_object *new);

/* Ends the program when something is worse, or nothing was measured. */
void judge_bench(struct json_object *view);

#endif
