/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BAR_H
#define IOVASCOPE_BAR_H

#include <stdbool.h>
#include <stdint.h>

struct bar {
	char device[256];
	unsigned int nr;
	uint64_t phys;
	uint64_t bytes;
};

/* The BAR of any PCI device that has this physical address. */
bool bar_find(uint64_t phys, struct bar *bar);

#endif
