// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a process had pinned more than once: for a container or an
 * iommufd context of each device, every one with a table of its own. What is
 * pinned now is held against the distinct page frames in its tables.
 */
#include <stdlib.h>

#include "cause.h"
#include "command.h"
#include "fail.h"
#include "human.h"
#include "leaf.h"
#include "snapshot.h"
#include "start.h"
#include "target.h"
#include "tree.h"

static int by_phys(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return (x->phys > y->phys) - (x->phys < y->phys);
}

struct pile {
	struct run *run;
	size_t nr;
};

static void add_table(const struct request *request, struct pile *pile,
		      const char *device)
{
	struct json_object *section = snapshot_runs(request->debugfs, device, 0,
						    SIZE_MAX);
	struct runs *runs = runs_of(tree_get(section, "runs"));

	pile->run = realloc(pile->run, (pile->nr + runs->nr + 1) *
			    sizeof(*pile->run));
	if (!pile->run)
		fail(EXIT_RUNTIME, "out of memory");
	for (size_t i = 0; i < runs->nr; i++)
		if (!runs->run[i].mmio && !runs->run[i].torn)
			pile->run[pile->nr++] = runs->run[i];
	runs_free(runs);
	json_object_put(section);
}

static uint64_t distinct(struct pile *pile)
{
	uint64_t bytes = 0, end = 0;

	qsort(pile->run, pile->nr, sizeof(*pile->run), by_phys);
	for (size_t i = 0; i < pile->nr; i++) {
		uint64_t from = pile->run[i].phys;
		uint64_t to = from + run_bytes(&pile->run[i]);

		from = from > end ? from : end;
		bytes += to > from ? to - from : 0;
		end = to > end ? to : end;
	}
	return bytes;
}

static uint64_t pinned_now(const struct start *start)
{
	uint64_t pinned = less(start_value(start, "pin_bytes"),
			       start_value(start, "pin_mmio_bytes"));

	return less(pinned, less(start_value(start, "unpin_bytes"),
				 start_value(start, "unpin_mmio_bytes")));
}

static uint64_t distinct_now(const struct request *request,
			     const struct start *start)
{
	struct json_object *target = tree_get(start->view, "target");
	struct json_object *tables = target_tables(start->snap, target);
	struct json_object *census = tree_get(start->snap, "census");
	struct pile pile = { 0 };
	uint64_t bytes;

	json_object_object_foreach(tables, table, device) {
		const char *name = json_object_get_string(device);

		(void)table;
		if (tree_get(tree_get(census, name), "table"))
			add_table(request, &pile, name);
	}
	bytes = distinct(&pile);
	free(pile.run);
	json_object_put(tables);
	return bytes;
}

/* The later pins of the same memory find it touched: their share of lookups. */
static void take_duplicates(struct start *start, uint64_t pinned,
			    uint64_t bytes)
{
	uint64_t lookup = start->base_lookup + start->huge_lookup;
	uint64_t percent = pinned * 100 / bytes;
	struct json_object *found;

	found = start_add(start, CAUSE_DUPLICATE_PINS,
			  lookup - lookup * 100 / percent);
	start->base_lookup = start->base_lookup * 100 / percent;
	start->huge_lookup = start->huge_lookup * 100 / percent;
	if (!found)
		return;
	tree_add_u64(found, "factor_percent", percent);
	tree_add_u64(found, "pinned_bytes", pinned);
	tree_add_u64(found, "distinct_bytes", bytes);
	cause_says(found, "the same memory was pinned %s times",
		   human_ratio(pinned, bytes, "").s);
	cause_evidence(found, "%s are pinned, but the tables hold %s of distinct memory",
		       human_bytes(pinned).s, human_bytes(bytes).s);
}

void duplicates_judge(struct start *start, const struct request *request)
{
	uint64_t pinned = pinned_now(start), bytes;

	if (!pinned || pinned > UINT64_MAX / 100)
		return;
	if (request->from_file) {
		missing_add(start->view, "whether memory was pinned twice: a recording has no runs");
		return;
	}
	if (!tree_get(start->snap, "census")) {
		missing_add(start->view, "whether memory was pinned twice: this module has no census");
		return;
	}
	bytes = distinct_now(request, start);
	if (bytes && pinned / 3 * 2 >= bytes)
		take_duplicates(start, pinned, bytes);
}
