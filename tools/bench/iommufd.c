// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend iommufd: the device is a character device of its own, and what
 * is mapped belongs to an IO address space (IOAS) of /dev/iommu.
 *
 * The tool is also built where the kernel's headers are older than iommufd, so
 * the few structures it needs are declared here; they are ABI and do not change.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/types.h>
#include <linux/vfio.h>

#include "client.h"
#include "iommufd.h"

#define IOAS_ALLOC	_IO(';', 0x81)
#define IOAS_MAP	_IO(';', 0x85)
#define IOAS_UNMAP	_IO(';', 0x86)
#define IOAS_MAP_FILE	_IO(';', 0x8f)
#define DEVICE_BIND	_IO(VFIO_TYPE, VFIO_BASE + 18)
#define DEVICE_ATTACH	_IO(VFIO_TYPE, VFIO_BASE + 19)

/* Fixed IOVA, writable, readable. */
#define IOAS_MAP_FLAGS	0x7

struct ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

struct ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

struct ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};

struct ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
};

struct device_bind {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};

struct device_attach {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
};

static int cdev_open(const char *bdf)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;
	int fd = -1;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	errno = ENOENT;
	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static bool iommufd_add(struct client *client, struct client_device *device)
{
	struct device_attach attach = {
		.argsz = sizeof(attach), .pt_id = client->ioas,
	};
	struct device_bind bind = {
		.argsz = sizeof(bind), .iommufd = client->fd,
	};

	device->fd = cdev_open(device->bdf);
	if (device->fd < 0)
		return client_refuse(client, "no character device for %s: %s",
				     device->bdf, strerror(errno));
	if (ioctl(device->fd, DEVICE_BIND, &bind)) {
		/* Its group is open, or it is (vfio_df_open()). */
		client->busy = errno == EBUSY || errno == EINVAL;
		return client_refuse(client, "VFIO_DEVICE_BIND_IOMMUFD of %s: %s",
				     device->bdf, strerror(errno));
	}
	return !ioctl(device->fd, DEVICE_ATTACH, &attach) ||
	       client_refuse(client, "VFIO_DEVICE_ATTACH_IOMMUFD_PT of %s: %s",
			     device->bdf, strerror(errno));
}

/* A container of VFIO's own knows no such call. */
bool iommufd_serves(int container)
{
	struct ioas_alloc alloc = { .size = sizeof(alloc) };

	return !ioctl(container, IOAS_ALLOC, &alloc);
}

bool iommufd_open(struct client *client)
{
	struct ioas_alloc alloc = { .size = sizeof(alloc) };

	client->fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (client->fd < 0)
		return client_refuse(client, "/dev/iommu: %s", strerror(errno));
	if (ioctl(client->fd, IOAS_ALLOC, &alloc))
		return client_refuse(client, "IOMMU_IOAS_ALLOC: %s",
				     strerror(errno));
	client->ioas = alloc.out_ioas_id;
	for (size_t i = 0; i < client->nr; i++)
		if (!iommufd_add(client, &client->device[i]))
			return false;
	return true;
}

bool iommufd_map(struct client *client, uint64_t iova,
		 const struct memory *memory, uint64_t offset, uint64_t bytes)
{
	struct ioas_map map = {
		.size = sizeof(map),
		.flags = IOAS_MAP_FLAGS,
		.ioas_id = client->ioas,
		.user_va = (uintptr_t)memory->va + offset,
		.length = bytes,
		.iova = iova,
	};

	return !ioctl(client->fd, IOAS_MAP, &map) ||
	       client_refuse(client, "IOMMU_IOAS_MAP: %s", strerror(errno));
}

bool iommufd_map_file(struct client *client, uint64_t iova,
		      const struct memory *memory, uint64_t offset,
		      uint64_t bytes)
{
	struct ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOAS_MAP_FLAGS,
		.ioas_id = client->ioas,
		.fd = memory->fd,
		.start = offset,
		.length = bytes,
		.iova = iova,
	};

	return !ioctl(client->fd, IOAS_MAP_FILE, &map) ||
	       client_refuse(client, "IOMMU_IOAS_MAP_FILE: %s",
			     strerror(errno));
}

bool iommufd_unmap(struct client *client, uint64_t iova, uint64_t bytes)
{
	struct ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = client->ioas,
		.iova = iova,
		.length = bytes,
	};

	if (ioctl(client->fd, IOAS_UNMAP, &unmap))
		return client_refuse(client, "IOMMU_IOAS_UNMAP: %s",
				     strerror(errno));
	return unmap.length == bytes ||
	       client_refuse(client, "IOMMU_IOAS_UNMAP: %ju of %ju bytes",
			     (uintmax_t)unmap.length, (uintmax_t)bytes);
}
