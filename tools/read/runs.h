/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RUNS_H
#define IOVASCOPE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/leaf.h"

struct json_object;

/* A run: contiguous in IOVA and in physical address. Torn: not known. */
struct run {
	uint64_t iova;
	uint64_t last;
	uint64_t phys;
	uint64_t leaves[NR_LEAVES];
	bool write;
	bool mmio;
	bool torn;
	size_t extent;
};

/*
 * Runs that follow each other in IOVA and are alike. Others may follow without
 * a gap: next_to is the first and the last that do, this one included.
 */
struct extent {
	uint64_t iova;
	uint64_t last;
	size_t first_run;
	size_t last_run;
	size_t first_next_to;
	size_t last_next_to;
};

/* All of one table, in ascending order. */
struct runs {
	struct run *run;
	size_t nr;
	struct extent *extent;
	size_t nr_extents;
};

uint64_t run_bytes(const struct run *run);
uint64_t run_used(const struct run *run, enum leaf leaf);

struct runs *runs_of(struct json_object *section);
void runs_free(struct runs *runs);

#endif
