// SPDX-License-Identifier: GPL-2.0-only
/*
 * leaf.c - recomputation: the leaves one iommu_map() call must have produced
 *
 * Model. Both generations of the IOMMU core take, at every step, the largest
 * page size that the domain supports, that divides iova and phys alike at that
 * point and that still fits (6.1 drivers/iommu/iommu.c iommu_pgsize(); 7.x
 * drivers/iommu/generic_pt/pt_iter.h pt_compute_best_pgsize()). Neither ever
 * joins neighbouring small leaves later or splits a large one. Whether a size
 * is usable at all is decided once, by congruence: (iova ^ phys) & (leaf - 1)
 * does not change along a run. So instead of stepping, cut the run at the
 * outermost aligned boundaries of the largest usable size and treat the two
 * ragged edges with the next smaller one: five spans at most, whatever the
 * length of the run.
 *
 * No state, no locking, any context.
 */
#include "leaf.h"

const char *const ivs_leaf_names[IVS_NR_LEAVES] = { "4k", "2m", "1g" };

static bool leaf_usable(u64 pgsizes, u64 iova, u64 phys, u64 size,
			enum ivs_leaf leaf)
{
	u64 bytes = ivs_leaf_bytes(leaf);

	return leaf == IVS_LEAF_4K ||
	       (size >= bytes && (pgsizes & bytes) &&
		!((iova ^ phys) & (bytes - 1)));
}

/* Append [start, end) as leaves of at most @leaf; @usable is a bit a size. */
static unsigned int leaf_split(unsigned int usable, u64 start, u64 end,
			       enum ivs_leaf leaf, struct ivs_span *spans,
			       unsigned int nr)
{
	u64 bytes, lo, hi;

	if (start >= end)
		return nr;
	while (!(usable & (1U << leaf)))
		leaf--;
	if (leaf == IVS_LEAF_4K) {
		spans[nr++] = (struct ivs_span){ start, end - 1, leaf };
		return nr;
	}

	bytes = ivs_leaf_bytes(leaf);
	lo = (start + bytes - 1) & ~(bytes - 1);
	hi = end & ~(bytes - 1);
	if (lo >= hi || lo < start)
		return leaf_split(usable, start, end, leaf - 1, spans, nr);

	nr = leaf_split(usable, start, lo, leaf - 1, spans, nr);
	spans[nr++] = (struct ivs_span){ lo, hi - 1, leaf };
	return leaf_split(usable, hi, end, leaf - 1, spans, nr);
}

/* ivs_leaves_bytes - bytes that so many leaves map */
u64 ivs_leaves_bytes(const u64 leaves[IVS_NR_LEAVES])
{
	enum ivs_leaf leaf;
	u64 bytes = 0;

	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++)
		bytes += leaves[leaf] << ivs_leaf_shift(leaf);
	return bytes;
}

/**
 * ivs_leaf_split - recompute the leaves of one physically contiguous mapping
 * @pgsizes: page sizes the domain supports, one bit per size in bytes
 *	(struct iommu_domain pgsize_bitmap); 4K is taken for granted and sizes
 *	other than 2M and 1G are ignored
 * @iova: first IOVA, in bytes, 4K-aligned
 * @phys: physical address it maps to, 4K-aligned
 * @size: length in bytes, 4K-aligned; @iova + @size must not exceed 2^63
 * @spans: filled in ascending order of IOVA
 *
 * Context: any.
 * Return: number of spans, 0 when @size is 0.
 */
unsigned int ivs_leaf_split(u64 pgsizes, u64 iova, u64 phys, u64 size,
			    struct ivs_span spans[IVS_MAX_SPANS])
{
	unsigned int usable = 0;
	enum ivs_leaf leaf;

	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++)
		if (leaf_usable(pgsizes, iova, phys, size, leaf))
			usable |= 1U << leaf;
	return leaf_split(usable, iova, iova + size, IVS_LEAF_1G, spans, 0);
}

/**
 * ivs_tables_add - count the page tables that a span needs
 * @tables: running count; zero it before the first span of a domain
 * @span: the leaves; spans must be added in ascending order of IOVA
 * @levels: depth of the domain's page table, 1 to IVS_MAX_LEVELS
 *
 * A table of level k (level 1 holds 4K leaves) covers 2^(12 + 9k) bytes. Tables
 * shared with the span before are counted once. The root, which exists even in
 * an empty domain, is not counted.
 *
 * Context: any.
 */
void ivs_tables_add(struct ivs_tables *tables, const struct ivs_span *span,
		    unsigned int levels)
{
	unsigned int level;

	for (level = span->leaf + 1; level < levels; level++) {
		unsigned int shift = 12 + 9 * level;
		u64 first = (span->start >> shift) + 1;
		u64 last = (span->last >> shift) + 1;

		if (first == tables->seen[level])
			first++;
		tables->nr += last + 1 - first;
		tables->seen[level] = last;
	}
}
