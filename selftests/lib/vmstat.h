/* SPDX-License-Identifier: GPL-2.0-only */
/* vmstat.h - the kernel's own count of pinned pages */
#ifndef LIB_VMSTAT_H
#define LIB_VMSTAT_H

#include <linux/types.h>

struct vmstat {
	__u64 acquired, released;	/* nr_foll_pin_* */
};

void vmstat_take(struct vmstat *vmstat);

#endif /* LIB_VMSTAT_H */
