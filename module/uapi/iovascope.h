/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * iovascope.h - the binary form of an IO page table
 *
 * /sys/kernel/debug/iovascope/devices/<segment:bus:dev.fn>/pagemap is to a
 * device what /proc/PID/pagemap is to a process. The position in the file is
 * an IOVA in bytes. A read returns whole records in ascending order of IOVA,
 * starting with the leaf that holds the position or, where nothing is mapped
 * there, the first one behind it, and leaves the position behind the last
 * record. It may return fewer records than there is room for; 0 means that
 * nothing is mapped from the position on.
 *
 * A buffer smaller than one record is refused with EINVAL. A read that a
 * signal interrupts before the first record fails with EINTR. A position that
 * the page table cannot reach reads as the end of the file; one that no page
 * table can (beyond 2^57) is refused by lseek() with EINVAL. The fields are in
 * the byte order of the machine.
 */
#ifndef _UAPI_IOVASCOPE_H
#define _UAPI_IOVASCOPE_H

#include <linux/types.h>

/* The device may write. */
#define IOVASCOPE_PAGEMAP_WRITE 0x1
/* What is mapped is no memory. */
#define IOVASCOPE_PAGEMAP_MMIO  0x2
/*
 * No leaves: the table of this range changed so fast that it could not be
 * read. phys, leaf_shift and the other flags are 0.
 */
#define IOVASCOPE_PAGEMAP_TORN  0x4

/**
 * struct iovascope_pagemap - leaves of one size, contiguous in both spaces
 * @iova: of the first, in bytes
 * @phys: physical address of the first
 * @bytes: all of them together; as many as follow each other
 * @leaf_shift: log2 of the size of one: 12, 21 or 30
 * @flags: IOVASCOPE_PAGEMAP_*
 */
struct iovascope_pagemap {
	__u64 iova;
	__u64 phys;
	__u64 bytes;
	__u32 leaf_shift;
	__u32 flags;
};

#endif /* _UAPI_IOVASCOPE_H */
