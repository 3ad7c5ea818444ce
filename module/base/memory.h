/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.h - what the module itself has allocated
 */
#ifndef IVS_MEMORY_H
#define IVS_MEMORY_H

#include <linux/types.h>

void ivs_memory_add(s64 bytes);
u64 ivs_memory_bytes(void);

#endif /* IVS_MEMORY_H */
