/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RUNS_H
#define IOVASCOPE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/leaf.h"

/* A run: contiguous in IOVA and in physical address. Torn: not known. */
struct run {
	size_t nr;
	uint64_t iova;
	uint64_t last;
	uint64_t phys;
	uint64_t leaves[NR_LEAVES];
	bool write;
	bool mmio;
	bool torn;
};

/*
 * Runs that follow each other in IOVA and are alike, by their numbers. Others
 * may follow without a gap: next_to is the first and the last that do, those of
 * this one included.
 */
struct extent {
	uint64_t iova;
	uint64_t last;
	size_t first_run;
	size_t last_run;
	size_t first_next_to;
	size_t last_next_to;
};

struct packed_run;

/* All of one table, in ascending order. */
struct runs {
	struct packed_run *packed;
	size_t nr;
};

uint64_t run_bytes(const struct run *run);
uint64_t run_used(const struct run *run, enum leaf leaf);

/* Of one device; ends the program when they are not there or broken. */
struct runs *runs_read(const char *debugfs, const char *device);
/* NULL where the device is gone: it was there, when it was listed. */
struct runs *runs_try(const char *debugfs, const char *device);
struct run run_at(const struct runs *runs, size_t nr);

/* What is at an IOVA, where something is. */
bool runs_phys(const struct runs *runs, uint64_t iova, uint64_t *phys);
void runs_free(struct runs *runs);

/*
 * Moves @extent to the one that has the run: from one run to the next all of
 * them take no longer than the runs are many. Begins with a zeroed one.
 */
void extent_move(const struct runs *runs, struct extent *extent, size_t run);

#endif
