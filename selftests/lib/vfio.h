/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio.h - VFIO's container interface, as small as the tests need it
 *
 * __vfio_x() answers -errno, vfio_x() accepts nothing but success.
 */
#ifndef LIB_VFIO_H
#define LIB_VFIO_H

#include <linux/types.h>
#include <linux/vfio.h>

#include "pci.h"

#define VFIO_MAX_DEVICES 8
#define VFIO_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

struct vfio_device {
	char bdf[PCI_BDF_LEN];
	int group;
	int group_fd;
	int fd;
};

/* One container and what is in it. */
struct vfio {
	int fd;
	int type;
	__u64 pgsizes;
	int nr;
	struct vfio_device dev[VFIO_MAX_DEVICES];
};

/* A container with one device; type is VFIO_TYPE1v2_IOMMU or an older one. */
int __vfio_open(struct vfio *v, int type, const char *bdf);
void vfio_open(struct vfio *v, int type, const char *bdf);
/* One more group into the container. */
int __vfio_add(struct vfio *v, const char *bdf);
void vfio_add(struct vfio *v, const char *bdf);
/* The one that came last out of it again. */
void vfio_remove(struct vfio *v);
void vfio_close(struct vfio *v);

int __vfio_map(struct vfio *v, __u64 iova, const void *va, __u64 size,
	       __u32 flags);
void vfio_map(struct vfio *v, __u64 iova, const void *va, __u64 size);
/* *unmapped is what the kernel reports; untouched on failure. */
int __vfio_unmap(struct vfio *v, __u64 iova, __u64 size, __u32 flags,
		 __u64 *unmapped);
/* Must remove exactly size bytes. */
void vfio_unmap(struct vfio *v, __u64 iova, __u64 size);

/* Where a region of the device lies in its file. */
void vfio_region(struct vfio_device *dev, int index, __u64 *offset,
		 __u64 *size);
/*
 * Map [offset, offset + size) of a BAR at a virtual address that is align-ed
 * plus shift.
 */
void *vfio_bar_mmap(struct vfio_device *dev, int bar, __u64 offset, __u64 size,
		    __u64 align, __u64 shift);
void vfio_bus_master(struct vfio_device *dev);
/* Off: vfio-pci takes them from whoever has mapped them, and refuses faults. */
void vfio_bars_on(struct vfio_device *dev);
void vfio_bars_off(struct vfio_device *dev);

#endif /* LIB_VFIO_H */
