/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run.h - join what a walk finds into runs
 *
 * Built into the module and, unchanged, into the host tests.
 */
#ifndef IVS_RUN_H
#define IVS_RUN_H

#include "walk.h"

/**
 * struct ivs_run - contiguous in IOVA and in memory, of one kind
 * @iova: first IOVA, in bytes
 * @last: last IOVA, inclusive
 * @phys: physical address of the first; 0 for a torn range
 * @leaves: which serve it
 * @leaf: size of the last of them
 * @write: the device may write
 * @mmio: it is no memory
 * @torn: no run: a range that could not be read, because it kept changing
 */
struct ivs_run {
	u64 iova;
	u64 last;
	u64 phys;
	u64 leaves[IVS_NR_LEAVES];
	enum ivs_leaf leaf;
	bool write;
	bool mmio;
	bool torn;
};

/**
 * struct ivs_runs - a visitor of walks that passes runs on
 * @visitor: give this to the walk
 * @alike: how many leaves of a stretch, from one on, are of the same kind as
 *	that one, at least 1; says which
 * @done: a run is complete; not 0 ends the walk
 * @short_runs: or NULL: @nr complete runs at once, each of 4K leaves and within
 *	one table without filling it. @all is the sum of them; its @phys means
 *	nothing. As @done
 * @by_leaf: a change of leaf size ends a run, too
 */
struct ivs_runs {
	struct ivs_visitor visitor;
	unsigned int (*alike)(const struct ivs_stretch *stretch,
			      unsigned int from, bool *mmio);
	int (*done)(struct ivs_runs *runs, const struct ivs_run *run);
	int (*short_runs)(struct ivs_runs *runs, const struct ivs_run *all,
			  u64 nr);
	bool by_leaf;
	/* private: */
	bool open;
	struct ivs_run run;
};

void ivs_runs_init(struct ivs_runs *runs);
int ivs_runs_end(struct ivs_runs *runs);

#endif /* IVS_RUN_H */
