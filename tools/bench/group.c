// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /sys says of a device that is to be measured, and its IOMMU group. This
 * is the machine itself, never a recorded one: what is opened is used.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

#include "group.h"

void device_link(const char *bdf, const char *name, char *word, size_t size)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	snprintf(word, size, "%s", len > 0 ? basename(target) : "");
}

int group_open(unsigned int group)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%u", group);
	return open(path, O_RDWR | O_CLOEXEC);
}
