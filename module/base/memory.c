// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - a gauge of what the module itself has allocated
 *
 * What grows with the machine or with what it does: reserves and what was taken
 * from them, counters per processor, and what the kernel keeps for the probes.
 * Whoever allocates such memory tells; open files and code are not in it.
 *
 * Locking: none, a single word.
 */
#include <linux/atomic.h>

#include "memory.h"

static atomic64_t allocated;

/* ivs_memory_add - so many bytes more, or less where negative; any context */
void ivs_memory_add(s64 bytes)
{
	atomic64_add(bytes, &allocated);
}

/* ivs_memory_bytes - all of it; any context */
u64 ivs_memory_bytes(void)
{
	return atomic64_read(&allocated);
}
