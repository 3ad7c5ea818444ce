/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_ops.h - what VFIO asks of an IOMMU backend
 *
 * Since 5.16 this is private to VFIO (drivers/vfio/vfio.h), although
 * registering a backend is not. The declaration is 6.1's; later kernels have no
 * @notify, and up to 5.19 two members that are not set here were other ones, for
 * which VFIO looks before it calls them, too. layout.c proves it before it is used.
 */
#ifndef HP_VFIO_OPS_H
#define HP_VFIO_OPS_H

#include <linux/types.h>
#include <linux/vfio.h>

#include "compat.h"

#ifndef HP_COMPAT_VFIO_OPS_PUBLIC

struct iommu_domain;
struct iommu_group;
struct module;
struct page;

enum vfio_group_type {
	VFIO_IOMMU,
	VFIO_EMULATED_IOMMU,
	VFIO_NO_IOMMU,
};

enum vfio_iommu_notify_type {
	VFIO_IOMMU_CONTAINER_CLOSE,
};

struct vfio_iommu_driver_ops {
	char *name;
	struct module *owner;
	void *(*open)(unsigned long arg);
	void (*release)(void *iommu_data);
	long (*ioctl)(void *iommu_data, unsigned int cmd, unsigned long arg);
	int (*attach_group)(void *iommu_data, struct iommu_group *group,
			    enum vfio_group_type type);
	void (*detach_group)(void *iommu_data, struct iommu_group *group);
	int (*pin_pages)(void *iommu_data, struct iommu_group *group,
			 dma_addr_t user_iova, int npage, int prot,
			 struct page **pages);
	void (*unpin_pages)(void *iommu_data, dma_addr_t user_iova, int npage);
	void (*register_device)(void *iommu_data, struct vfio_device *vdev);
	void (*unregister_device)(void *iommu_data, struct vfio_device *vdev);
	int (*dma_rw)(void *iommu_data, dma_addr_t user_iova, void *data,
		      size_t count, bool write);
	struct iommu_domain *(*group_iommu_domain)(void *iommu_data,
						   struct iommu_group *group);
	void (*notify)(void *iommu_data, enum vfio_iommu_notify_type event);
};

int vfio_register_iommu_driver(const struct vfio_iommu_driver_ops *ops);
void vfio_unregister_iommu_driver(const struct vfio_iommu_driver_ops *ops);

#endif /* HP_COMPAT_VFIO_OPS_PUBLIC */

#endif /* HP_VFIO_OPS_H */
