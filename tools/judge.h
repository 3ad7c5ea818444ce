/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_JUDGE_H
#define IOVASCOPE_JUDGE_H

#include <stdbool.h>

#include "leaf.h"

struct json_object;

/* What holds for a whole table. */
struct judge {
	struct json_object *view;
	struct json_object *groups;
	const struct runs *runs;
	enum leaf want;
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

void judge_runs(struct judge *judge);

#endif
