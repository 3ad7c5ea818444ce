/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dump.h - the kernel's own print of a page table: domain_translation_struct
 * of CONFIG_INTEL_IOMMU_DEBUGFS
 */
#ifndef LIB_DUMP_H
#define LIB_DUMP_H

#include <linux/types.h>

/* One leaf, as the kernel prints it. */
struct dump_leaf {
	__u64 iova;
	__u64 phys;
	__u32 shift;
	int write;
};

/* An open dump of a device: its descriptor, or -errno. */
int dump_open(const char *bdf);

/*
 * Call leaf for each, in the kernel's order. The number of leaves, or -errno;
 * a line that is none of the kernel's is -EBADMSG.
 */
long long dump_leaves(const char *bdf,
		      void (*leaf)(void *ctx, const struct dump_leaf *leaf),
		      void *ctx);

/* Read a file to its end and forget it: bytes, or -errno. */
long long read_through(int fd, void *buffer, unsigned long size);

#endif /* LIB_DUMP_H */
