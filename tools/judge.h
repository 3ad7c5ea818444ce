/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_JUDGE_H
#define IOVASCOPE_JUDGE_H

#include <stdbool.h>

#include "cause.h"
#include "leaf.h"

struct json_object;

/* What holds for a whole table. */
struct judge {
	struct json_object *view;
	struct json_object *groups;
	const struct runs *runs;
	enum leaf want;
	struct json_object *units;
	/* The unit, and the leaves that it can have in the stage in use. */
	const char *unit;
	const char *stage;
	bool has[NR_LEAVES];
	/* Another unit that can not, or NULL. */
	const char *weak[NR_LEAVES];
	bool type1;
	/* The largest leaf that hugepath is told to use, when it is its own. */
	enum leaf cap;
	bool iommufd;
	bool only_4k;
	uint64_t map_calls;
	uint64_t map_bytes;
};

/* A part of a run that has one cause. */
struct fragment {
	const struct run *run;
	uint64_t iova;
	uint64_t bytes;
	/* To be explained: the rest has a cause of another kind. */
	uint64_t short_bytes;
};

uint64_t fragment_phys(const struct fragment *part);
uint64_t fragment_last(const struct fragment *part);
void fragment_judge(struct judge *judge, const struct fragment *part);

struct json_object *judge_add(struct judge *judge, enum cause cause,
			      const char *group, const struct fragment *part);
void judge_runs(struct judge *judge);

#endif
