// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which BAR of which PCI device has a physical address:
 * /sys/bus/pci/devices/<bdf>/resource has a line for each, `start last flags`.
 * Bridges' windows (lines behind the first six) hold BARs and are none.
 *
 * They are read once, because a table can have a million parts that ask.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "bar.h"
#include "base/alloc.h"
#include "base/system.h"

#define NR_BARS	6

static struct {
	struct bar *bar;
	size_t nr;
	bool read;
} bars;

static void bars_add(const char *device, unsigned int nr, uint64_t start,
		     uint64_t last)
{
	struct bar *bar;

	bars.bar = alloc_more(bars.bar, bars.nr + 1, sizeof(*bars.bar));
	bar = &bars.bar[bars.nr++];
	*bar = (struct bar){ .nr = nr, .phys = start,
			     .bytes = last - start + 1 };
	snprintf(bar->device, sizeof(bar->device), "%s", device);
}

static void bars_read_device(const char *device)
{
	FILE *file = system_open("/sys/bus/pci/devices/%s/resource", device);
	uintmax_t start, last, flags;

	if (!file)
		return;
	for (unsigned int nr = 0; nr < NR_BARS; nr++) {
		if (fscanf(file, "%jx %jx %jx", &start, &last, &flags) != 3)
			break;
		if (last > start)
			bars_add(device, nr, start, last);
	}
	fclose(file);
}

static int by_phys(const void *a, const void *b)
{
	const struct bar *x = a, *y = b;

	return (x->phys > y->phys) - (x->phys < y->phys);
}

static void bars_read(void)
{
	char *path = system_path("/sys/bus/pci/devices");
	DIR *dir = opendir(path);
	struct dirent *entry;

	free(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			bars_read_device(entry->d_name);
	if (dir)
		closedir(dir);
	if (bars.nr)
		qsort(bars.bar, bars.nr, sizeof(*bars.bar), by_phys);
	bars.read = true;
}

static int holds(const void *key, const void *element)
{
	const uint64_t *phys = key;
	const struct bar *bar = element;

	if (*phys < bar->phys)
		return -1;
	return *phys - bar->phys >= bar->bytes;
}

bool bar_find(uint64_t phys, struct bar *bar)
{
	const struct bar *found;

	if (!bars.read)
		bars_read();
	found = bars.nr ? bsearch(&phys, bars.bar, bars.nr, sizeof(*bars.bar),
				  holds) : NULL;
	if (found)
		*bar = *found;
	return found;
}
