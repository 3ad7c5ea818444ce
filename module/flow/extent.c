// SPDX-License-Identifier: GPL-2.0-only
/*
 * extent.c - what a domain holds, kept from the maps and unmaps that are seen
 *
 * Why it exists. The leaves that an unmap removes cannot be told from its
 * arguments: VFIO unmaps physically contiguous runs that may join several maps,
 * and a driver may remove more or less than it was asked to. So the leaves are
 * remembered from the moment they are written.
 *
 * Model. A set of disjoint ranges, each made of leaves of one size; neighbours
 * of one size are one extent, so a terabyte of 4K leaves costs one node and the
 * number of nodes is the number of times the leaf size changes along the IOVA
 * axis. Adding a span next to its like takes no node at all, which is what a
 * client that maps upwards does all the time.
 *
 * Why a treap. An unmap may remove half a million extents at once, in a probe
 * handler and with interrupts off. So it must not look at each: a treap (a
 * binary tree that random ranks keep balanced) is cut in two along one path
 * from the root, and every node knows the sum of what is below it, so that the
 * part that goes is counted by looking at its root and goes back to its pool in
 * one piece. All work is bounded by the depth of the tree, some fifty nodes for
 * half a million, as long as nobody who maps can guess the ranks.
 *
 * Locking: the caller's (the domain's raw spinlock). Nothing here sleeps or
 * allocates; nodes come from the reserve of a pool, which may run dry; that is
 * reported, never hidden. Plain code without kernel state, so that the
 * host tests run the very same lines.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../base/pool.h"
#include "extent.h"

/**
 * ivs_extents_init - make an empty set
 * @set: the set
 * @pool: of objects of struct ivs_extent
 * @secret: any number that those who map do not know
 */
void ivs_extents_init(struct ivs_extents *set, struct ivs_pool *pool,
		      u64 secret)
{
	memset(set, 0, sizeof(*set));
	set->pool = pool;
	set->secret = secret;
}

/* ---- sums ---- */

static void sum_add(struct ivs_extent_sum *sum,
		    const struct ivs_extent_sum *more)
{
	enum ivs_leaf leaf;

	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++)
		sum->leaves[leaf] += more->leaves[leaf];
	sum->nr += more->nr;
}

static void sum_sub(struct ivs_extent_sum *sum,
		    const struct ivs_extent_sum *less)
{
	enum ivs_leaf leaf;

	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++)
		sum->leaves[leaf] -= less->leaves[leaf];
	sum->nr -= less->nr;
}

static struct ivs_extent_sum sum_of(const struct ivs_extent *tree)
{
	return tree ? tree->sum : (struct ivs_extent_sum){ };
}

/* A tree without what is below one side of its root. */
static struct ivs_extent_sum sum_without(const struct ivs_extent *tree,
					 const struct ivs_extent *side)
{
	struct ivs_extent_sum sum = tree->sum;

	if (side)
		sum_sub(&sum, &side->sum);
	return sum;
}

/* What of a tree begins before @start. */
static struct ivs_extent_sum sum_before(const struct ivs_extent *tree,
					u64 start)
{
	struct ivs_extent_sum sum = { }, more;

	while (tree) {
		if (tree->span.start < start) {
			more = sum_without(tree, tree->right);
			sum_add(&sum, &more);
			tree = tree->right;
		} else {
			tree = tree->left;
		}
	}
	return sum;
}

/* ---- the tree ---- */

static struct ivs_extent *tree_first(struct ivs_extent *tree)
{
	while (tree && tree->left)
		tree = tree->left;
	return tree;
}

static struct ivs_extent *tree_last(struct ivs_extent *tree)
{
	while (tree && tree->right)
		tree = tree->right;
	return tree;
}

/*
 * Cut a tree into what begins before @start, and the rest. What each half holds
 * altogether is known beforehand; what is still to come of it is the sum of the
 * next node that goes into it.
 */
static void tree_split(struct ivs_extent *tree, u64 start,
		       struct ivs_extent **before, struct ivs_extent **rest)
{
	struct ivs_extent_sum low = sum_before(tree, start);
	struct ivs_extent_sum high = sum_of(tree), here;

	sum_sub(&high, &low);
	while (tree) {
		struct ivs_extent *node = tree;

		if (node->span.start < start) {
			tree = node->right;
			here = sum_without(node, tree);
			node->sum = low;
			sum_sub(&low, &here);
			*before = node;
			before = &node->right;
		} else {
			tree = node->left;
			here = sum_without(node, tree);
			node->sum = high;
			sum_sub(&high, &here);
			*rest = node;
			rest = &node->left;
		}
	}
	*before = NULL;
	*rest = NULL;
}

/* Make one tree of two; all of @a is before all of @b. */
static struct ivs_extent *tree_join(struct ivs_extent *a, struct ivs_extent *b)
{
	struct ivs_extent *tree, **link = &tree;

	while (a && b) {
		struct ivs_extent_sum both = a->sum;

		sum_add(&both, &b->sum);
		if (a->rank > b->rank) {
			a->sum = both;
			*link = a;
			link = &a->right;
			a = a->right;
		} else {
			b->sum = both;
			*link = b;
			link = &b->left;
			b = b->left;
		}
	}
	*link = a ? a : b;
	return tree;
}

/* ---- the set ---- */

/**
 * ivs_extents_at - the extent that holds an IOVA, or the first one after it
 * @set: the set
 * @iova: where to look, in bytes
 *
 * Context: any, @set locked.
 * Return: the extent, NULL when there is none at or after @iova.
 */
struct ivs_extent *ivs_extents_at(const struct ivs_extents *set, u64 iova)
{
	struct ivs_extent *extent = set->root, *best = NULL;

	while (extent) {
		if (iova <= extent->span.last) {
			best = extent;
			extent = extent->left;
		} else {
			extent = extent->right;
		}
	}
	return best;
}

/* splitmix64; that two sets have the same ranks does no harm. */
static u64 extents_next_rank(struct ivs_extents *set)
{
	u64 rank = set->secret += 0x9e3779b97f4a7c15ULL;

	rank = (rank ^ (rank >> 30)) * 0xbf58476d1ce4e5b9ULL;
	rank = (rank ^ (rank >> 27)) * 0x94d049bb133111ebULL;
	return rank ^ (rank >> 31);
}

static void extents_insert(struct ivs_extents *set, struct ivs_extent *new,
			   const struct ivs_span *span)
{
	struct ivs_extent *before, *rest, *previous;

	*new = (struct ivs_extent){
		.rank = extents_next_rank(set),
		.span = *span,
		.sum.nr = 1,
	};
	new->sum.leaves[span->leaf] = ivs_span_leaves(span);

	tree_split(set->root, span->start, &before, &rest);
	new->next = tree_first(rest);
	previous = tree_last(before);
	if (previous)
		previous->next = new;
	set->root = tree_join(tree_join(before, new), rest);
}

/* Take out what begins in [start, last]. */
static struct ivs_extent *extents_take(struct ivs_extents *set, u64 start,
				       u64 last)
{
	struct ivs_extent *before, *taken, *rest = NULL, *end;

	tree_split(set->root, start, &before, &taken);
	if (last < U64_MAX)
		tree_split(taken, last + 1, &taken, &rest);
	end = tree_last(before);
	if (end)
		end->next = tree_first(rest);
	set->root = tree_join(before, rest);
	return taken;
}

static void extents_put(struct ivs_extents *set, struct ivs_extent *tree)
{
	if (tree)
		ivs_pool_put_chain(set->pool, tree_first(tree), tree_last(tree),
				   tree->sum.nr);
}

/* An extent holds @more leaves from now on, or less where that is negative. */
static void extents_change(struct ivs_extents *set, struct ivs_extent *extent,
			   u64 more)
{
	struct ivs_extent *node = set->root;

	while (node != extent) {
		node->sum.leaves[extent->span.leaf] += more;
		node = extent->span.start < node->span.start ? node->left :
							       node->right;
	}
	node->sum.leaves[extent->span.leaf] += more;
}

static bool span_joins(const struct ivs_span *left,
		       const struct ivs_span *right)
{
	return left->leaf == right->leaf && left->last + 1 == right->start;
}

static void extents_grow_right(struct ivs_extents *set, struct ivs_extent *left,
			       const struct ivs_span *span,
			       struct ivs_extent *right)
{
	struct ivs_span more = *span;

	if (right && span_joins(span, &right->span)) {
		more.last = right->span.last;
		extents_put(set, extents_take(set, right->span.start,
					      right->span.start));
	}
	extents_change(set, left, ivs_span_leaves(&more));
	left->span.last = more.last;
}

/**
 * ivs_extents_add - remember a span of new leaves
 * @set: the set
 * @span: the leaves; must not overlap what @set holds (remove that first)
 *
 * Context: any, @set locked; takes a node at most once.
 * Return: 0, or -ENOMEM when the reserve is dry: nothing was remembered.
 */
int ivs_extents_add(struct ivs_extents *set, const struct ivs_span *span)
{
	struct ivs_extent *left = NULL, *right, *new;

	right = ivs_extents_at(set, span->last);
	if (span->start)
		left = ivs_extents_at(set, span->start - 1);

	if (left && span_joins(&left->span, span)) {
		extents_grow_right(set, left, span, right);
	} else if (right && span_joins(span, &right->span)) {
		extents_change(set, right, ivs_span_leaves(span));
		right->span.start = span->start;
	} else {
		new = ivs_pool_get(set->pool);
		if (!new)
			return -ENOMEM;
		extents_insert(set, new, span);
	}
	return 0;
}

/* ---- removing ---- */

static bool extent_overlaps(const struct ivs_extent *extent, u64 start,
			    u64 last)
{
	return extent && extent->span.start <= last &&
	       extent->span.last >= start;
}

/* Take leaves off the end of an extent, or off its beginning. */
static void extents_trim(struct ivs_extents *set, struct ivs_extent *extent,
			 const struct ivs_span *gone,
			 struct ivs_removed *removed)
{
	u64 nr = ivs_span_leaves(gone);

	extents_change(set, extent, -nr);
	if (gone->last == extent->span.last)
		extent->span.last = gone->start - 1;
	else
		extent->span.start = gone->last + 1;
	removed->leaves[gone->leaf] += nr;
}

/* Take leaves out of the middle of an extent: it becomes two. */
static void extents_cut(struct ivs_extents *set, struct ivs_extent *extent,
			const struct ivs_span *gone,
			struct ivs_removed *removed)
{
	struct ivs_span tail = extent->span, rest = extent->span;
	struct ivs_extent *new = ivs_pool_get(set->pool);

	tail.start = gone->last + 1;
	rest.start = gone->start;
	extents_change(set, extent, -ivs_span_leaves(&rest));
	extent->span.last = gone->start - 1;
	if (new)
		extents_insert(set, new, &tail);
	else
		removed->lost = true;
	removed->leaves[gone->leaf] += ivs_span_leaves(gone);
}

/* What is in part inside [start, last], which is of whole leaves. */
static void extents_cut_ends(struct ivs_extents *set, u64 start, u64 last,
			     struct ivs_removed *removed)
{
	struct ivs_extent *first = ivs_extents_at(set, start);
	struct ivs_extent *end = ivs_extents_at(set, last);
	struct ivs_span gone;

	if (extent_overlaps(first, start, last) && first->span.start < start) {
		gone = first->span;
		gone.start = start;
		gone.last = min(last, gone.last);
		if (gone.last < first->span.last) {
			extents_cut(set, first, &gone, removed);
			return;
		}
		extents_trim(set, first, &gone, removed);
	}
	if (extent_overlaps(end, start, last) && end->span.last > last) {
		gone = end->span;
		gone.last = last;
		extents_trim(set, end, &gone, removed);
	}
}

/* Widen a range to whole leaves, where it begins or ends inside one. */
static bool extents_whole_leaves(const struct ivs_extents *set, u64 *start,
				 u64 *last)
{
	const struct ivs_extent *first = ivs_extents_at(set, *start);
	const struct ivs_extent *end = ivs_extents_at(set, *last);
	u64 lo = *start, hi = *last;
	bool split;

	if (extent_overlaps(first, lo, lo))
		lo &= ~(ivs_leaf_bytes(first->span.leaf) - 1);
	if (extent_overlaps(end, hi, hi))
		hi |= ivs_leaf_bytes(end->span.leaf) - 1;
	split = lo != *start || hi != *last;
	*start = lo;
	*last = hi;
	return split;
}

/**
 * ivs_extents_remove - forget the leaves of a range
 * @set: the set
 * @start: first IOVA, in bytes
 * @last: last IOVA, in bytes, inclusive
 * @removed: what was there
 *
 * Parts of the range that the set does not hold are passed over:
 * @removed->known_bytes tells how much was really there.
 *
 * Context: any, @set locked; takes a node at most once. How long it takes does
 * not depend on how much there is in the range.
 */
void ivs_extents_remove(struct ivs_extents *set, u64 start, u64 last,
			struct ivs_removed *removed)
{
	struct ivs_extent *taken;
	enum ivs_leaf leaf;

	memset(removed, 0, sizeof(*removed));
	/* So it is with nearly every map. */
	if (!extent_overlaps(ivs_extents_at(set, start), start, last))
		return;
	removed->split = extents_whole_leaves(set, &start, &last);
	extents_cut_ends(set, start, last, removed);
	taken = extents_take(set, start, last);
	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++) {
		if (taken)
			removed->leaves[leaf] += taken->sum.leaves[leaf];
		removed->known_bytes += removed->leaves[leaf]
					<< ivs_leaf_shift(leaf);
	}
	extents_put(set, taken);
}

/**
 * ivs_extents_leaves - how many leaves a set holds
 * @set: the set
 * @leaves: of each size
 *
 * Context: any, @set locked.
 */
void ivs_extents_leaves(const struct ivs_extents *set,
			u64 leaves[IVS_NR_LEAVES])
{
	const struct ivs_extent_sum sum = sum_of(set->root);

	memcpy(leaves, sum.leaves, sizeof(sum.leaves));
}
