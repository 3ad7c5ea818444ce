// SPDX-License-Identifier: GPL-2.0-only
/*
 * census.c - count what is in one page table
 *
 * Model. One walk; runs as they come (run.c); sums. For each run the leaves
 * that serve it are held against those it would need at least, given how its
 * addresses lie and what the unit can do: the same arithmetic that tells what a
 * driver must have chosen (leaf.c), applied to the whole run instead of to each
 * map call. The difference is contiguity that was there and was not used.
 *
 * No locking; may sleep. Memory: the walk's, whatever the size of the table.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "census.h"
#include "phys.h"
#include "run.h"

/* A census being taken, while the table is walked. */
struct census_walk {
	struct ivs_runs runs;
	const struct ivs_context *context;
	struct ivs_census *census;
	/* What the runs need: with all leaf sizes of the unit, and up to 2M. */
	struct ivs_tables tables;
	struct ivs_tables tables_2m;
};

/**
 * ivs_census_best - add the fewest leaves that can map a run
 * @pgsizes: leaf sizes that can be had
 * @iova: first IOVA of the run
 * @phys: its physical address
 * @bytes: its length
 * @levels: depth of the table
 * @leaves: where to add the leaves
 * @tables: where to add the tables, or NULL; runs must come in ascending order
 */
void ivs_census_best(u64 pgsizes, u64 iova, u64 phys, u64 bytes,
		     unsigned int levels, u64 leaves[IVS_NR_LEAVES],
		     struct ivs_tables *tables)
{
	struct ivs_span spans[IVS_MAX_SPANS];
	unsigned int nr, i;

	nr = ivs_leaf_split(pgsizes, iova, phys, bytes, spans);
	for (i = 0; i < nr; i++) {
		leaves[spans[i].leaf] += ivs_span_leaves(&spans[i]);
		if (tables)
			ivs_tables_add(tables, &spans[i], levels);
	}
}

static void census_add_leaves(struct ivs_census *census,
			      const struct ivs_run *run)
{
	u64 bytes = run->last - run->iova + 1;
	enum ivs_leaf leaf;

	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++)
		census->leaves[leaf] += run->leaves[leaf];
	if (!run->write)
		census->ro_bytes += bytes;
	if (run->mmio)
		census->mmio_bytes += bytes;
}

static int census_add_run(struct ivs_runs *runs, const struct ivs_run *run)
{
	struct census_walk *t = container_of(runs, struct census_walk, runs);
	u64 bytes = run->last - run->iova + 1, up_to_2m[IVS_NR_LEAVES] = { };

	if (run->torn)
		return 0;
	t->census->runs++;
	census_add_leaves(t->census, run);
	ivs_census_best(t->context->pgsizes, run->iova, run->phys, bytes,
			t->context->levels, t->census->best_leaves, &t->tables);
	ivs_census_best(t->context->pgsizes & ~ivs_leaf_bytes(IVS_LEAF_1G),
			run->iova, run->phys, bytes, t->context->levels,
			up_to_2m, &t->tables_2m);
	return 0;
}

/* Runs too short for a larger leaf: 4K leaves are the best they can have. */
static int census_add_short(struct ivs_runs *runs, const struct ivs_run *all,
			    u64 nr)
{
	struct census_walk *t = container_of(runs, struct census_walk, runs);
	const struct ivs_span span = {
		.start = all->iova,
		.last = all->last,
		.leaf = IVS_LEAF_4K,
	};

	t->census->runs += nr;
	census_add_leaves(t->census, all);
	t->census->best_leaves[IVS_LEAF_4K] += all->leaves[IVS_LEAF_4K];
	ivs_tables_add(&t->tables, &span, t->context->levels);
	ivs_tables_add(&t->tables_2m, &span, t->context->levels);
	return 0;
}

/**
 * ivs_census_take - count what is in a table
 * @context: whose
 * @walk: room for the walk
 * @census: the result; all zero when there is no table
 *
 * Context: may sleep.
 * Return: 0, or -EINTR.
 */
int ivs_census_take(const struct ivs_context *context, struct ivs_walk *walk,
		    struct ivs_census *census)
{
	struct census_walk t = {
		.runs = {
			.alike = ivs_phys_alike,
			.done = census_add_run,
			.short_runs = census_add_short,
		},
		.context = context,
		.census = census,
	};
	int ret;

	memset(census, 0, sizeof(*census));
	ivs_runs_init(&t.runs);
	ret = ivs_context_walk(context, walk, &t.runs.visitor, 0);
	if (!ret)
		ret = ivs_runs_end(&t.runs);
	if (ret == -EINTR)
		return ret;
	census->error = ret;
	census->tables = walk->tables;
	census->empty_tables = walk->empty_tables;
	census->garbage = walk->garbage;
	census->torn = walk->torn;
	if (walk->tables) {
		census->best_tables = t.tables.nr + 1;
		census->at_2m_tables = t.tables_2m.nr + 1;
	}
	return 0;
}
