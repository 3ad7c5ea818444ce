// SPDX-License-Identifier: GPL-2.0-only
/*
 * format.c - second stage and first stage entries
 *
 * Second stage (VT-d spec 9.8, also all of legacy mode): R is bit 0, W bit 1,
 * and either makes an entry present; PS is bit 7; the address is in bits 12
 * to 51 (6.1 drivers/iommu/intel/iommu.h struct dma_pte).
 *
 * First stage (spec 9.7) is the CPU's own: P is bit 0, R/W bit 1, U/S bit 2,
 * PS bit 7, and bit 12 of a large leaf is PAT. A device asks with user
 * privilege, so that an entry without U/S does not exist for it; and addresses
 * are canonical (spec 3.6), so that only the lower half of the root serves
 * DMA. Both rules matter for tables shared with a process (SVA), whose other
 * half is the kernel.
 *
 * In both, what a device may do is what every level on the way allows.
 */
#include "format.h"

#define BITS(high, low) ((~0ULL >> (63 - (high))) & (~0ULL << (low)))

const struct ivs_format ivs_format_second = {
	.name = "second",
	.any = BITS(1, 0),
	.write = BITS(1, 1),
	.large = BITS(7, 7),
	.address = BITS(51, 12),
	.top_entries = IVS_TABLE_ENTRIES,
};

const struct ivs_format ivs_format_first = {
	.name = "first",
	.all = BITS(0, 0) | BITS(2, 2),
	.write = BITS(1, 1),
	.large = BITS(7, 7),
	.address = BITS(51, 12),
	.ignored = BITS(12, 12),
	.top_entries = IVS_TABLE_ENTRIES / 2,
};
