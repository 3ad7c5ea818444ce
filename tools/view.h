/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VIEW_H
#define IOVASCOPE_VIEW_H

#include <stdbool.h>

struct json_object;

struct json_object *view_show(struct json_object *snap);
struct json_object *view_inflight(struct json_object *snap);
struct json_object *view_section(struct json_object *snap, const char *name,
				 char *const *patterns);
struct json_object *view_census(struct json_object *snap);
struct json_object *view_runs(struct json_object *snap);
struct json_object *view_check(struct json_object *snap);

/* Would reading the tables of every domain take no time worth a word? */
bool view_walk_is_short(struct json_object *snap);

/* Pieces of views. */
struct json_object *view_new(struct json_object *snap);
struct json_object *view_sorted(struct json_object *records, const char *key);
struct json_object *view_verdicts(struct json_object *snap);

#endif
