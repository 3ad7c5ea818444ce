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
#include <linux/seq_file.h>
#include <linux/vfio.h>

#include "call.h"
#include "find.h"
#include "iommu.h"
#include "iommufd.h"
#include "open.h"
#include "probe.h"
#include "rows.h"
#include "vfio.h"

#define TYPE1 \
	.module = "vfio_iommu_type1", \
	.builtin = IS_BUILTIN(CONFIG_VFIO_IOMMU_TYPE1)
#define IOMMUFD \
	.module = "iommufd", \
	.builtin = IS_BUILTIN(CONFIG_IOMMUFD)
#define HUGEPATH .module = "iovascope_hugepath"
#define VFIO \
	.module = "vfio", \
	.builtin = IS_BUILTIN(CONFIG_VFIO)

static struct ivs_probe rows[] = {
	{
		.name = "region",
		TYPE1,
		.symbols = { "vfio_iommu_type1_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_vfio_ioctl_entry,
		.ret = ivs_vfio_ioctl_return,
	},
	{
		.name = "vfio_attach",
		TYPE1,
		.symbols = { "vfio_iommu_type1_attach_group" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.rare = true,
		.entry = ivs_vfio_attach_entry,
		.ret = ivs_vfio_attach_return,
	},
	{
		.name = "pin",
		TYPE1,
		.symbols = { "vfio_pin_pages_remote" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_vfio_pin_entry,
		.ret = ivs_vfio_pin_return,
	},
	{
		.name = "unpin",
		TYPE1,
		.symbols = { "vfio_unpin_pages_remote" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_vfio_unpin_entry,
		.ret = ivs_vfio_unpin_return,
	},
	{
		.name = "teardown",
		TYPE1,
		.symbols = { "vfio_unmap_unpin" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_vfio_teardown_entry,
		.ret = ivs_vfio_teardown_return,
	},
#if IS_ENABLED(CONFIG_IOMMUFD)
	{
		.name = "iommufd_region",
		IOMMUFD,
		.symbols = { "iommufd_fops_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_ioctl_entry,
		.ret = ivs_iommufd_ioctl_return,
	},
	{
		.name = "iommufd_attach",
		IOMMUFD,
		.symbols = { "iommufd_device_attach" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.rare = true,
		.entry = ivs_iommufd_attach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_replace",
		IOMMUFD,
		.symbols = { "iommufd_device_replace" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.rare = true,
		.entry = ivs_iommufd_attach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_detach",
		IOMMUFD,
		.symbols = { "iommufd_device_detach" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.rare = true,
		.entry = ivs_iommufd_detach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_release",
		IOMMUFD,
		.symbols = { "iommufd_fops_release" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.rare = true,
		.entry = ivs_iommufd_detach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_table",
		IOMMUFD,
		.symbols = { "iommufd_hwpt_paging_alloc" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.rare = true,
		.entry = ivs_iommufd_table_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_pin",
		IOMMUFD,
		.symbols = { "pfn_reader_user_pin" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_iommufd_pin_entry,
		.ret = ivs_iommufd_pin_return,
	},
	{
		.name = "iommufd_unpin",
		IOMMUFD,
		.symbols = { "batch_unpin" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_iommufd_unpin_entry,
		.ret = ivs_iommufd_unpin_return,
	},
	{
		.name = "iommufd_teardown",
		IOMMUFD,
		.symbols = { "iopt_area_unfill_domains" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_iommufd_teardown_entry,
		.ret = ivs_iommufd_teardown_return,
	},
	{
		.name = "iommufd_last",
		IOMMUFD,
		.symbols = { "iopt_area_unfill_domain" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_iommufd_teardown_entry,
		.ret = ivs_iommufd_teardown_return,
	},
#endif
	{
		.name = "vfio_container",
		VFIO,
		.symbols = { "vfio_fops_unl_ioctl" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.entry = ivs_open_container_entry,
		.ret = ivs_open_container_return,
	},
	{
		.name = "vfio_group",
		VFIO,
		.symbols = { "vfio_group_fops_unl_ioctl" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.entry = ivs_open_group_entry,
		.ret = ivs_open_group_return,
	},
	{
		.name = "vfio_group_open",
		VFIO,
		.symbols = { "vfio_group_fops_open" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.entry = ivs_open_group_file_entry,
		.ret = ivs_open_file_return,
	},
#ifdef VFIO_DEVICE_BIND_IOMMUFD
	{
		.name = "vfio_device",
		VFIO,
		.symbols = { "vfio_device_fops_unl_ioctl" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.entry = ivs_open_device_entry,
		.ret = ivs_open_file_return,
	},
	{
		.name = "vfio_device_open",
		VFIO,
		.symbols = { "vfio_device_fops_cdev_open" },
		.feeds = BIT(IVS_FEED_REFUSALS),
		.entry = ivs_open_device_file_entry,
		.ret = ivs_open_file_return,
	},
#endif
	{
		.name = "hugepath_region",
		HUGEPATH,
		.symbols = { "hugepath_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_hugepath_ioctl_entry,
		.ret = ivs_vfio_ioctl_return,
	},
	{
		.name = "hugepath_attach",
		HUGEPATH,
		.symbols = { "hugepath_attach_group" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.rare = true,
		.entry = ivs_hugepath_attach_entry,
		.ret = ivs_vfio_attach_return,
	},
	{
		.name = "hugepath_pin",
		HUGEPATH,
		.symbols = { "hugepath_pin" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_vfio_pin_entry,
		.ret = ivs_vfio_pin_return,
	},
	{
		.name = "hugepath_unpin",
		HUGEPATH,
		.symbols = { "hugepath_unpin" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_vfio_unpin_entry,
		.ret = ivs_vfio_unpin_return,
	},
	{
		.name = "hugepath_teardown",
		HUGEPATH,
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
		.prefilter = ivs_iommu_prefilter,
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
		.name = "flush",
		.symbols = { "intel_iommu_tlb_sync" },
		.feeds = BIT(IVS_FLUSH),
		.vtd = true,
		.prefilter = ivs_iommu_prefilter,
		.entry = ivs_iommu_flush_entry,
		.ret = ivs_iommu_flush_return,
	},
	{
		.name = "attach",
		.symbols = { "__iommu_attach_device",
			     "intel_iommu_attach_device" },
		.feeds = BIT(IVS_FEED_DEVICES),
		.rare = true,
		.entry = ivs_iommu_attach_entry,
		.ret = ivs_iommu_attach_return,
	},
	{
		.name = "domain_free",
		.symbols = { "iommu_domain_free" },
		.feeds = BIT(IVS_FEED_LIFETIME),
		.required = true,
		.rare = true,
		.entry = ivs_iommu_free_entry,
	},
};

/*
 * What also maps, for domains that are not the DMA API's, and no row sees. They
 * serve drivers that have a domain of their own, and no backend of VFIO's; NVMe
 * goes through the first, which is why there is no probe on it.
 */
static const char *const unseen[] = {
	"iommu_map_sg", "iommu_map_atomic", "iommu_map_sg_atomic",
};

static unsigned long unseen_here;

/**
 * ivs_rows_init - arm every row there is a function for
 * @skip: comma-separated names of rows to leave off, or NULL
 *
 * Context: may sleep.
 * Return: as ivs_probes_init().
 */
int ivs_rows_init(const char *skip)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unseen); i++)
		unseen_here |= ivs_find_exists(unseen[i]) ? BIT(i) : 0;
	return ivs_probes_init(rows, ARRAY_SIZE(rows), IVS_CALL_DATA,
			       skip);
}

/* ivs_rows_show - write a line a row, and one for what there is no row for */
void ivs_rows_show(struct seq_file *m)
{
	const char *comma = "";
	unsigned int i;

	ivs_probes_show(m);
	if (!unseen_here)
		return;
	seq_puts(m, "unseen symbol=");
	for (i = 0; i < ARRAY_SIZE(unseen); i++) {
		if (!(unseen_here & BIT(i)))
			continue;
		seq_printf(m, "%s%s", comma, unseen[i]);
		comma = ",";
	}
	seq_puts(m, " module=vmlinux state=unused required=0 feeds=map missed=0 nested=0 errno=0\n");
}
