// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of leaves: a leaf is possible where IOVA and physical address
 * have the same offset in it (are congruent) and all of it is in one run.
 */
#include "leaf.h"

const char *const leaf_names[NR_LEAVES] = { "4K", "2M", "1G" };
const char *const leaf_words[NR_LEAVES] = { "4k", "2m", "1g" };

uint64_t leaf_size(enum leaf leaf)
{
	return 1ull << (12 + 9 * leaf);
}

/* The largest that is no larger. */
enum leaf leaf_within(uint64_t bytes)
{
	enum leaf leaf = LEAF_1G;

	while (leaf > LEAF_4K && leaf_size(leaf) > bytes)
		leaf--;
	return leaf;
}

uint64_t leaf_down(uint64_t addr, enum leaf leaf)
{
	return addr & ~(leaf_size(leaf) - 1);
}

uint64_t leaf_up(uint64_t addr, enum leaf leaf)
{
	return leaf_down(addr + leaf_size(leaf) - 1, leaf);
}

/* Bytes that can be in leaves of this size or larger. */
uint64_t leaf_possible(uint64_t iova, uint64_t phys, uint64_t bytes,
		       enum leaf leaf)
{
	uint64_t start = leaf_up(iova, leaf);
	uint64_t end = leaf_down(iova + bytes, leaf);

	if ((iova ^ phys) & (leaf_size(leaf) - 1) || end < start)
		return 0;
	return end - start;
}
