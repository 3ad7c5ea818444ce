/* SPDX-License-Identifier: GPL-2.0-only */
/* vmstat.h - the kernel's own counts of pinned and of locked memory */
#ifndef LIB_VMSTAT_H
#define LIB_VMSTAT_H

#include <sys/types.h>

#include <linux/types.h>

struct vmstat {
	__u64 acquired, released;	/* nr_foll_pin_* */
};

void vmstat_take(struct vmstat *vmstat);

/* What is charged to a process's RLIMIT_MEMLOCK. */
__u64 locked_bytes(pid_t pid);

#endif /* LIB_VMSTAT_H */
