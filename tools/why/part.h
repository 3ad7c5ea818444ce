/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PART_H
#define IOVASCOPE_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/leaf.h"
#include "cause.h"
#include "read/runs.h"

struct findings;
struct json_object;
struct kinds;

/* What holds for a whole table: what its judges are handed. */
struct facts {
	const struct findings *findings;
	/* The causes of its parts, by what makes them one. */
	struct json_object *groups;
	struct kinds *kinds;
	const struct runs *runs;
	/* The one with the run that is looked at. */
	struct extent extent;
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
	/* Physical addresses that no BAR has: how many, and the first. */
	uint64_t nr_unknown_bars;
	uint64_t unknown_bar;
	uint64_t nr_torn;
	/* Parts of which nobody says what pages they are. */
	uint64_t nr_unknown_frames;
	uint64_t map_calls;
	uint64_t map_bytes;
};

/* A part of a run that has one cause. */
struct part {
	const struct run *run;
	uint64_t iova;
	uint64_t bytes;
	/* To be explained: the rest has a cause of another kind. */
	uint64_t short_bytes;
};

uint64_t part_phys(const struct part *part);
uint64_t part_last(const struct part *part);

/*
 * The cause when it is the first of its @group, to be told more about.
 * Otherwise the part is added to the cause of the group, or to what is left of
 * its kind, and it is NULL.
 */
struct json_object *part_add_as(struct facts *facts, enum cause cause,
				bool fixable, const char *group,
				const struct part *part);

/* As fixable as its cause is. */
struct json_object *part_add(struct facts *facts, enum cause cause,
			     const char *group, const struct part *part);

#endif
