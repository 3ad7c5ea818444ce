// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VFIO client, as small as measuring needs it: devices, and a way to map and
 * unmap memory for them. What serves it is a backend, one row of a table:
 * type1 and what speaks its language are here, iommufd is next door.
 *
 * The client only borrows. It binds nothing, so a device must have been given
 * to vfio-pci by whoever owns it; a device that is in use is refused before
 * anything is opened for measuring. VFIO itself lets a group be opened once,
 * so nobody can come in between either, for as long as the client is open.
 *
 * Nobody makes the device a bus master, so it does no DMA whatever is mapped.
 * Its BAR is mapped but never read: a register may do something when it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "../module/uapi/iovascope_hugepath.h"
#include "client.h"
#include "fail.h"
#include "leaf.h"
#include "system.h"

bool client_refuse(struct client *client, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(client->why, sizeof(client->why), fmt, args);
	va_end(args);
	return false;
}

/* The last component of a link of the device, "" where there is none. */
static void link_of(const char *bdf, const char *name, char *word, size_t size)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	snprintf(word, size, "%s", len > 0 ? basename(target) : "");
}

static int open_group(unsigned int group)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%u", group);
	return open(path, O_RDWR | O_CLOEXEC);
}

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
	link_of(bdf, "driver", driver, sizeof(driver));
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

	link_of(bdf, "iommu_group", group, sizeof(group));
	if (!*group)
		fail(EXIT_RUNTIME, "%s: in no IOMMU group: nothing translates for it",
		     bdf);
	fd = open_group(strtoul(group, NULL, 10));
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

void client_check(char *const *devices, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		check_driver(devices[i]);
		check_group(devices[i]);
	}
}

/* Devices may share a group, which is opened once. */
static int group_of(struct client *client, struct client_device *device)
{
	char group[64];

	link_of(device->bdf, "iommu_group", group, sizeof(group));
	device->group = strtoul(group, NULL, 10);
	for (size_t i = 0; i < client->nr; i++)
		if (client->device[i].group == device->group)
			return dup(client->device[i].group_fd);
	device->group_fd = open_group(device->group);
	if (device->group_fd < 0 ||
	    ioctl(device->group_fd, VFIO_GROUP_SET_CONTAINER, &client->fd))
		return -1;
	return device->group_fd;
}

static bool add_device(struct client *client, const char *bdf)
{
	struct client_device *device = &client->device[client->nr];

	*device = (struct client_device){ .bdf = bdf, .group_fd = -1, .fd = -1 };
	device->group_fd = group_of(client, device);
	client->nr++;
	if (device->group_fd < 0)
		return client_refuse(client, "group %u of %s: %s",
				     device->group, bdf, strerror(errno));
	if (client->nr == 1 &&
	    ioctl(client->fd, VFIO_SET_IOMMU, client->backend->type))
		return client_refuse(client, "VFIO_SET_IOMMU: %s",
				     strerror(errno));
	device->fd = ioctl(device->group_fd, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (device->fd < 0)
		return client_refuse(client, "VFIO_GROUP_GET_DEVICE_FD of %s: %s",
				     bdf, strerror(errno));
	return true;
}

/* @client->device holds the names. */
static bool container_open(struct client *client)
{
	size_t nr = client->nr;

	client->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (client->fd < 0)
		return client_refuse(client, "/dev/vfio/vfio: %s",
				     strerror(errno));
	if (iommufd_serves(client->fd))
		return client_refuse(client, "/dev/vfio/vfio is iommufd on this kernel");
	if (!ioctl(client->fd, VFIO_CHECK_EXTENSION, client->backend->type))
		return client_refuse(client, "VFIO here has no IOMMU of type 0x%x",
				     client->backend->type);
	client->nr = 0;
	for (size_t i = 0; i < nr; i++)
		if (!add_device(client, client->device[i].bdf))
			return false;
	return true;
}

/* Where hugepath answers for type1, nothing is type1. */
static bool type1_open(struct client *client)
{
	char *word = system_line("/sys/module/iovascope_hugepath/parameters/takeover");
	bool taken = word && !strcmp(word, "Y");

	free(word);
	if (taken)
		return client_refuse(client, "hugepath answers for type1 here: takeover is on");
	return container_open(client);
}

static bool hugepath_open(struct client *client)
{
	if (!system_has("/sys/module/iovascope_hugepath"))
		return client_refuse(client, "module iovascope_hugepath is not loaded");
	if (!container_open(client))
		return false;
	return !ioctl(client->fd, IOVASCOPE_HUGEPATH_SET_LEAF,
		      client->backend->leaf) ||
	       client_refuse(client, "IOVASCOPE_HUGEPATH_SET_LEAF: %s",
			     strerror(errno));
}

static bool container_map(struct client *client, uint64_t iova,
			  const struct memory *memory, uint64_t offset,
			  uint64_t bytes)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory->va + offset,
		.iova = iova,
		.size = bytes,
	};

	return !ioctl(client->fd, VFIO_IOMMU_MAP_DMA, &map) ||
	       client_refuse(client, "VFIO_IOMMU_MAP_DMA: %s", strerror(errno));
}

static bool container_unmap(struct client *client, uint64_t iova,
			    uint64_t bytes)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = bytes,
	};

	if (ioctl(client->fd, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return client_refuse(client, "VFIO_IOMMU_UNMAP_DMA: %s",
				     strerror(errno));
	return unmap.size == bytes ||
	       client_refuse(client, "VFIO_IOMMU_UNMAP_DMA: %ju of %ju bytes",
			     (uintmax_t)unmap.size, (uintmax_t)bytes);
}

const struct backend backends[] = {
	{
		.name = "type1",
		.type = VFIO_TYPE1v2_IOMMU,
		.open = type1_open,
		.map = container_map,
		.unmap = container_unmap,
	}, {
		.name = "iommufd",
		.open = iommufd_open,
		.map = iommufd_map,
		.unmap = iommufd_unmap,
	}, {
		.name = "iommufd_file",
		.wants_file = true,
		.open = iommufd_open,
		.map = iommufd_map_file,
		.unmap = iommufd_unmap,
	}, {
		.name = "hugepath",
		.type = IOVASCOPE_HUGEPATH_IOMMU,
		.leaf = 1ull << 30,
		.open = hugepath_open,
		.map = container_map,
		.unmap = container_unmap,
	}, {
		.name = "hugepath_2m",
		.type = IOVASCOPE_HUGEPATH_IOMMU,
		.leaf = 1ull << 21,
		.open = hugepath_open,
		.map = container_map,
		.unmap = container_unmap,
	}, {
		.name = "hugepath_4k",
		.type = IOVASCOPE_HUGEPATH_IOMMU,
		.leaf = 1ull << 12,
		.open = hugepath_open,
		.map = container_map,
		.unmap = container_unmap,
	},
	{ .name = NULL }
};

const struct backend *backend_of(const char *name)
{
	for (const struct backend *b = backends; b->name; b++)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

bool client_open(struct client *client, const struct backend *backend,
		 char *const *devices, size_t nr)
{
	memset(client, 0, sizeof(*client));
	client->backend = backend;
	client->fd = -1;
	for (size_t i = 0; i < nr; i++)
		client->device[i] = (struct client_device){
			.bdf = devices[i], .group_fd = -1, .fd = -1
		};
	client->nr = nr;
	if (backend->open(client))
		return true;
	client_close(client);
	return false;
}

/* The last group that goes takes with it what is still mapped. */
void client_close(struct client *client)
{
	for (size_t i = 0; i < client->nr; i++) {
		if (client->device[i].fd >= 0)
			close(client->device[i].fd);
		if (client->device[i].group_fd >= 0)
			close(client->device[i].group_fd);
	}
	if (client->fd >= 0)
		close(client->fd);
	client->nr = 0;
	client->fd = -1;
}

static bool bar_info(struct client *client, size_t nr, unsigned int bar,
		     struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){
		.argsz = sizeof(*info),
		.index = VFIO_PCI_BAR0_REGION_INDEX + bar,
	};
	return !ioctl(client->device[nr].fd, VFIO_DEVICE_GET_REGION_INFO, info) &&
	       info->flags & VFIO_REGION_INFO_FLAG_MMAP;
}

bool client_bar(struct client *client, size_t nr, struct memory *memory,
		uint64_t want, uint64_t align, uint64_t shift)
{
	struct vfio_region_info info, best = { .size = 0 };

	for (unsigned int bar = 0; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++)
		if (bar_info(client, nr, bar, &info) && info.size > best.size)
			best = info;
	if (!best.size)
		return client_refuse(client, "%s has no BAR that can be mapped",
				     client->device[nr].bdf);
	return memory_map(memory, client->device[nr].fd, best.offset,
			  best.size < want ? best.size : want, align, shift) ||
	       client_refuse(client, "BAR %u of %s: %s", best.index,
			     client->device[nr].bdf, memory->why);
}
