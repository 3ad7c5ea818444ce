// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - maximal runs out of a walk's stretches
 *
 * The walker hands over what it finds a table at a time. Here stretches that
 * touch in IOVA and in memory are joined, and cut where the kind changes: a run
 * is read-only or not, memory or MMIO. At most one run is held back, so that
 * memory is bounded and a reader can stop after any run and go on behind it.
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

static int flush(struct ivs_runs *runs)
{
	if (!runs->open)
		return 0;
	runs->open = false;
	return runs->done(runs, &runs->run);
}

static bool joins(const struct ivs_runs *runs, const struct ivs_run *piece)
{
	const struct ivs_run *run = &runs->run;

	return runs->open && run->last + 1 == piece->iova &&
	       run->phys + (piece->iova - run->iova) == piece->phys &&
	       run->write == piece->write && run->mmio == piece->mmio &&
	       (!runs->by_leaf || run->leaf == piece->leaf);
}

static int append(struct ivs_runs *runs, const struct ivs_run *piece)
{
	int ret;

	if (joins(runs, piece)) {
		runs->run.last = piece->last;
		runs->run.leaf = piece->leaf;
		runs->run.leaves[piece->leaf] += piece->leaves[piece->leaf];
		return 0;
	}
	ret = flush(runs);
	if (ret)
		return ret;
	runs->run = *piece;
	runs->open = true;
	return 0;
}

static int on_leaves(struct ivs_visitor *visitor,
		     const struct ivs_stretch *stretch)
{
	struct ivs_runs *runs = to_runs(visitor);
	unsigned int shift = ivs_leaf_shift(stretch->leaf);
	u64 done = 0, nr;
	int ret = 0;

	for (; !ret && done < stretch->nr; done += nr) {
		struct ivs_run piece = {
			.iova = stretch->iova + (done << shift),
			.phys = stretch->phys + (done << shift),
			.leaf = stretch->leaf,
			.write = stretch->write,
		};

		nr = runs->alike(piece.phys, stretch->nr - done, piece.leaf,
				 &piece.mmio);
		piece.last = piece.iova + (nr << shift) - 1;
		piece.leaves[piece.leaf] = nr;
		ret = append(runs, &piece);
	}
	return ret;
}

static int on_torn(struct ivs_visitor *visitor, u64 iova, u64 last)
{
	struct ivs_runs *runs = to_runs(visitor);
	const struct ivs_run torn = {
		.iova = iova,
		.last = last,
		.torn = true,
	};
	int ret = flush(runs);

	return ret ? ret : runs->done(runs, &torn);
}

/* ivs_runs_init - no run yet; the callbacks are the caller's to set */
void ivs_runs_init(struct ivs_runs *runs)
{
	runs->visitor.leaves = on_leaves;
	runs->visitor.torn = on_torn;
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
	return flush(runs);
}
