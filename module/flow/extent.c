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

static struct ivs_extent *to_extent(struct rb_node *node)
{
	return node ? rb_entry(node, struct ivs_extent, node) : NULL;
}

static struct ivs_extent *extent_next(struct ivs_extent *extent)
{
	return to_extent(rb_next(&extent->node));
}

/**
 * ivs_extents_init - make an empty set
 * @set: the set
 * @pool: of objects of struct ivs_extent
 */
void ivs_extents_init(struct ivs_extents *set, struct ivs_pool *pool)
{
	memset(set, 0, sizeof(*set));
	set->pool = pool;
}

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
	struct rb_node *node = set->root.rb_node;
	struct ivs_extent *best = NULL;

	while (node) {
		struct ivs_extent *extent = to_extent(node);

		if (iova <= extent->span.last) {
			best = extent;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

static void extent_insert(struct ivs_extents *set, struct ivs_extent *new)
{
	struct rb_node **link = &set->root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (new->span.start < to_extent(parent)->span.start)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&new->node, parent, link);
	rb_insert_color(&new->node, &set->root);
}

static void extent_drop(struct ivs_extents *set, struct ivs_extent *extent)
{
	rb_erase(&extent->node, &set->root);
	ivs_pool_put(set->pool, extent);
}

static bool span_joins(const struct ivs_span *left,
		       const struct ivs_span *right)
{
	return left->leaf == right->leaf && left->last + 1 == right->start;
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
		left->span.last = span->last;
		if (right && span_joins(&left->span, &right->span)) {
			left->span.last = right->span.last;
			extent_drop(set, right);
		}
	} else if (right && span_joins(span, &right->span)) {
		right->span.start = span->start;
	} else {
		new = ivs_pool_get(set->pool);
		if (!new)
			return -ENOMEM;
		new->span = *span;
		extent_insert(set, new);
	}
	set->leaves[span->leaf] += ivs_span_leaves(span);
	return 0;
}

/* Widen [start, last] to whole leaves; say whether that was necessary. */
static bool leaf_align_range(enum ivs_leaf leaf, u64 *start, u64 *last)
{
	u64 mask = ivs_leaf_bytes(leaf) - 1;
	u64 lo = *start & ~mask, hi = *last | mask;
	bool split = lo != *start || hi != *last;

	*start = lo;
	*last = hi;
	return split;
}

/* Take [gone->start, gone->last] out of an extent that contains it. */
static int extent_cut(struct ivs_extents *set, struct ivs_extent *extent,
		      const struct ivs_span *gone)
{
	struct ivs_span tail = extent->span;
	struct ivs_extent *new;

	tail.start = gone->last + 1;
	if (gone->start > extent->span.start) {
		extent->span.last = gone->start - 1;
		if (tail.last < tail.start || gone->last == tail.last)
			return 0;
		new = ivs_pool_get(set->pool);
		if (!new) {
			set->leaves[tail.leaf] -= ivs_span_leaves(&tail);
			return -ENOMEM;
		}
		new->span = tail;
		extent_insert(set, new);
	} else if (gone->last < extent->span.last) {
		extent->span.start = tail.start;
	} else {
		extent_drop(set, extent);
	}
	return 0;
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
 * Context: any, @set locked; takes a node at most once.
 */
void ivs_extents_remove(struct ivs_extents *set, u64 start, u64 last,
			struct ivs_removed *removed)
{
	struct ivs_extent *extent = ivs_extents_at(set, start), *next;

	memset(removed, 0, sizeof(*removed));
	for (; extent && extent->span.start <= last; extent = next) {
		struct ivs_span gone = extent->span;
		u64 nr;

		next = extent_next(extent);
		gone.start = max(start, gone.start);
		gone.last = min(last, gone.last);
		removed->split |=
			leaf_align_range(gone.leaf, &gone.start, &gone.last);

		nr = ivs_span_leaves(&gone);
		removed->leaves[gone.leaf] += nr;
		removed->known_bytes += nr << ivs_leaf_shift(gone.leaf);
		set->leaves[gone.leaf] -= nr;
		if (extent_cut(set, extent, &gone))
			removed->lost = true;
	}
}
