/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backing.h - what a physical range is made of
 */
#ifndef IVS_BACKING_H
#define IVS_BACKING_H

#include <linux/types.h>

#include "leaf.h"

enum ivs_backing {
	IVS_BASE,
	IVS_THP,
	IVS_HUGETLB_2M,
	IVS_HUGETLB_1G,
	IVS_MMIO,
	/* One call that covered more than one of the above. */
	IVS_MIXED,
	/* Nothing was covered: the call failed or found nothing. */
	IVS_NONE,
	IVS_NR_BACKINGS,
};

extern const char *const ivs_backing_names[IVS_NR_BACKINGS];

enum ivs_backing ivs_backing_of(unsigned long pfn, unsigned long nr_pages);
enum ivs_backing ivs_backing_join(enum ivs_backing a, enum ivs_backing b);

#endif /* IVS_BACKING_H */
