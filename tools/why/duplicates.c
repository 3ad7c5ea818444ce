// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a process had pinned more than once: for a container or an
 * iommufd context of each device, every one with a table of its own. What is
 * pinned now is held against the distinct page frames in its tables.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/human.h"
#include "base/tree.h"
#include "cause.h"
#include "duplicates.h"
#include "finding.h"
#include "read/runs.h"
#include "spent.h"
#include "target.h"

/* Contiguous physical memory. */
struct span {
	uint64_t phys;
	uint64_t bytes;
};

static int by_phys(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->phys > y->phys) - (x->phys < y->phys);
}

/* That of the runs of all tables of a process. */
struct pile {
	struct span *span;
	size_t nr;
	/* A device has gone, and with it some of them. */
	bool lost;
};

static void pile_add(struct pile *pile, const char *debugfs,
		     const char *device)
{
	struct runs *runs = runs_try(debugfs, device);

	if (!runs) {
		pile->lost = true;
		return;
	}
	pile->span = alloc_more(pile->span, pile->nr + runs->nr,
				sizeof(*pile->span));
	for (size_t i = 0; i < runs->nr; i++) {
		struct run run = run_at(runs, i);

		if (!run.mmio && !run.torn)
			pile->span[pile->nr++] = (struct span){
				run.phys, run_bytes(&run)
			};
	}
	runs_free(runs);
}

static uint64_t pile_distinct(struct pile *pile)
{
	uint64_t bytes = 0, end = 0;

	qsort(pile->span, pile->nr, sizeof(*pile->span), by_phys);
	for (size_t i = 0; i < pile->nr; i++) {
		uint64_t from = pile->span[i].phys;
		uint64_t to = from + pile->span[i].bytes;

		from = from > end ? from : end;
		bytes += to > from ? to - from : 0;
		end = to > end ? to : end;
	}
	return bytes;
}

uint64_t duplicates_pinned(struct json_object *process)
{
	uint64_t pinned = without(tree_u64_or_0(process, "pin_bytes"),
				  tree_u64_or_0(process, "pin_mmio_bytes"));
	uint64_t gone = without(tree_u64_or_0(process, "unpin_bytes"),
				tree_u64_or_0(process, "unpin_mmio_bytes"));

	return without(pinned, gone);
}

uint64_t duplicates_distinct(struct json_object *snap,
			     struct json_object *target, const char *debugfs)
{
	struct json_object *tables = target_tables(snap, target);
	struct json_object *census = tree_get(snap, "census");
	struct pile pile = { 0 };
	uint64_t bytes;

	tree_foreach(tables, table, device) {
		const char *name = json_object_get_string(device);

		(void)table;
		if (tree_get(tree_get(census, name), "table"))
			pile_add(&pile, debugfs, name);
	}
	bytes = pile.nr && !pile.lost ? pile_distinct(&pile) : 0;
	free(pile.span);
	json_object_put(tables);
	return bytes;
}

/* The later pins of the same memory find it touched: their share of lookups. */
static struct json_object *take_duplicates(struct spent *spent,
					   uint64_t pinned, uint64_t bytes)
{
	uint64_t lookup = spent->base_lookup_ns + spent->huge_lookup_ns;
	uint64_t percent = pinned * 100 / bytes;
	struct json_object *found;

	found = cause_of_time(CAUSE_DUPLICATE_PINS,
			      lookup - lookup * 100 / percent, spent->total_ns);
	spent->base_lookup_ns = spent->base_lookup_ns * 100 / percent;
	spent->huge_lookup_ns = spent->huge_lookup_ns * 100 / percent;
	if (!found)
		return NULL;
	tree_add_u64(found, "factor_percent", percent);
	tree_add_u64(found, "pinned_bytes", pinned);
	tree_add_u64(found, "distinct_bytes", bytes);
	cause_says(found, "the same memory was pinned %s times",
		   human_ratio(pinned, bytes, "").s);
	cause_evidence(found, "%s are pinned, but the tables hold %s of distinct memory",
		       human_bytes(pinned).s, human_bytes(bytes).s);
	return found;
}

struct json_object *duplicates_judge(struct spent *spent,
				     const struct findings *findings,
				     struct json_object *snap,
				     struct json_object *target,
				     const char *debugfs)
{
	uint64_t pinned = duplicates_pinned(spent->record), bytes;

	if (!pinned || pinned > UINT64_MAX / 100)
		return NULL;
	if (spent->recorded) {
		findings_miss(findings, "whether memory was pinned twice: a recording has no runs");
		return NULL;
	}
	if (!tree_get(snap, "census")) {
		findings_miss(findings, "whether memory was pinned twice: this module has no census");
		return NULL;
	}
	bytes = duplicates_distinct(snap, target, debugfs);
	if (!bytes || pinned / 3 * 2 < bytes)
		return NULL;
	return take_duplicates(spent, pinned, bytes);
}
