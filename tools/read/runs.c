// SPDX-License-Identifier: GPL-2.0-only
/*
 * The runs of a table as an array in ascending order, because judging one takes
 * its neighbours. Runs that follow each other in IOVA and are alike in all but
 * the physical address are an extent.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/tree.h"
#include "runs.h"

uint64_t run_bytes(const struct run *run)
{
	return run->last - run->iova + 1;
}

/* Bytes that are in leaves of this size or larger. */
uint64_t run_used(const struct run *run, enum leaf leaf)
{
	uint64_t bytes = 0;

	for (; leaf < NR_LEAVES; leaf++)
		bytes += run->leaves[leaf] * leaf_size(leaf);
	return bytes;
}

static struct run run_of(const char *iova, struct json_object *record)
{
	struct run run = { .iova = strtoull(iova, NULL, 0) };

	if (!tree_u64(record, "last", &run.last) || run.last < run.iova ||
	    !tree_u64(record, "phys", &run.phys))
		fail(EXIT_RUNTIME, "runs: broken at %s: no last or phys", iova);
	run.leaves[LEAF_4K] = tree_u64_or_0(record, "leaves_4k");
	run.leaves[LEAF_2M] = tree_u64_or_0(record, "leaves_2m");
	run.leaves[LEAF_1G] = tree_u64_or_0(record, "leaves_1g");
	run.write = tree_u64_or_0(record, "write");
	run.mmio = tree_u64_or_0(record, "mmio");
	run.torn = tree_u64_or_0(record, "torn");
	return run;
}

static bool run_goes_on(const struct run *run, const struct run *next)
{
	return run->last + 1 == next->iova && run->write == next->write &&
	       run->mmio == next->mmio && !run->torn && !next->torn;
}

static void runs_find_extents(struct runs *runs)
{
	struct extent *extent = NULL;

	for (size_t i = 0; i < runs->nr; i++) {
		struct run *run = &runs->run[i];

		if (!extent || !run_goes_on(run - 1, run)) {
			extent = &runs->extent[runs->nr_extents++];
			extent->iova = run->iova;
			extent->first_run = i;
		}
		extent->last = run->last;
		extent->last_run = i;
		run->extent = runs->nr_extents - 1;
	}
}

static void runs_find_gaps(struct runs *runs)
{
	struct extent *all = runs->extent;
	size_t nr = runs->nr_extents, i;

	for (i = 1; i < nr; i++)
		all[i].first_next_to = all[i - 1].last + 1 == all[i].iova ?
				       all[i - 1].first_next_to : i;
	for (i = nr; i-- > 0;)
		all[i].last_next_to = i + 1 < nr &&
				      all[i].last + 1 == all[i + 1].iova ?
				      all[i + 1].last_next_to : i;
}

struct runs *runs_of(struct json_object *section)
{
	size_t nr = json_object_object_length(section);
	struct runs *runs = alloc_zeroed(1, sizeof(*runs));

	runs->run = alloc_zeroed(nr, sizeof(*runs->run));
	runs->extent = alloc_zeroed(nr, sizeof(*runs->extent));
	json_object_object_foreach(section, iova, record) {
		runs->run[runs->nr++] = run_of(iova, record);
		if (runs->nr > 1 && runs->run[runs->nr - 1].iova <=
				    runs->run[runs->nr - 2].last)
			fail(EXIT_RUNTIME, "runs: broken at %s: not ascending",
			     iova);
	}
	runs_find_extents(runs);
	runs_find_gaps(runs);
	return runs;
}

void runs_free(struct runs *runs)
{
	free(runs->extent);
	free(runs->run);
	free(runs);
}
