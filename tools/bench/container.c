// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backends that speak type1's language: a container of VFIO that groups are
 * put into, served by type1 itself or by hugepath.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "../module/uapi/iovascope_hugepath.h"
#include "base/system.h"
#include "client.h"
#include "container.h"
#include "group.h"
#include "iommufd.h"

/* Devices may share a group, which is opened once. */
static int device_group(struct client *client, struct client_device *device)
{
	char group[64];

	device_link(device->bdf, "iommu_group", group, sizeof(group));
	device->group = strtoul(group, NULL, 10);
	for (size_t i = 0; i < client->nr; i++)
		if (client->device[i].group == device->group)
			return dup(client->device[i].group_fd);
	device->group_fd = group_open(device->group);
	if (device->group_fd < 0 ||
	    ioctl(device->group_fd, VFIO_GROUP_SET_CONTAINER, &client->fd))
		return -1;
	return device->group_fd;
}

static bool container_add(struct client *client, const char *bdf)
{
	struct client_device *device = &client->device[client->nr];

	*device = (struct client_device){ .bdf = bdf, .group_fd = -1, .fd = -1 };
	device->group_fd = device_group(client, device);
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
		if (!container_add(client, client->device[i].bdf))
			return false;
	return true;
}

/* Where hugepath answers for type1, nothing is type1. */
bool type1_open(struct client *client)
{
	char *word = system_line("/sys/module/iovascope_hugepath/parameters/takeover");
	bool taken = word && !strcmp(word, "Y");

	free(word);
	if (taken)
		return client_refuse(client, "hugepath answers for type1 here: takeover is on");
	return container_open(client);
}

bool hugepath_open(struct client *client)
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

bool container_map(struct client *client, uint64_t iova,
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

bool container_unmap(struct client *client, uint64_t iova,
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
