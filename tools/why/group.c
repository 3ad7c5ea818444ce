// SPDX-License-Identifier: GPL-2.0-only
/*
 * An IOMMU group and its devices, as far as /sys tells: VFIO gives away a group
 * and not a device, so that one which somebody else uses is in the way of all.
 * All of it is of now.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "acs.h"
#include "base/alloc.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "group.h"
#include "holder.h"
#include "read/names.h"
#include "read/process_name.h"

#define SYS_DEVICE	"/sys/bus/pci/devices/%s"
#define CLASS_BRIDGE	0x06

char *group_of(const char *bdf)
{
	return system_link(SYS_DEVICE "/iommu_group", bdf);
}

char *group_device(const char *name)
{
	return system_link("/sys/class/vfio-dev/%s/device", name);
}

char *group_device_file(const char *bdf)
{
	char *path = alloc_print(SYS_DEVICE "/vfio-dev", bdf);
	char *full = system_path(path), *file = NULL;
	DIR *dir = opendir(full);
	struct dirent *entry;

	while (dir && !file && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			file = alloc_print("devices/%s", entry->d_name);
	if (dir)
		closedir(dir);
	free(full);
	free(path);
	return file;
}

bool group_is_bridge(const char *device)
{
	uint64_t class;

	return system_u64(&class, SYS_DEVICE "/class", device) &&
	       class >> 16 == CLASS_BRIDGE;
}

bool group_is_idle(const char *device, const char *driver)
{
	return !strcmp(driver, "none") || strstr(driver, "vfio") ||
	       !strcmp(driver, "pci-stub") || !strcmp(driver, "pcieport") ||
	       group_is_bridge(device);
}

void group_tell_members(struct json_object *found, const char *group)
{
	struct json_object *members, *reasons;
	bool any = false;

	if (system_is_left()) {
		cause_evidence(found, "which devices group %s has, and their drivers, is not known: it is not asked of this machine",
			       group);
		return;
	}
	members = holder_members(group);

	tree_foreach(members, device, word) {
		const char *driver = json_object_get_string(word);

		if (group_is_idle(device, driver))
			continue;
		cause_evidence(found, "group %s has %s, which is now bound to %s",
			       group, device, driver);
		any = true;
	}
	if (!any)
		cause_evidence(found, "none of the devices of group %s is bound to a driver of the host now",
			       group);
	reasons = acs_reasons(members);
	for (size_t i = 0; i < tree_length(reasons); i++)
		cause_evidence(found, "%s",
			       json_object_get_string(tree_at(reasons, i)));
	json_object_put(reasons);
	tree_add(found, "members", members);
}

/* The VM, the pod or the container, where /proc tells. */
void group_tell_process(struct json_object *found, const char *file,
			const struct holder *holder)
{
	struct json_object *names = process_name(holder->pid);

	cause_evidence(found, "%s (%ju) has /dev/vfio/%s open now", holder->comm,
		       (uintmax_t)holder->pid, file);
	tree_foreach(names, key, val)
		cause_evidence(found, "its %s: %s", key,
			       json_object_get_string(val));
	tree_add_u64(found, "holder_pid", holder->pid);
	json_object_put(names);
}

static bool tell_devices_holder(struct json_object *found, const char *group)
{
	struct json_object *members = holder_members(group);
	struct holder holder;
	bool any = false;

	tree_foreach(members, device, driver) {
		char *file = any ? NULL : group_device_file(device);

		(void)driver;
		if (file && holder_find(file, &holder)) {
			group_tell_process(found, file, &holder);
			any = true;
		}
		free(file);
	}
	json_object_put(members);
	return any;
}

void group_tell_holder(struct json_object *found, const char *group)
{
	struct holder holder;

	if (system_is_left())
		cause_evidence(found, "who has /dev/vfio/%s is not known: it is not asked of this machine",
			       group);
	else if (holder_find(group, &holder))
		group_tell_process(found, group, &holder);
	else if (!tell_devices_holder(found, group))
		cause_evidence(found, "nobody has /dev/vfio/%s open any more (or not where this can be seen from here)",
			       group);
}
