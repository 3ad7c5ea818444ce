// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VFIO client with a container of its own.
 *
 * The order is VFIO's: container, group, SET_IOMMU, device. Closing goes the
 * other way round, and closing the last group is what makes type1 release
 * everything that is still mapped. All descriptors are close-on-exec, but
 * fork() shares them: a child that inherits one keeps the container alive.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/pci_regs.h>

#include "must.h"
#include "vfio.h"

static int group_open(struct vfio *v, struct vfio_device *dev)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[32];

	dev->group = pci_group(dev->bdf);
	snprintf(path, sizeof(path), "/dev/vfio/%d", dev->group);
	dev->group_fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->group_fd < 0)
		return -errno;
	if (ioctl(dev->group_fd, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;
	if (ioctl(dev->group_fd, VFIO_GROUP_SET_CONTAINER, &v->fd))
		return -errno;
	return 0;
}

static int device_open(struct vfio_device *dev)
{
	dev->fd = ioctl(dev->group_fd, VFIO_GROUP_GET_DEVICE_FD, dev->bdf);
	return dev->fd < 0 ? -errno : 0;
}

static int get_info(struct vfio *v)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };

	if (ioctl(v->fd, VFIO_IOMMU_GET_INFO, &info))
		return -errno;
	if (!(info.flags & VFIO_IOMMU_INFO_PGSIZES))
		return -ENOTSUP;
	v->pgsizes = info.iova_pgsizes;
	return 0;
}

int __vfio_add(struct vfio *v, const char *bdf)
{
	struct vfio_device *dev = &v->dev[v->nr];
	int ret;

	if (v->nr == VFIO_MAX_DEVICES)
		return -ENOSPC;
	memset(dev, 0, sizeof(*dev));
	dev->group_fd = -1;
	dev->fd = -1;
	snprintf(dev->bdf, sizeof(dev->bdf), "%s", bdf);
	ret = __pci_bind_vfio(bdf);
	if (ret)
		return ret;
	v->nr++;
	ret = group_open(v, dev);
	if (!ret && v->nr == 1 && ioctl(v->fd, VFIO_SET_IOMMU, v->type))
		ret = -errno;
	if (!ret)
		ret = device_open(dev);
	if (!ret)
		ret = get_info(v);
	return ret;
}

void vfio_add(struct vfio *v, const char *bdf)
{
	must_work(__vfio_add(v, bdf));
}

int __vfio_open(struct vfio *v, int type, const char *bdf)
{
	int ret;

	memset(v, 0, sizeof(*v));
	v->type = type;
	/* Opening /dev/vfio/vfio is what loads vfio, vfio-pci needs it too. */
	ret = __pci_bind_vfio(bdf);
	if (ret)
		return ret;
	v->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (v->fd < 0)
		return -errno;
	if (ioctl(v->fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		ret = -EPROTO;
	else if (!ioctl(v->fd, VFIO_CHECK_EXTENSION, type))
		ret = -EOPNOTSUPP;
	else
		ret = __vfio_add(v, bdf);
	if (ret)
		vfio_close(v);
	return ret;
}

void vfio_open(struct vfio *v, int type, const char *bdf)
{
	must_work(__vfio_open(v, type, bdf));
}

void vfio_remove(struct vfio *v)
{
	struct vfio_device *dev = &v->dev[--v->nr];

	if (dev->fd >= 0)
		close(dev->fd);
	if (dev->group_fd >= 0)
		close(dev->group_fd);
}

void vfio_close(struct vfio *v)
{
	while (v->nr)
		vfio_remove(v);
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
}

int __vfio_map(struct vfio *v, __u64 iova, const void *va, __u64 size,
	       __u32 flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (unsigned long)va,
		.iova = iova,
		.size = size,
	};

	return ioctl(v->fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

void vfio_map(struct vfio *v, __u64 iova, const void *va, __u64 size)
{
	must_work(__vfio_map(v, iova, va, size, VFIO_RW));
}

int __vfio_unmap(struct vfio *v, __u64 iova, __u64 size, __u32 flags,
		 __u64 *unmapped)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = flags,
		.iova = iova,
		.size = size,
	};

	if (ioctl(v->fd, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return -errno;
	if (unmapped)
		*unmapped = unmap.size;
	return 0;
}

void vfio_unmap(struct vfio *v, __u64 iova, __u64 size)
{
	__u64 unmapped = 0;

	must_work(__vfio_unmap(v, iova, size, 0, &unmapped));
	must_eq(unmapped, size);
}

void vfio_region(struct vfio_device *dev, int index, __u64 *offset,
		 __u64 *size)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = index,
	};

	must_eq(ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	*offset = info.offset;
	*size = info.size;
}

void *vfio_bar_mmap(struct vfio_device *dev, int bar, __u64 offset, __u64 size,
		    __u64 align, __u64 shift)
{
	__u64 base, bar_size, room = size + align + shift;
	char *window, *va, *end;

	vfio_region(dev, bar, &base, &bar_size);
	must_op(offset + size, <=, bar_size);
	window = mmap(NULL, room, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(window != MAP_FAILED);
	va = (char *)(((unsigned long)window + align - 1) & ~(align - 1)) +
	     shift;
	must(mmap(va, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		  dev->fd, base + offset) == va);

	/* Give back what the alignment wasted. */
	end = window + room;
	if (va > window)
		munmap(window, va - window);
	if (va + size < end)
		munmap(va + size, end - (va + size));
	return va;
}

static void command(struct vfio_device *dev, __u16 clear, __u16 set)
{
	__u64 base, size;
	__u16 command;

	vfio_region(dev, VFIO_PCI_CONFIG_REGION_INDEX, &base, &size);
	must_eq(pread(dev->fd, &command, 2, base + PCI_COMMAND), 2);
	command = (command & ~clear) | set;
	must_eq(pwrite(dev->fd, &command, 2, base + PCI_COMMAND), 2);
}

void vfio_bus_master(struct vfio_device *dev)
{
	command(dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void vfio_bars_on(struct vfio_device *dev)
{
	command(dev, 0, PCI_COMMAND_MEMORY);
}

void vfio_bars_off(struct vfio_device *dev)
{
	command(dev, PCI_COMMAND_MEMORY, 0);
}
