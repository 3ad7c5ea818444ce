// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remapping units without the module: /sys/class/iommu has those that the
 * kernel uses, with their capability registers, and everybody may read them. In
 * which mode a unit works is in none of its registers that are there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/system.h"
#include "base/tree.h"
#include "host_units.h"

#define MAX_UNITS	1024

/* VT-d specification, Capability and Extended Capability Registers. */
#define CAP_SLLPS_2M	34
#define CAP_SLLPS_1G	35
#define CAP_FL1GP	56
#define ECAP_COHERENT	0
#define CAP_CACHING	7
#define ECAP_SMTS	43
#define ECAP_FLTS	47

static bool register_of(unsigned int nr, const char *name, uint64_t *val)
{
	char *line = system_line("/sys/class/iommu/dmar%u/intel-iommu/%s", nr,
				 name);
	uintmax_t read;
	bool found = line && sscanf(line, "%jx", &read) == 1;

	if (found)
		*val = read;
	free(line);
	return found;
}

static struct json_object *unit_new(uint64_t cap, uint64_t ecap)
{
	struct json_object *unit = tree_new();
	uint64_t first = ecap >> ECAP_FLTS & 1;

	tree_add_u64(unit, "present", 1);
	tree_add_u64(unit, "cap", cap);
	tree_add_u64(unit, "ecap", ecap);
	tree_add_u64(unit, "translation", 1);
	if (!(ecap >> ECAP_SMTS & 1))
		tree_add_word(unit, "mode", "legacy");
	tree_add_u64(unit, "second_2m", cap >> CAP_SLLPS_2M & 1);
	tree_add_u64(unit, "second_1g", cap >> CAP_SLLPS_1G & 1);
	tree_add_u64(unit, "first_2m", first);
	tree_add_u64(unit, "first_1g", first && cap >> CAP_FL1GP & 1);
	tree_add_u64(unit, "coherent", ecap >> ECAP_COHERENT & 1);
	tree_add_u64(unit, "caching_mode", cap >> CAP_CACHING & 1);
	return unit;
}

struct json_object *host_units(void)
{
	struct json_object *units = tree_new();
	uint64_t cap, ecap;
	char name[16];

	for (unsigned int nr = 0; nr < MAX_UNITS; nr++) {
		if (!register_of(nr, "cap", &cap) ||
		    !register_of(nr, "ecap", &ecap))
			continue;
		snprintf(name, sizeof(name), "dmar%u", nr);
		tree_add(units, name, unit_new(cap, ecap));
	}
	return units;
}

/* VT-d specification, Capability Register: MGAW 21:16 less one, SAGAW 12:8. */
unsigned int unit_address_bits(uint64_t cap)
{
	unsigned int most = (cap >> 16 & 0x3f) + 1, levels = 0;

	for (unsigned int bit = 1; bit <= 3; bit++)
		if (cap >> (8 + bit) & 1)
			levels = 30 + 9 * bit;
	return levels && levels < most ? levels : most;
}
