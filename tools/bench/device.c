// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether devices may be measured. The client only borrows: it binds nothing,
 * so a device must have been given to vfio-pci by whoever owns it, and one that
 * is in use is refused before anything is opened for measuring. VFIO itself
 * lets a group be opened once, so nobody can come in between either, for as
 * long as the client is open.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "backend.h"
#include "base/fail.h"
#include "client.h"
#include "device.h"
#include "group.h"

static bool is_viable(int fd)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	return !ioctl(fd, VFIO_GROUP_GET_STATUS, &status) &&
	       status.flags & VFIO_GROUP_FLAGS_VIABLE;
}

static void check_driver(const char *bdf)
{
	char path[128], driver[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	if (access(path, F_OK))
		fail(EXIT_RUNTIME, "%s: no such device: %s", bdf, path);
	device_link(bdf, "driver", driver, sizeof(driver));
	if (!*driver)
		fail(EXIT_RUNTIME, "%s: no driver has it: bind it to vfio-pci",
		     bdf);
	if (strcmp(driver, "vfio-pci"))
		fail(EXIT_BUSY, "%s: in use by its driver %s: only a device bound to vfio-pci is measured",
		     bdf, driver);
}

/* Where devices have no groups, only a character device of their own. */
static void check_cdev(char *bdf)
{
	struct client client;

	if (access("/dev/iommu", R_OK | W_OK) && errno == EACCES)
		fail(EXIT_DENIED, "/dev/iommu: permission denied: run as root");
	if (client_open(&client, backend_of("iommufd"), &bdf, 1))
		client_close(&client);
	else if (client.busy)
		fail(EXIT_BUSY, "%s: in use: another process has it open", bdf);
	else
		fail(EXIT_RUNTIME, "%s", client.why);
}

static void check_group(char *bdf)
{
	char group[64];
	int fd;

	device_link(bdf, "iommu_group", group, sizeof(group));
	if (!*group)
		fail(EXIT_RUNTIME, "%s: in no IOMMU group: nothing translates for it",
		     bdf);
	fd = group_open(strtoul(group, NULL, 10));
	if (fd < 0 && errno == EBUSY)
		fail(EXIT_BUSY, "%s: in use: another process has its group %s open",
		     bdf, group);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		fail(EXIT_DENIED, "/dev/vfio/%s: permission denied: run as root",
		     group);
	if (fd < 0 && errno == ENOENT)
		check_cdev(bdf);
	else if (fd < 0)
		fail(EXIT_RUNTIME, "/dev/vfio/%s: %s", group, strerror(errno));
	if (fd >= 0 && !is_viable(fd))
		fail(EXIT_BUSY, "%s: not viable: a driver uses another device of its group %s",
		     bdf, group);
	if (fd >= 0)
		close(fd);
}

void device_check(char *const *devices, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		check_driver(devices[i]);
		check_group(devices[i]);
	}
}
