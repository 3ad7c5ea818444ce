// SPDX-License-Identifier: GPL-2.0-only
/*
 * driver.c - hugepath, a VFIO IOMMU backend whose cost grows with huge pages
 *
 * Model. VFIO's container layer asks registered backends, the last registered
 * first, whether they serve an extension, and gives the container to the first
 * that does and that can attach its groups. hugepath is type1 in everything a
 * client sees; it differs in how the work is done: one pin for a hugetlb folio,
 * one look for a BAR, and a record of each physically contiguous run, so that
 * unmapping need not find them again 4 KiB at a time.
 *
 * There are two doors. Programs that know it ask by a number of its own
 * (uapi/iovascope_hugepath.h). The parameter takeover, off by default, makes it
 * answer to type1's numbers as well, for programs that cannot be changed; what
 * is open stays with the backend it has.
 *
 * What it does not serve it declines where VFIO asks type1 next: groups without
 * an IOMMU of their own (mdev, noiommu), nesting, IOMMUs that are not VT-d. In a
 * container that it has it answers as a type1 that lacks the feature: dirty
 * tracking (-ENOTTY, no migration capability) and changing the virtual address
 * of a mapping (no VFIO_UPDATE_VADDR). An mdev added to a container that
 * hugepath already has cannot fall back any more and is refused.
 *
 * The files: driver.c is what VFIO and the user reach, params.c what the
 * administrator sets, layout.c proves that VFIO's private structure is the one
 * we know, container.c has groups and domains, region.c what is mapped, domain.c
 * IO page tables, window.c usable IOVAs, backing.c and bar.c what a region is
 * made of, account.c RLIMIT_MEMLOCK. Each calls only those named after it.
 *
 * Locking: one mutex a container (container.c). Lifetime: VFIO holds a reference
 * to this module for each container that uses it.
 */
#define pr_fmt(fmt) "iovascope_hugepath: " fmt

#include <linux/err.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat.h"
#include "../uapi/iovascope_hugepath.h"
#include "hugepath.h"
#include "vfio_ops.h"

/* ---- ioctls ---- */

static int hugepath_check_extension(struct hp_container *c,
				    unsigned long extension)
{
	switch (extension) {
	case IOVASCOPE_HUGEPATH_IOMMU:
		return 1;
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
		return c || hp_params.takeover;
	case VFIO_UNMAP_ALL:
		return c && HP_COMPAT_VFIO_UNMAP_ALL_FLAG;
	case VFIO_DMA_CC_IOMMU:
		return c && hp_container_coherent(c);
	default:
		return 0;
	}
}

static int hugepath_map_dma(struct hp_container *c, void __user *arg)
{
	struct vfio_iommu_type1_dma_map map;
	size_t minsz = offsetofend(typeof(map), size);

	if (copy_from_user(&map, arg, minsz))
		return -EFAULT;
	if (map.argsz < minsz || map.flags & ~(VFIO_DMA_MAP_FLAG_READ |
					       VFIO_DMA_MAP_FLAG_WRITE))
		return -EINVAL;
	return hp_region_map(c, &map);
}

static int hugepath_unmap_dma(struct hp_container *c, void __user *arg)
{
	struct vfio_iommu_type1_dma_unmap unmap;
	size_t minsz = offsetofend(typeof(unmap), size);
	u64 unmapped;
	int ret;

	if (copy_from_user(&unmap, arg, minsz))
		return -EFAULT;
	if (unmap.argsz < minsz ||
	    unmap.flags & ~HP_COMPAT_VFIO_UNMAP_ALL_FLAG)
		return -EINVAL;
	ret = hp_region_unmap(c, unmap.iova, unmap.size, unmap.flags,
			      &unmapped);
	if (ret)
		return ret;
	unmap.size = unmapped;
	return copy_to_user(arg, &unmap, minsz) ? -EFAULT : 0;
}

/* A function of its own name for those who probe it; see module/flow/rows.c. */
static noinline long hugepath_ioctl(void *data, unsigned int cmd,
				    unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case VFIO_CHECK_EXTENSION:
		return hugepath_check_extension(data, arg);
	case VFIO_IOMMU_GET_INFO:
		return hp_container_get_info(data, user);
	case VFIO_IOMMU_MAP_DMA:
		return hugepath_map_dma(data, user);
	case VFIO_IOMMU_UNMAP_DMA:
		return hugepath_unmap_dma(data, user);
	case IOVASCOPE_HUGEPATH_SET_LEAF:
		return hp_container_set_leaf(data, arg);
	default:
		return -ENOTTY;
	}
}

/* ---- the backend ---- */

static void *hugepath_open(unsigned long extension)
{
	return hp_container_open(extension != VFIO_TYPE1_IOMMU,
				 hp_params.dma_entry_limit, hp_params.leaf);
}

static void hugepath_release(void *data)
{
	hp_container_release(data);
}

#ifdef HP_COMPAT_VFIO_OPS_PUBLIC
/* An mdev has no IOMMU, so that attaching it fails by itself. */
static int hugepath_attach(void *data, struct iommu_group *group)
{
	return hugepath_attach_group(data, group);
}
#else
static int hugepath_attach(void *data, struct iommu_group *group,
			   enum vfio_group_type type)
{
	if (type != VFIO_IOMMU)
		return -EOPNOTSUPP;
	return hugepath_attach_group(data, group);
}
#endif

static void hugepath_detach(void *data, struct iommu_group *group)
{
	hp_container_detach(data, group);
}

/* VFIO takes what is missing here for "not supported". */
static const struct vfio_iommu_driver_ops hugepath_ops = {
	.name = "iovascope-hugepath",
	.owner = THIS_MODULE,
	.open = hugepath_open,
	.release = hugepath_release,
	.ioctl = hugepath_ioctl,
	.attach_group = hugepath_attach,
	.detach_group = hugepath_detach,
};

static int __init hugepath_init(void)
{
	int ret;

	if (ivs_compat_unread() && !hp_params.force) {
		pr_err("this kernel is newer than any that hugepath was written for; force=1 loads it all the same\n");
		return -EOPNOTSUPP;
	}
	if (!ivs_compat_intel_iommu()) {
		pr_err("VT-d does not translate on this machine; boot with intel_iommu=on\n");
		return -ENODEV;
	}
	ret = hp_layout_check();
	if (ret)
		return ret;
	/* Whoever registers last is asked first. */
	request_module("vfio_iommu_type1");
	return vfio_register_iommu_driver(&hugepath_ops);
}
module_init(hugepath_init);

static void __exit hugepath_exit(void)
{
	vfio_unregister_iommu_driver(&hugepath_ops);
}
module_exit(hugepath_exit);

MODULE_AUTHOR("The iovascope authors");
MODULE_DESCRIPTION("Experimental VFIO IOMMU backend for huge pages");
MODULE_LICENSE("GPL");
MODULE_VERSION(IVS_VERSION);
MODULE_SOFTDEP("pre: vfio_iommu_type1");
