/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_SPENT_H
#define IOVASCOPE_SPENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tree.h"

/* What a process has spent in VFIO: what the judges of a start are handed. */
struct spent {
	/* The sums of the process. */
	struct json_object *record;
	uint64_t pid;
	/* Only the sums are there: no process to look at. */
	bool recorded;
	/* All of it, and the calls in it that have not returned. */
	uint64_t total_ns;
	uint64_t unfinished_ns;
	/* Of the pins: first touch, and lookup without it. */
	uint64_t touch_ns;
	uint64_t base_lookup_ns;
	uint64_t huge_lookup_ns;
	uint64_t ram_bytes;
};

static inline uint64_t spent_value(const struct spent *spent, const char *key)
{
	return tree_u64_or_0(spent->record, key);
}

/* Sums of calls that overlap may not fit into each other: never below 0. */
static inline uint64_t without(uint64_t all, uint64_t part)
{
	return all > part ? all - part : 0;
}

#endif
