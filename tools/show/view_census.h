/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VIEW_CENSUS_H
#define IOVASCOPE_VIEW_CENSUS_H

#include <stdbool.h>

struct json_object;

struct json_object *view_census(struct json_object *snap);
struct json_object *view_runs(struct json_object *snap);
struct json_object *view_check(struct json_object *snap);

/* How the self-check went: a piece of views. */
struct json_object *view_verdicts(struct json_object *snap);

/* Would reading the tables of every domain take no time worth a word? */
bool view_walk_is_short(struct json_object *snap);

#endif
