/* SPDX-License-Identifier: GPL-2.0-only */
/* Just enough of the kernel's headers to build its pure files as they are. */
#ifndef HOST_LINUX_TYPES_H
#define HOST_LINUX_TYPES_H

#include_next <linux/types.h>

#include <stdbool.h>
#include <stddef.h>

typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#endif
