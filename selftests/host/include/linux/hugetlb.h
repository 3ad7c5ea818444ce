/* SPDX-License-Identifier: GPL-2.0-only */
/* hugetlb.h - see mm.h */
#ifndef HOST_LINUX_HUGETLB_H
#define HOST_LINUX_HUGETLB_H

#include <linux/mm.h>

#endif
