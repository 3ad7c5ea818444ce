/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phys.h - read physical memory that may be anything
 */
#ifndef IVS_PHYS_H
#define IVS_PHYS_H

#include "walk.h"

unsigned int ivs_phys_alike(const struct ivs_stretch *stretch,
			    unsigned int from, bool *mmio);
int ivs_phys_read(u64 phys, void *to, size_t bytes);
const struct ivs_memory *ivs_phys_memory(void);

#endif /* IVS_PHYS_H */
