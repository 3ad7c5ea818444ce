// SPDX-License-Identifier: GPL-2.0-only
/*
 * The runs of a table in ascending order, because judging one takes its
 * neighbours. Runs that follow each other in IOVA and are alike in all but the
 * physical address are an extent.
 *
 * A table can have millions: each is kept in 32 bytes and unpacked when it is
 * looked at. Addresses are those of pages, and the leaves fill the run, so that
 * how many are the smallest need not be kept.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/tree.h"
#include "runs.h"
#include "snapshot.h"

#define PAGE_SHIFT	12
#define PAGE_OFFSET	(leaf_size(LEAF_4K) - 1)

struct packed_run {
	uint64_t iova_page : 52;
	uint64_t write : 1;
	uint64_t mmio : 1;
	uint64_t torn : 1;
	uint64_t last_page;
	uint64_t phys_page;
	uint32_t leaves_2m;
	uint32_t leaves_1g;
};

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

static void run_check(const struct run *run, const char *iova)
{
	if ((run->iova | (run->last + 1) | run->phys) & PAGE_OFFSET)
		fail(EXIT_RUNTIME, "runs: broken at %s: not of whole pages",
		     iova);
	if (run->torn)
		return;
	if (run->leaves[LEAF_2M] > UINT32_MAX ||
	    run->leaves[LEAF_1G] > UINT32_MAX ||
	    run_used(run, LEAF_4K) != run_bytes(run))
		fail(EXIT_RUNTIME, "runs: broken at %s: leaves do not fill it",
		     iova);
}

static struct packed_run run_pack(const struct run *run)
{
	struct packed_run packed = {
		.iova_page = run->iova >> PAGE_SHIFT,
		.write = run->write,
		.mmio = run->mmio,
		.torn = run->torn,
		.last_page = run->last >> PAGE_SHIFT,
		.phys_page = run->phys >> PAGE_SHIFT,
	};

	if (!run->torn) {
		packed.leaves_2m = run->leaves[LEAF_2M];
		packed.leaves_1g = run->leaves[LEAF_1G];
	}
	return packed;
}

struct run run_at(const struct runs *runs, size_t nr)
{
	const struct packed_run *packed = &runs->packed[nr];
	struct run run = {
		.nr = nr,
		.iova = (uint64_t)packed->iova_page << PAGE_SHIFT,
		.last = packed->last_page << PAGE_SHIFT | PAGE_OFFSET,
		.phys = packed->phys_page << PAGE_SHIFT,
		.write = packed->write,
		.mmio = packed->mmio,
		.torn = packed->torn,
	};

	if (run.torn)
		return run;
	run.leaves[LEAF_2M] = packed->leaves_2m;
	run.leaves[LEAF_1G] = packed->leaves_1g;
	run.leaves[LEAF_4K] = (run_bytes(&run) - run_used(&run, LEAF_2M)) >>
			      PAGE_SHIFT;
	return run;
}

bool runs_phys(const struct runs *runs, uint64_t iova, uint64_t *phys)
{
	size_t low = 0, high = runs->nr;
	struct run run;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (run_at(runs, middle).last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == runs->nr)
		return false;
	run = run_at(runs, low);
	*phys = run.phys + iova - run.iova;
	return iova >= run.iova && !run.torn;
}

struct reading {
	struct runs *runs;
	size_t room;
};

static int run_take(const char *iova, struct json_object *record, void *data)
{
	struct reading *reading = data;
	struct runs *runs = reading->runs;
	struct run run = run_of(iova, record);

	json_object_put(record);
	run_check(&run, iova);
	if (runs->nr && run.iova <= run_at(runs, runs->nr - 1).last)
		fail(EXIT_RUNTIME, "runs: broken at %s: not ascending", iova);
	if (runs->nr == reading->room) {
		reading->room = reading->room ? 2 * reading->room : 1024;
		runs->packed = alloc_more(runs->packed, reading->room,
					  sizeof(*runs->packed));
	}
	runs->packed[runs->nr++] = run_pack(&run);
	return 0;
}

struct runs *runs_read(const char *debugfs, const char *device)
{
	static const char *const keys[] = {
		"last", "phys", "leaves_*", "write", "mmio", "torn", NULL
	};
	struct keyed_part part = { .keys = keys };
	struct reading reading = { .runs = alloc_zeroed(1, sizeof(struct runs)) };

	snapshot_each_run(debugfs, device, &part, run_take, &reading);
	return reading.runs;
}

struct trying {
	const char *debugfs;
	const char *device;
	struct runs *runs;
};

static void runs_try_to(void *data)
{
	struct trying *trying = data;

	trying->runs = runs_read(trying->debugfs, trying->device);
}

struct runs *runs_try(const char *debugfs, const char *device)
{
	struct trying trying = { .debugfs = debugfs, .device = device };

	if (fail_survive(runs_try_to, &trying))
		return trying.runs;
	/* What is there and cannot be read ends the program as ever. */
	return snapshot_lost_device(debugfs, device) ? NULL :
	       runs_read(debugfs, device);
}

static bool run_goes_on(const struct run *run, const struct run *next)
{
	return run->last + 1 == next->iova && run->write == next->write &&
	       run->mmio == next->mmio && !run->torn && !next->torn;
}

/* The last run of those without a gap between them. */
static size_t last_next_to(const struct runs *runs, size_t nr)
{
	while (nr + 1 < runs->nr &&
	       run_at(runs, nr).last + 1 == run_at(runs, nr + 1).iova)
		nr++;
	return nr;
}

/* The extent that begins with this run, which is behind @extent. */
static void extent_begin(const struct runs *runs, struct extent *extent,
			 size_t nr)
{
	bool is_next_to = nr && nr <= extent->last_next_to;
	struct run run = run_at(runs, nr), next;

	extent->iova = run.iova;
	extent->first_run = nr;
	if (!is_next_to) {
		extent->first_next_to = nr;
		extent->last_next_to = last_next_to(runs, nr);
	}
	while (++nr < runs->nr) {
		next = run_at(runs, nr);
		if (!run_goes_on(&run, &next))
			break;
		run = next;
	}
	extent->last = run.last;
	extent->last_run = nr - 1;
}

void extent_move(const struct runs *runs, struct extent *extent, size_t run)
{
	if (!extent->last)
		extent_begin(runs, extent, 0);
	while (extent->last_run < run)
		extent_begin(runs, extent, extent->last_run + 1);
}

void runs_free(struct runs *runs)
{
	free(runs->packed);
	free(runs);
}
