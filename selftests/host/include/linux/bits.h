/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_LINUX_BITS_H
#define HOST_LINUX_BITS_H

#define BIT_ULL(nr) (1ULL << (nr))
#define GENMASK_ULL(high, low) ((~0ULL >> (63 - (high))) & (~0ULL << (low)))

#endif
