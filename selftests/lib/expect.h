/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * expect.h - what the kernel must have done, worked out from the outside
 *
 * From where the memory physically is and from what type1 and the IOMMU core
 * promise, without a line of the module.
 */
#ifndef LIB_EXPECT_H
#define LIB_EXPECT_H

#include <linux/types.h>

#include "mem.h"

struct leaves {
	__u64 nr_4k, nr_2m, nr_1g;
};

/* Leaves of one physically contiguous piece, largest first at every step. */
void leaves_add(struct leaves *leaves, __u64 pgsizes, __u64 iova, __u64 phys,
		__u64 size);

/* What mapping one region costs: runs = pins = iommu_map calls. */
struct expect {
	__u64 runs;
	__u64 bytes;
	struct leaves leaves;
};

/* Each maximal physically contiguous piece of present memory, in order. */
void memory_runs(const void *va, __u64 size,
		 void (*fn)(void *ctx, __u64 offset, __u64 phys, __u64 size),
		 void *ctx);
/* Add a region of present memory, by pagemap. */
void expect_memory(struct expect *expect, __u64 pgsizes, __u64 iova,
		   const void *va, __u64 size);
/* Add a region of MMIO at a known physical address. */
void expect_mmio(struct expect *expect, __u64 pgsizes, __u64 iova, __u64 phys,
		 __u64 size);

#endif /* LIB_EXPECT_H */
