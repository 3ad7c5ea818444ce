// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of leaves: a leaf is possible where IOVA and physical address
 * have the same offset in it (are congruent) and all of it is in one run. And
 * the runs of a table as an array, because judging one takes its neighbours.
 */
#include <stdlib.h>

#include "fail.h"
#include "leaf.h"
#include "tree.h"

const char *const leaf_names[NR_LEAVES] = { "4K", "2M", "1G" };
const char *const leaf_words[NR_LEAVES] = { "4k", "2m", "1g" };

uint64_t leaf_size(enum leaf leaf)
{
	return 1ull << (12 + 9 * leaf);
}

/* The largest that is no larger. */
enum leaf leaf_within(uint64_t bytes)
{
	enum leaf leaf = LEAF_1G;

	while (leaf > LEAF_4K && leaf_size(leaf) > bytes)
		leaf--;
	return leaf;
}

uint64_t leaf_down(uint64_t addr, enum leaf leaf)
{
	return addr & ~(leaf_size(leaf) - 1);
}

uint64_t leaf_up(uint64_t addr, enum leaf leaf)
{
	return leaf_down(addr + leaf_size(leaf) - 1, leaf);
}

/* Bytes that can be in leaves of this size or larger. */
uint64_t leaf_possible(uint64_t iova, uint64_t phys, uint64_t bytes,
		       enum leaf leaf)
{
	uint64_t start = leaf_up(iova, leaf);
	uint64_t end = leaf_down(iova + bytes, leaf);

	if ((iova ^ phys) & (leaf_size(leaf) - 1) || end < start)
		return 0;
	return end - start;
}

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

static bool goes_on(const struct run *run, const struct run *next)
{
	return run->last + 1 == next->iova && run->write == next->write &&
	       run->mmio == next->mmio && !run->torn && !next->torn;
}

static void find_extents(struct runs *runs)
{
	struct extent *extent = NULL;

	for (size_t i = 0; i < runs->nr; i++) {
		struct run *run = &runs->run[i];

		if (!extent || !goes_on(run - 1, run)) {
			extent = &runs->extent[runs->nr_extents++];
			extent->iova = run->iova;
			extent->first_run = i;
		}
		extent->last = run->last;
		extent->last_run = i;
		run->extent = runs->nr_extents - 1;
	}
}

struct runs *runs_of(struct json_object *section)
{
	size_t nr = json_object_object_length(section);
	struct runs *runs = calloc(1, sizeof(*runs));

	if (!runs)
		fail(EXIT_RUNTIME, "out of memory");
	runs->run = calloc(nr + 1, sizeof(*runs->run));
	runs->extent = calloc(nr + 1, sizeof(*runs->extent));
	if (!runs->run || !runs->extent)
		fail(EXIT_RUNTIME, "out of memory");
	json_object_object_foreach(section, iova, record) {
		runs->run[runs->nr++] = run_of(iova, record);
		if (runs->nr > 1 && runs->run[runs->nr - 1].iova <=
				    runs->run[runs->nr - 2].last)
			fail(EXIT_RUNTIME, "runs: broken at %s: not ascending",
			     iova);
	}
	find_extents(runs);
	return runs;
}

void runs_free(struct runs *runs)
{
	free(runs->extent);
	free(runs->run);
	free(runs);
}
