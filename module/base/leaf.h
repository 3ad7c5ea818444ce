/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leaf.h - which leaves an IOMMU driver must have chosen
 *
 * A pure function of (iova, phys, size, page-size bitmap), built into the
 * module and, unchanged, into the host tests.
 */
#ifndef IVS_LEAF_H
#define IVS_LEAF_H

#include <linux/types.h>

/* The last-level entries x86 IOMMU page tables can hold, smallest first. */
enum ivs_leaf { IVS_LEAF_4K, IVS_LEAF_2M, IVS_LEAF_1G, IVS_NR_LEAVES };

/* Up to two ragged edges a level around the largest leaves in the middle. */
#define IVS_MAX_SPANS (2 * IVS_NR_LEAVES - 1)

/**
 * struct ivs_span - consecutive leaves of one size
 * @start: first IOVA, in bytes, aligned to the leaf size
 * @last: last IOVA, in bytes, inclusive
 * @leaf: size of the leaves
 */
struct ivs_span {
	u64 start;
	u64 last;
	enum ivs_leaf leaf;
};

static inline unsigned int ivs_leaf_shift(enum ivs_leaf leaf)
{
	return 12 + 9 * leaf;
}

static inline u64 ivs_leaf_bytes(enum ivs_leaf leaf)
{
	return 1ULL << ivs_leaf_shift(leaf);
}

/* ivs_span_leaves - how many leaves a span holds */
static inline u64 ivs_span_leaves(const struct ivs_span *span)
{
	return ((span->last - span->start) >> ivs_leaf_shift(span->leaf)) + 1;
}

extern const char *const ivs_leaf_names[IVS_NR_LEAVES];

u64 ivs_leaves_bytes(const u64 leaves[IVS_NR_LEAVES]);
unsigned int ivs_leaf_split(u64 pgsizes, u64 iova, u64 phys, u64 size,
			    struct ivs_span spans[IVS_MAX_SPANS]);

/* Five levels reach 57 bits, the widest VT-d table (spec 3.1, AGAW). */
#define IVS_MAX_LEVELS 5

/**
 * struct ivs_tables - page tables counted so far
 * @nr: tables below the root
 * @seen: per level, 1 + index of the last table counted, 0 for none
 */
struct ivs_tables {
	u64 nr;
	u64 seen[IVS_MAX_LEVELS];
};

void ivs_tables_add(struct ivs_tables *tables, const struct ivs_span *span,
		    unsigned int levels);

#endif /* IVS_LEAF_H */
