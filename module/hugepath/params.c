// SPDX-License-Identifier: GPL-2.0-only
/*
 * params.c - what the administrator sets
 *
 * Model. All but force can be changed while the module is loaded. What is read when a
 * container is opened (takeover, leaf, dma_entry_limit) stays as it was for the
 * containers that are open; what is read when a group is attached
 * (allow_unsafe_interrupts, share_domains) holds for the next group.
 *
 * dma_entry_limit and allow_unsafe_interrupts are type1's by name and meaning,
 * but type1's own values have no symbol and cannot be read from here.
 */
#define pr_fmt(fmt) "iovascope_hugepath: " fmt

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "hugepath.h"

struct hp_params hp_params = {
	.leaf = SZ_1G,
	.dma_entry_limit = U16_MAX,
	.share_domains = true,
};

static int takeover_set(const char *value, const struct kernel_param *kp)
{
	bool was = hp_params.takeover;
	int ret = param_set_bool(value, kp);

	if (!ret && hp_params.takeover && !was)
		pr_warn("experimental: serving programs that ask for type1 from now on\n");
	return ret;
}

static const struct kernel_param_ops takeover_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = takeover_set,
	.get = param_get_bool,
};
module_param_cb(takeover, &takeover_ops, &hp_params.takeover, 0644);
MODULE_PARM_DESC(takeover, "serve VFIO_TYPE1_IOMMU and VFIO_TYPE1v2_IOMMU (default: N)");

static const struct {
	const char *name;
	size_t size;
} leaves[] = {
	{ "4K", SZ_4K },
	{ "2M", SZ_2M },
	{ "1G", SZ_1G },
};

static int leaf_set(const char *value, const struct kernel_param *kp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (sysfs_streq(value, leaves[i].name)) {
			hp_params.leaf = leaves[i].size;
			return 0;
		}
	}
	return -EINVAL;
}

static int leaf_get(char *buffer, const struct kernel_param *kp)
{
	unsigned int i = 0;

	while (leaves[i].size != hp_params.leaf)
		i++;
	return sprintf(buffer, "%s\n", leaves[i].name);
}

static const struct kernel_param_ops leaf_ops = {
	.set = leaf_set,
	.get = leaf_get,
};
module_param_cb(leaf, &leaf_ops, NULL, 0644);
MODULE_PARM_DESC(leaf, "largest leaf in containers opened from now on: 4K, 2M or 1G (default: 1G)");

module_param_named(dma_entry_limit, hp_params.dma_entry_limit, uint, 0644);
MODULE_PARM_DESC(dma_entry_limit, "mappings per container, as of vfio_iommu_type1 (default: 65535)");

module_param_named(allow_unsafe_interrupts, hp_params.allow_unsafe_interrupts,
		   bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts, "as of vfio_iommu_type1: work without interrupt remapping (default: N)");

module_param_named(share_domains, hp_params.share_domains, bool, 0644);
MODULE_PARM_DESC(share_domains, "let groups of a container share an IO page table where they can (default: Y)");

module_param_named(force, hp_params.force, bool, 0444);
MODULE_PARM_DESC(force, "load on a kernel newer than any that hugepath was written for (default: N)");
