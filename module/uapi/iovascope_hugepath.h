/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * iovascope_hugepath.h - asking for the experimental VFIO backend by name
 *
 * iovascope_hugepath.ko is a VFIO IOMMU backend with the interface of type1
 * (v2). A program finds it with
 *
 *	ioctl(container, VFIO_CHECK_EXTENSION, IOVASCOPE_HUGEPATH_IOMMU)
 *
 * and takes it with VFIO_SET_IOMMU and the same number. From then on
 * VFIO_IOMMU_GET_INFO, VFIO_IOMMU_MAP_DMA and VFIO_IOMMU_UNMAP_DMA are those of
 * VFIO_TYPE1v2_IOMMU in <linux/vfio.h>.
 */
#ifndef _UAPI_IOVASCOPE_HUGEPATH_H
#define _UAPI_IOVASCOPE_HUGEPATH_H

#include <linux/ioctl.h>
#include <linux/vfio.h>

/* "hugepath" is no number of VFIO's, which counts from 1. */
#define IOVASCOPE_HUGEPATH_IOMMU 0x68756765

/*
 * IOVASCOPE_HUGEPATH_SET_LEAF - the largest leaf of this container
 *
 * The argument is a size in bytes, by value: 4096, 2 MiB or 1 GiB. It holds for
 * what is mapped after it. Fails with EINVAL for another size and with EBUSY
 * when something is mapped; a container starts with the module's parameter
 * "leaf".
 */
#define IOVASCOPE_HUGEPATH_SET_LEAF _IO(VFIO_TYPE, VFIO_BASE + 140)

#endif /* _UAPI_IOVASCOPE_HUGEPATH_H */
