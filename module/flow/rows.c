// SPDX-License-Identifier: GPL-2.0-only
/*
 * rows.c - the one table of probes
 *
 * Model. A row is a function: under which names kernels have it, in which
 * module it lives, what it feeds, and whether the instrument makes sense
 * without it; and the handlers that run when it is called and when it returns.
 * A symbol that a kernel lacks switches off exactly what its row feeds. How
 * rows are armed is no concern of this file (probe.c).
 *
 * Only handlers know what the arguments of a function mean; they are in a file
 * for each of those that do the work: VFIO's files, its backends with hugepath,
 * iommufd, and the IOMMU core.
 */
#include <linux/kernel.h>
#include <linux/vfio.h>

#include "call.h"
#include "iommu.h"
#include "iommufd.h"
#include "open.h"
#include "probe.h"
#include "rows.h"
#include "vfio.h"

/* NULL, for the kernel itself, where the driver is built in. */
#define TYPE1 (IS_BUILTIN(CONFIG_VFIO_IOMMU_TYPE1) ? NULL : "vfio_iommu_type1")
#define IOMMUFD (IS_BUILTIN(CONFIG_IOMMUFD) ? NULL : "iommufd")
#define VFIO (IS_BUILTIN(CONFIG_VFIO) ? NULL : "vfio")
#define HUGEPATH "iovascope_hugepath"

static struct ivs_probe rows[] = {
	{
		.name = "region",
		.module = TYPE1,
		.symbols = { "vfio_iommu_type1_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_vfio_ioctl_entry,
		.ret = ivs_vfio_ioctl_return,
	},
	{
		.name = "vfio_attach",
		.module = TYPE1,
		.symbols = { "vfio_iommu_type1_attach_group" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_vfio_attach_entry,
		.ret = ivs_vfio_attach_return,
	},
	{
		.name = "pin",
		.module = TYPE1,
		.symbols = { "vfio_pin_pages_remote" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_vfio_pin_entry,
		.ret = ivs_vfio_pin_return,
	},
	{
		.name = "unpin",
		.module = TYPE1,
		.symbols = { "vfio_unpin_pages_remote" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_vfio_unpin_entry,
		.ret = ivs_vfio_unpin_return,
	},
	{
		.name = "teardown",
		.module = TYPE1,
		.symbols = { "vfio_unmap_unpin" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_vfio_teardown_entry,
		.ret = ivs_vfio_teardown_return,
	},
#if IS_ENABLED(CONFIG_IOMMUFD)
	{
		.name = "iommufd_region",
		.module = IOMMUFD,
		.symbols = { "iommufd_fops_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_ioctl_entry,
		.ret = ivs_iommufd_ioctl_return,
	},
	{
		.name = "iommufd_attach",
		.module = IOMMUFD,
		.symbols = { "iommufd_device_attach" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_attach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_replace",
		.module = IOMMUFD,
		.symbols = { "iommufd_device_replace" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_attach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_detach",
		.module = IOMMUFD,
		.symbols = { "iommufd_device_detach" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_detach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_release",
		.module = IOMMUFD,
		.symbols = { "iommufd_fops_release" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_detach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_table",
		.module = IOMMUFD,
		.symbols = { "iommufd_hwpt_paging_alloc" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_table_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_pin",
		.module = IOMMUFD,
		.symbols = { "pfn_reader_user_pin" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_iommufd_pin_entry,
		.ret = ivs_iommufd_pin_return,
	},
	{
		.name = "iommufd_unpin",
		.module = IOMMUFD,
		.symbols = { "batch_unpin" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_iommufd_unpin_entry,
		.ret = ivs_iommufd_unpin_return,
	},
	{
		.name = "iommufd_teardown",
		.module = IOMMUFD,
		.symbols = { "iopt_area_unfill_domains" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_iommufd_teardown_entry,
		.ret = ivs_iommufd_teardown_return,
	},
	{
		.name = "iommufd_last",
		.module = IOMMUFD,
		.symbols = { "iopt_area_unfill_domain" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_iommufd_teardown_entry,
		.ret = ivs_iommufd_teardown_return,
	},
#endif
	{
		.name = "vfio_container",
		.module = VFIO,
		.symbols = { "vfio_fops_unl_ioctl" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.prefilter = ivs_open_container_prefilter,
		.entry = ivs_open_container_entry,
		.ret = ivs_open_container_return,
	},
	{
		.name = "vfio_group",
		.module = VFIO,
		.symbols = { "vfio_group_fops_unl_ioctl" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.prefilter = ivs_open_group_prefilter,
		.entry = ivs_open_group_entry,
		.ret = ivs_open_group_return,
	},
	{
		.name = "vfio_group_open",
		.module = VFIO,
		.symbols = { "vfio_group_fops_open" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.entry = ivs_open_group_file_entry,
		.ret = ivs_open_file_return,
	},
#ifdef VFIO_DEVICE_BIND_IOMMUFD
	{
		.name = "vfio_device",
		.module = VFIO,
		.symbols = { "vfio_device_fops_unl_ioctl" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.prefilter = ivs_open_device_prefilter,
		.entry = ivs_open_device_entry,
		.ret = ivs_open_file_return,
	},
	{
		.name = "vfio_device_open",
		.module = VFIO,
		.symbols = { "vfio_device_fops_cdev_open" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.entry = ivs_open_device_file_entry,
		.ret = ivs_open_file_return,
	},
#endif
	{
		.name = "hugepath_region",
		.module = HUGEPATH,
		.symbols = { "hugepath_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_hugepath_ioctl_entry,
		.ret = ivs_vfio_ioctl_return,
	},
	{
		.name = "hugepath_attach",
		.module = HUGEPATH,
		.symbols = { "hugepath_attach_group" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_hugepath_attach_entry,
		.ret = ivs_vfio_attach_return,
	},
	{
		.name = "hugepath_pin",
		.module = HUGEPATH,
		.symbols = { "hugepath_pin" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_vfio_pin_entry,
		.ret = ivs_vfio_pin_return,
	},
	{
		.name = "hugepath_unpin",
		.module = HUGEPATH,
		.symbols = { "hugepath_unpin" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_vfio_unpin_entry,
		.ret = ivs_vfio_unpin_return,
	},
	{
		.name = "hugepath_teardown",
		.module = HUGEPATH,
		.symbols = { "hugepath_teardown" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_hugepath_teardown_entry,
		.ret = ivs_vfio_teardown_return,
	},
	{
		.name = "map",
		.symbols = { "iommu_map" },
		.feeds = BIT(IVS_MAP),
		.required = true,
		.prefilter = ivs_iommu_prefilter,
		.entry = ivs_iommu_map_entry,
		.ret = ivs_iommu_map_return,
	},
	{
		.name = "dma_map",
		.symbols = { "iommu_map_nosync", "__iommu_map" },
		.feeds = BIT(IVS_MAP),
		.dma_api = true,
		.entry = ivs_iommu_dma_map_entry,
		.ret = ivs_iommu_map_return,
	},
	{
		.name = "unmap",
		.symbols = { "iommu_unmap" },
		.feeds = BIT(IVS_UNMAP),
		.required = true,
		.prefilter = ivs_iommu_prefilter,
		.entry = ivs_iommu_unmap_entry,
		.ret = ivs_iommu_unmap_return,
	},
	{
		.name = "unmap_fast",
		.symbols = { "iommu_unmap_fast" },
		.feeds = BIT(IVS_UNMAP),
		.required = true,
		.prefilter = ivs_iommu_prefilter,
		.entry = ivs_iommu_unmap_entry,
		.ret = ivs_iommu_unmap_return,
	},
	{
		.name = "attach",
		.symbols = { "__iommu_attach_device",
			     "intel_iommu_attach_device" },
		.feeds = BIT(IVS_FEED_DEVICES),
		.entry = ivs_iommu_attach_entry,
		.ret = ivs_iommu_attach_return,
	},
	{
		.name = "domain_free",
		.symbols = { "iommu_domain_free" },
		.feeds = BIT(IVS_FEED_LIFETIME),
		.required = true,
		.entry = ivs_iommu_free_entry,
	},
};

/**
 * ivs_rows_init - arm every row there is a function for
 * @skip: comma-separated names of rows to leave off, or NULL
 *
 * Context: may sleep.
 * Return: as ivs_probes_init().
 */
int ivs_rows_init(const char *skip)
{
	return ivs_probes_init(rows, ARRAY_SIZE(rows), sizeof(struct ivs_call),
			       skip);
}
