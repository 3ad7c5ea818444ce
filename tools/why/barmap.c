// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a process has the BARs of its devices, from /proc/PID/maps. A kernel
 * can map a GiB of a BAR by one entry of the CPU's page table, and step over
 * it at once, only where its virtual and its physical address have the same
 * offset in a GiB.
 *
 * The physical address need not be known: a BAR is aligned to its size, and
 * one of which an aligned GiB is mapped is no smaller. What is left of it is
 * the offset in the BAR, and that is in the file offset below the number of
 * the region (vfio-pci: bit 40 and above).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barmap.h"
#include "base/system.h"

#define OFFSET_IN_BAR	((1ull << 40) - 1)

/* By a group, and by a character device. */
static bool is_device(const char *name)
{
	return !strcmp(name, "anon_inode:[vfio-device]") ||
	       !strncmp(name, "/dev/vfio/devices/", 18);
}

static void askew_add(struct askew *askew, uint64_t start, uint64_t bytes,
		      uint64_t offset)
{
	uint64_t shift = (offset - start) & (leaf_size(LEAF_1G) - 1);

	if (!leaf_possible(offset, offset, bytes, LEAF_1G))
		return;
	if (!shift) {
		askew->straight_bytes += bytes;
		return;
	}
	if (!askew->bytes) {
		askew->start = start;
		askew->shift = shift;
		askew->step = shift & (leaf_size(LEAF_2M) - 1) ?
			      LEAF_4K : LEAF_2M;
	}
	askew->bytes += bytes;
}

bool barmap_askew(uint64_t pid, struct askew *askew)
{
	FILE *maps = system_open("/proc/%ju/maps", (uintmax_t)pid);
	uintmax_t start, end, offset;
	char *line = NULL, name[64];
	size_t size = 0;

	*askew = (struct askew){ 0 };
	if (!maps)
		return false;
	while (getline(&line, &size, maps) > 0)
		if (sscanf(line, "%jx-%jx %*s %jx %*s %*s %63s", &start, &end,
			   &offset, name) == 4 &&
		    end > start && is_device(name)) {
			askew->mapped_bytes += end - start;
			askew_add(askew, start, end - start,
				  offset & OFFSET_IN_BAR);
		}
	free(line);
	fclose(maps);
	return true;
}
