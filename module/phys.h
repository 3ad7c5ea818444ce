/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phys.h - read physical memory that may be anything
 */
#ifndef IVS_PHYS_H
#define IVS_PHYS_H

#include "walk.h"

bool ivs_phys_is_ours(unsigned long pfn);
u64 ivs_phys_alike(unsigned long pfn, unsigned long step, u64 nr, bool ours);
int ivs_phys_read(u64 phys, void *to, size_t bytes);
const struct ivs_memory *ivs_phys_memory(void);

#endif /* IVS_PHYS_H */
