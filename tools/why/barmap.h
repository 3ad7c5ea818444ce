/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BARMAP_H
#define IOVASCOPE_BARMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/leaf.h"

/*
 * BARs of a GiB and more whose virtual addresses do not allow 1 GiB steps, and
 * the first one; and those whose do. And all that the process has mapped of BARs.
 */
struct askew {
	uint64_t mapped_bytes;
	uint64_t straight_bytes;
	uint64_t bytes;
	uint64_t start;
	uint64_t shift;
	enum leaf step;
};

/* False when the process' mappings cannot be read (errno). */
bool barmap_askew(uint64_t pid, struct askew *askew);

#endif
