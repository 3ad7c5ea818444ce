// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which BAR of which PCI device has a physical address:
 * /sys/bus/pci/devices/<bdf>/resource has a line for each, `start last flags`.
 * Bridges' windows (lines behind the first six) hold BARs and are none.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "bar.h"
#include "base/system.h"

#define NR_BARS	6

static bool find_in(const char *device, uint64_t phys, struct bar *bar)
{
	FILE *file = system_open("/sys/bus/pci/devices/%s/resource", device);
	uintmax_t start, last, flags;
	bool found = false;
	unsigned int nr;

	if (!file)
		return false;
	for (nr = 0; !found && nr < NR_BARS; nr++) {
		if (fscanf(file, "%jx %jx %jx", &start, &last, &flags) != 3)
			break;
		found = last > start && phys >= start && phys <= last;
	}
	fclose(file);
	if (!found)
		return false;
	*bar = (struct bar){ .nr = nr - 1, .phys = start,
			     .bytes = last - start + 1 };
	snprintf(bar->device, sizeof(bar->device), "%s", device);
	return true;
}

bool bar_find(uint64_t phys, struct bar *bar)
{
	char *path = system_path("/sys/bus/pci/devices");
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	free(path);
	while (dir && !found && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			found = find_in(entry->d_name, phys, bar);
	if (dir)
		closedir(dir);
	return found;
}
