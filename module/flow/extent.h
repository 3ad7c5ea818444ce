/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * extent.h - the leaves a domain holds now, as ranges of equal leaf size
 */
#ifndef IVS_EXTENT_H
#define IVS_EXTENT_H

#include <linux/types.h>

#include "../base/leaf.h"

struct ivs_pool;

/**
 * struct ivs_extent_sum - what some extents hold together
 * @leaves: leaves of each size
 * @nr: how many extents they are
 */
struct ivs_extent_sum {
	u64 leaves[IVS_NR_LEAVES];
	unsigned int nr;
};

/**
 * struct ivs_extent - consecutive leaves of one size
 * @next: by IOVA; first, since a chain of extents goes back to its pool as it is
 * @left: extents before this one, in the tree
 * @right: extents after it
 * @rank: a random number, lower than that of the extent above
 * @span: the leaves
 * @sum: of this extent and of all below it
 */
struct ivs_extent {
	struct ivs_extent *next;
	struct ivs_extent *left;
	struct ivs_extent *right;
	u64 rank;
	struct ivs_span span;
	struct ivs_extent_sum sum;
};

/**
 * struct ivs_extents - an ordered set of disjoint extents
 * @root: the extents, by IOVA; neighbours of equal leaf size are merged
 * @pool: where its extents come from and go to
 * @secret: what the next rank is made from
 *
 * The caller serialises everything done to one set.
 */
struct ivs_extents {
	struct ivs_extent *root;
	struct ivs_pool *pool;
	u64 secret;
};

/**
 * struct ivs_removed - what a removal found
 * @leaves: leaves removed, per size
 * @known_bytes: bytes removed from the set
 * @split: the range began or ended inside a leaf larger than 4K; that leaf was
 *	removed whole, since no driver splits one
 * @lost: no node was left to cut an extent in two; the part behind the range
 *	was dropped from the set and the set is a floor from now on
 */
struct ivs_removed {
	u64 leaves[IVS_NR_LEAVES];
	u64 known_bytes;
	bool split;
	bool lost;
};

void ivs_extents_init(struct ivs_extents *set, struct ivs_pool *pool,
		      u64 secret);
int ivs_extents_add(struct ivs_extents *set, const struct ivs_span *span);
void ivs_extents_remove(struct ivs_extents *set, u64 start, u64 last,
			struct ivs_removed *removed);
struct ivs_extent *ivs_extents_at(const struct ivs_extents *set, u64 iova);
void ivs_extents_leaves(const struct ivs_extents *set,
			u64 leaves[IVS_NR_LEAVES]);

#endif /* IVS_EXTENT_H */
