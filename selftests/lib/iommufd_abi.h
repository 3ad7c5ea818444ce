/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What <linux/iommufd.h> and <linux/vfio.h> of 7.3 say, for machines whose
 * headers are older than what their kernels can do.
 */
#ifndef LIB_IOMMUFD_ABI_H
#define LIB_IOMMUFD_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IOMMU_DESTROY		_IO(';', 0x80)
#define IOMMU_IOAS_ALLOC	_IO(';', 0x81)
#define IOMMU_IOAS_COPY		_IO(';', 0x83)
#define IOMMU_IOAS_MAP		_IO(';', 0x85)
#define IOMMU_IOAS_UNMAP	_IO(';', 0x86)
#define IOMMU_OPTION		_IO(';', 0x87)
#define IOMMU_VFIO_IOAS		_IO(';', 0x88)
#define IOMMU_HWPT_ALLOC	_IO(';', 0x89)
#define IOMMU_IOAS_MAP_FILE	_IO(';', 0x8f)

#define IOMMU_IOAS_MAP_FIXED_IOVA	(1 << 0)
#define IOMMU_IOAS_MAP_WRITEABLE	(1 << 1)
#define IOMMU_IOAS_MAP_READABLE		(1 << 2)

#define IOMMU_OPTION_HUGE_PAGES	1
#define IOMMU_OPTION_OP_SET	0
#define IOMMU_VFIO_IOAS_GET	0
#define IOMMU_VFIO_IOAS_SET	1

struct iommu_destroy {
	__u32 size;
	__u32 id;
};

struct iommu_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

struct iommu_ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

struct iommu_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};

struct iommu_ioas_copy {
	__u32 size;
	__u32 flags;
	__u32 dst_ioas_id;
	__u32 src_ioas_id;
	__aligned_u64 length;
	__aligned_u64 dst_iova;
	__aligned_u64 src_iova;
};

struct iommu_ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
};

struct iommu_option {
	__u32 size;
	__u32 option_id;
	__u16 op;
	__u16 reserved;
	__u32 object_id;
	__aligned_u64 val64;
};

struct iommu_vfio_ioas {
	__u32 size;
	__u32 ioas_id;
	__u16 op;
	__u16 reserved;
};

struct iommu_hwpt_alloc {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 pt_id;
	__u32 out_hwpt_id;
	__u32 reserved;
	__u32 data_type;
	__u32 data_len;
	__aligned_u64 data_uptr;
	__u32 fault_id;
	__u32 reserved2;
};

#ifndef VFIO_DEVICE_BIND_IOMMUFD
#define VFIO_DEVICE_BIND_IOMMUFD	_IO(';', 100 + 18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT	_IO(';', 100 + 19)
#define VFIO_DEVICE_DETACH_IOMMUFD_PT	_IO(';', 100 + 20)

struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};

struct vfio_device_attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
};

struct vfio_device_detach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
};
#endif

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
#define VFIO_DEVICE_FEATURE_DMA_BUF 11

struct vfio_region_dma_range {
	__u64 offset;
	__u64 length;
};

struct vfio_device_feature_dma_buf {
	__u32 region_index;
	__u32 open_flags;
	__u32 flags;
	__u32 nr_ranges;
	struct vfio_region_dma_range dma_ranges[];
};
#endif

#endif /* LIB_IOMMUFD_ABI_H */
