// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - maximal runs out of a walk's stretches
 *
 * The walker hands over what it finds a table at a time, wherever in memory it
 * is. Here stretches are cut where that does not go on, or where the kind
 * changes: a run is read-only or not, memory or MMIO; and what touches across
 * tables is joined. At most one run is held back, so that memory is bounded and
 * a reader can stop after any run and go on behind it.
 *
 * No locking, no kernel state.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "run.h"

static struct ivs_runs *to_runs(struct ivs_visitor *visitor)
{
	return container_of(visitor, struct ivs_runs, visitor);
}

static int runs_flush(struct ivs_runs *runs)
{
	if (!runs->open)
		return 0;
	runs->open = false;
	return runs->done(runs, &runs->run);
}

static bool runs_joins(const struct ivs_runs *runs, const struct ivs_run *piece)
{
	const struct ivs_run *run = &runs->run;

	return runs->open && run->last + 1 == piece->iova &&
	       run->phys + (piece->iova - run->iova) == piece->phys &&
	       run->write == piece->write && run->mmio == piece->mmio &&
	       (!runs->by_leaf || run->leaf == piece->leaf);
}

static int runs_append(struct ivs_runs *runs, const struct ivs_run *piece)
{
	int ret;

	if (runs_joins(runs, piece)) {
		runs->run.last = piece->last;
		runs->run.leaf = piece->leaf;
		runs->run.leaves[piece->leaf] += piece->leaves[piece->leaf];
		return 0;
	}
	ret = runs_flush(runs);
	if (ret)
		return ret;
	runs->run = *piece;
	runs->open = true;
	return 0;
}

/* Leaves of one kind: [from, end) of a stretch. */
struct cut {
	const struct ivs_stretch *stretch;
	unsigned int from;
	unsigned int end;
	bool mmio;
};

/* How many, from @cut->from on, follow each other in memory. */
static unsigned int cut_joined(const struct cut *cut)
{
	u64 step = ivs_leaf_bytes(cut->stretch->leaf);
	u64 expect = ivs_stretch_phys(cut->stretch, cut->from) + step;
	unsigned int i = cut->from + 1;

	for (; i < cut->end && ivs_stretch_phys(cut->stretch, i) == expect; i++)
		expect += step;
	return i - cut->from;
}

/* Where the last run begins: it may go on in the next table. */
static unsigned int cut_last_run(const struct cut *cut)
{
	u64 step = ivs_leaf_bytes(cut->stretch->leaf);
	unsigned int i = cut->end - 1;

	while (i > cut->from && ivs_stretch_phys(cut->stretch, i - 1) + step ==
				ivs_stretch_phys(cut->stretch, i))
		i--;
	return i;
}

/* How many runs [from, end) is made of. */
static unsigned int cut_count_runs(const struct cut *cut, unsigned int end)
{
	const u64 *entry = &cut->stretch->entries[cut->from];
	const u64 *last = &cut->stretch->entries[end];
	u64 step = ivs_leaf_bytes(cut->stretch->leaf);
	u64 address = cut->stretch->address;
	u64 expect = ~0ULL;
	unsigned int nr = 0;

	for (; entry < last; entry++) {
		nr += (*entry & address) != expect;
		expect = (*entry & address) + step;
	}
	return nr;
}

/* The first @nr leaves as one run, and the rest. */
static struct ivs_run cut_take(struct cut *cut, unsigned int nr)
{
	const struct ivs_stretch *stretch = cut->stretch;
	unsigned int shift = ivs_leaf_shift(stretch->leaf);
	struct ivs_run run = {
		.iova = stretch->iova + ((u64)cut->from << shift),
		.phys = ivs_stretch_phys(stretch, cut->from),
		.leaf = stretch->leaf,
		.write = stretch->write,
		.mmio = cut->mmio,
	};

	run.last = run.iova + ((u64)nr << shift) - 1;
	run.leaves[run.leaf] = nr;
	cut->from += nr;
	return run;
}

/*
 * What may go on from an earlier run has been taken, and what may go on into
 * the next table is left. What is between is complete, and short: less than a
 * table. Where each page is a run of its own this is nearly all there is.
 */
static int runs_pass_short(struct ivs_runs *runs, struct cut *cut)
{
	unsigned int last = cut_last_run(cut), nr;
	struct ivs_run all;
	int ret;

	if (!runs->short_runs || cut->stretch->leaf != IVS_LEAF_4K ||
	    last == cut->from)
		return 0;
	ret = runs_flush(runs);
	if (ret)
		return ret;
	nr = cut_count_runs(cut, last);
	all = cut_take(cut, last - cut->from);
	return runs->short_runs(runs, &all, nr);
}

static int runs_add_cut(struct ivs_runs *runs, struct cut *cut)
{
	struct ivs_run piece = cut_take(cut, cut_joined(cut));
	int ret = runs_append(runs, &piece);

	if (!ret && cut->from < cut->end)
		ret = runs_pass_short(runs, cut);
	while (!ret && cut->from < cut->end) {
		piece = cut_take(cut, cut_joined(cut));
		ret = runs_append(runs, &piece);
	}
	return ret;
}

static int runs_leaves(struct ivs_visitor *visitor,
		       const struct ivs_stretch *stretch)
{
	struct ivs_runs *runs = to_runs(visitor);
	struct cut cut = { .stretch = stretch };
	int ret = 0;

	while (!ret && cut.from < stretch->nr) {
		cut.end = cut.from +
			  runs->alike(stretch, cut.from, &cut.mmio);
		ret = runs_add_cut(runs, &cut);
	}
	return ret;
}

static int runs_torn(struct ivs_visitor *visitor, u64 iova, u64 last)
{
	struct ivs_runs *runs = to_runs(visitor);
	const struct ivs_run torn = {
		.iova = iova,
		.last = last,
		.torn = true,
	};
	int ret = runs_flush(runs);

	return ret ? ret : runs->done(runs, &torn);
}

/* ivs_runs_init - no run yet; the callbacks are the caller's to set */
void ivs_runs_init(struct ivs_runs *runs)
{
	runs->visitor.leaves = runs_leaves;
	runs->visitor.torn = runs_torn;
	runs->open = false;
}

/**
 * ivs_runs_end - pass on the run that was held back
 * @runs: the runs of a walk that returned 0
 *
 * Return: what @done returned, 0 when there was none.
 */
int ivs_runs_end(struct ivs_runs *runs)
{
	return runs_flush(runs);
}
