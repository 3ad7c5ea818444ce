/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * census.h - what is in one page table, in sum
 */
#ifndef IVS_CENSUS_H
#define IVS_CENSUS_H

#include "../base/leaf.h"
#include "context.h"

/**
 * struct ivs_census - one table, counted
 * @leaves: per size
 * @tables: tables, the root included
 * @empty_tables: of those, without an entry
 * @ro_bytes: mapped, but not for writing
 * @mmio_bytes: mapped, but no memory
 * @runs: maximal runs
 * @best_leaves: that the same runs need at least, with this unit
 * @best_tables: and the tables of those, the root included
 * @at_2m_tables: tables that they need if no leaf is larger than 2M
 * @torn: ranges that could not be read because they kept changing
 * @garbage: entries that no driver writes
 * @error: the root could not be read: -errno; nothing else is meaningful
 */
struct ivs_census {
	u64 leaves[IVS_NR_LEAVES];
	u64 tables;
	u64 empty_tables;
	u64 ro_bytes;
	u64 mmio_bytes;
	u64 runs;
	u64 best_leaves[IVS_NR_LEAVES];
	u64 best_tables;
	u64 at_2m_tables;
	u64 torn;
	u64 garbage;
	int error;
};

void ivs_census_best(u64 pgsizes, u64 iova, u64 phys, u64 bytes,
		     unsigned int levels, u64 leaves[IVS_NR_LEAVES],
		     struct ivs_tables *tables);
int ivs_census_take(const struct ivs_context *context, struct ivs_walk *walk,
		    struct ivs_census *census);

#endif /* IVS_CENSUS_H */
