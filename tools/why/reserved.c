// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is reserved in the IOVAs of a device's group: the window of message
 * interrupts, what the firmware uses by itself (RMRR). The kernel's list, a
 * line a range: first, last, and why.
 */
#include <stdio.h>
#include <string.h>

#include "base/system.h"
#include "base/tree.h"
#include "reserved.h"

/* A group is a number, a device has colons. */
static FILE *open_list(const char *device)
{
	if (!strchr(device, ':'))
		return system_open("/sys/kernel/iommu_groups/%s/reserved_regions",
				   device);
	return system_open("/sys/bus/pci/devices/%s/iommu_group/reserved_regions",
			   device);
}

static bool read_range(FILE *list, struct reserved *range)
{
	unsigned long long first, last;
	int nr = fscanf(list, "%llx %llx %23s", &first, &last, range->type);

	if (nr != 3)
		return false;
	range->first = first;
	range->last = last;
	return true;
}

struct json_object *reserved_list(const char *device)
{
	struct json_object *list = tree_new_list(), *told;
	FILE *file = open_list(device);
	struct reserved range;

	while (file && read_range(file, &range)) {
		told = tree_new();
		tree_add_u64(told, "first", range.first);
		tree_add_u64(told, "last", range.last);
		tree_add_word(told, "type", range.type);
		tree_append(list, told);
	}
	if (file)
		fclose(file);
	return list;
}

bool reserved_hit(const char *device, uint64_t first, uint64_t last,
		  struct reserved *range)
{
	FILE *list = open_list(device);
	bool hit = false;

	while (list && !hit && read_range(list, range))
		hit = range->first <= last && range->last >= first;
	if (list)
		fclose(list);
	return hit;
}

/* Does the range at @iova end, within what the domain has, and is it free? */
static bool is_free(const char *device, uint64_t iova, uint64_t bytes,
		    uint64_t aperture_last)
{
	uint64_t last = iova + bytes - 1;
	struct reserved range;

	return last >= iova && (!aperture_last || last <= aperture_last) &&
	       !reserved_hit(device, iova, last, &range);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void consider(const char *device, uint64_t iova, uint64_t bytes,
		     uint64_t aperture_last, uint64_t at, bool *any,
		     uint64_t *found)
{
	if (!is_free(device, at, bytes, aperture_last))
		return;
	if (!*any || distance(at, iova) < distance(*found, iova))
		*found = at;
	*any = true;
}

/* The nearest free place touches a reserved range, before it or behind it. */
bool reserved_nearest(const char *device, uint64_t iova, uint64_t bytes,
		      uint64_t aperture_last, uint64_t *found)
{
	FILE *list = open_list(device);
	struct reserved range;
	bool any = false;

	while (list && read_range(list, &range)) {
		consider(device, iova, bytes, aperture_last, range.last + 1,
			 &any, found);
		if (range.first >= bytes)
			consider(device, iova, bytes, aperture_last,
				 range.first - bytes, &any, found);
	}
	if (list)
		fclose(list);
	return any;
}
