// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is there a VT-d, and does it translate? If not, nothing else needs an answer.
 * The units are the module's; which other IOMMU a machine has instead is told
 * by /sys/class/iommu.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "vtd.h"

/* VT-d specification, Capability Register: sizes of leaves, by stage. */
#define SLLPS_BIT	34
#define FL1GP_BIT	56

/* An IOMMU of another make, to be freed; NULL when there is none. */
static char *find_other(void)
{
	char *path = system_path("/sys/class/iommu"), *name = NULL;
	DIR *dir = opendir(path);
	struct dirent *entry;

	free(path);
	while (dir && !name && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    strncmp(entry->d_name, "dmar", 4))
			name = alloc_copy(entry->d_name);
	if (dir)
		closedir(dir);
	return name;
}

static struct json_object *no_vtd(void)
{
	struct json_object *found = cause_new(CAUSE_NOT_VTD);
	char *other = find_other();

	cause_evidence(found, "the firmware describes no remapping unit (no ACPI table DMAR)");
	if (!other)
		return found;
	cause_unfixable(found);
	cause_says(found, "this machine's IOMMU is no Intel VT-d: %s", other);
	cause_evidence(found, "/sys/class/iommu has %s", other);
	cause_fix(found, "nothing: iovascope reads the tables of Intel VT-d only");
	free(other);
	return found;
}

/* The table is for root to read, but that it is there everybody sees. */
static struct json_object *not_used(void)
{
	struct json_object *found = cause_new(CAUSE_IOMMU_OFF);

	cause_evidence(found, "the firmware describes remapping units (ACPI table DMAR), but /sys/class/iommu has none");
	return found;
}

static struct json_object *not_translating(int units)
{
	struct json_object *found = cause_new(CAUSE_IOMMU_OFF);

	cause_evidence(found, "of %d remapping units none has translation on (`iovascope units`)",
		       units);
	if (system_cmdline_has("intel_iommu", "off"))
		cause_evidence(found, "/proc/cmdline has off in intel_iommu=");
	else if (!system_cmdline_has("intel_iommu", "on"))
		cause_evidence(found, "/proc/cmdline has no intel_iommu=on");
	return found;
}

struct json_object *vtd_lacking(struct json_object *snap)
{
	struct json_object *units = tree_get(snap, "units");

	tree_foreach(units, name, unit) {
		(void)name;
		if (tree_is(unit, "translation", "1"))
			return NULL;
	}
	if (!json_object_object_length(units))
		return system_has("/sys/firmware/acpi/tables/DMAR") ?
		       not_used() : no_vtd();
	return not_translating(json_object_object_length(units));
}

/* A unit has no leaves of this size in this stage: which bit says so. */
void vtd_tell_lack(struct json_object *found, struct json_object *unit,
		   const char *stage, enum leaf leaf)
{
	int bit = strcmp(stage, "first") ? SLLPS_BIT + leaf - LEAF_2M :
					   FL1GP_BIT;

	cause_evidence(found, "its capability register is 0x%jx: bit %d is 0",
		       (uintmax_t)tree_u64_or_0(unit, "cap"), bit);
}
