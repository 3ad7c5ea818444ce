/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_LINUX_SIZES_H
#define HOST_LINUX_SIZES_H

#define SZ_1G 0x40000000UL

#endif
