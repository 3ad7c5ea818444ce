/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommufd.h - iommufd's own interface, as small as the tests need it
 *
 * __x() answers -errno, x() accepts nothing but success.
 */
#ifndef LIB_IOMMUFD_H
#define LIB_IOMMUFD_H

#include "iommufd_abi.h"
#include "vfio.h"

#define IOAS_RW (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)
#define IOAS_FIXED (IOAS_RW | IOMMU_IOAS_MAP_FIXED_IOVA)

/* An IO address space, in a context of its own or in another one's. */
struct ioas {
	int fd;
	__u32 id;
};

void ioas_open(struct ioas *ioas);
void ioas_add(struct ioas *ioas, int fd);
/* Whole leaves, or 4K ones only: before anything is mapped. */
int __ioas_huge_pages(struct ioas *ioas, int on);

/* *iova is where, or, without IOMMU_IOAS_MAP_FIXED_IOVA, becomes it. */
int __ioas_map(struct ioas *ioas, __u64 *iova, const void *va, __u64 size,
	       __u32 flags);
void ioas_map(struct ioas *ioas, __u64 iova, const void *va, __u64 size);
int __ioas_map_file(struct ioas *ioas, __u64 *iova, int fd, __u64 start,
		    __u64 size, __u32 flags);
int __ioas_copy(struct ioas *to, __u64 *iova, const struct ioas *from,
		__u64 from_iova, __u64 size, __u32 flags);
int __ioas_unmap(struct ioas *ioas, __u64 iova, __u64 size, __u64 *unmapped);
void ioas_unmap(struct ioas *ioas, __u64 iova, __u64 size);

/* A device, by its character device; @vfio is for what takes one. */
struct cdev {
	struct vfio_device dev;
	__u32 id;
};

void cdev_open(struct cdev *cdev, const char *bdf, int iommufd);
/* To an IOAS, or to a page table by its id. */
int __cdev_attach(struct cdev *cdev, __u32 id);
void cdev_attach(struct cdev *cdev, __u32 id);
void cdev_detach(struct cdev *cdev);
void cdev_close(struct cdev *cdev);

/* A page table of an IOAS, before any device uses it. */
__u32 hwpt_alloc(struct ioas *ioas, const struct cdev *cdev);
void iommufd_destroy(int fd, __u32 id);

/* A dma-buf of a part of a BAR: its descriptor, or -errno. */
int __cdev_dma_buf(struct cdev *cdev, int bar, __u64 offset, __u64 size);

/* A VFIO container that is an iommufd. */
int __vfio_open_iommufd(struct vfio *v, int type, const char *bdf);
void vfio_open_iommufd(struct vfio *v, int type, const char *bdf);
/* And the address space that its maps go to. */
void vfio_ioas(struct vfio *v, struct ioas *ioas);

#endif /* LIB_IOMMUFD_H */
