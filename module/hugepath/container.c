// SPDX-License-Identifier: GPL-2.0-only
/*
 * container.c - a VFIO container: its groups, its domains, what it tells
 *
 * Model. VFIO gives us a container's groups one by one. A group goes into the
 * first domain it is compatible with (same IOMMU driver, same promise about
 * cache coherency) or gets one of its own, into which everything that is mapped
 * is mapped again. When the last group leaves a domain, the domain goes; when
 * the last domain goes, so does everything that was mapped, because it was the
 * group that gave the right to map.
 *
 * Safety is type1's. A device that could write interrupts of its choice (no
 * interrupt remapping) is refused unless the parameter allows it.
 *
 * Locking: c->lock around everything; VFIO serialises attach, detach and
 * release among themselves, not against ioctls. Lifetime: from VFIO_SET_IOMMU
 * until the container's last group is gone.
 */
#define pr_fmt(fmt) "iovascope_hugepath: " fmt

#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat.h"
#include "hugepath.h"

struct hp_container *hp_container_open(bool v2, unsigned int max_regions,
				       size_t leaf)
{
	struct hp_container *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);

	if (!c)
		return ERR_PTR(-ENOMEM);
	mutex_init(&c->lock);
	INIT_LIST_HEAD(&c->domains);
	INIT_LIST_HEAD(&c->windows);
	c->regions = RB_ROOT;
	c->regions_avail = max_regions;
	c->pgsizes = PAGE_MASK;
	c->leaf = leaf;
	c->v2 = v2;
	return c;
}

static void container_update_pgsizes(struct hp_container *c)
{
	struct hp_domain *d;

	c->pgsizes = PAGE_MASK;
	list_for_each_entry(d, &c->domains, node)
		c->pgsizes &= d->domain->pgsize_bitmap;
}

/* ---- groups ---- */

static struct hp_group *container_find_group(struct hp_container *c,
					     struct iommu_group *group,
					     struct hp_domain **domain)
{
	struct hp_domain *d;
	struct hp_group *g;

	list_for_each_entry(d, &c->domains, node) {
		list_for_each_entry(g, &d->groups, node) {
			if (g->group == group) {
				*domain = d;
				return g;
			}
		}
	}
	return NULL;
}

static bool domains_compatible(const struct hp_domain *a,
			       const struct hp_domain *b)
{
	return hp_params.share_domains && a->domain->ops == b->domain->ops &&
	       a->coherent == b->coherent;
}

/*
 * Move a group from a new domain of its own into one that is there already.
 * The IOMMU may refuse (tables of another depth); then it goes back.
 * 1: moved, 0: not, or an error, with the group in no domain.
 */
static int group_move_to_shared(struct hp_container *c, struct hp_group *g,
				struct hp_domain *own)
{
	struct hp_domain *d;
	int ret;

	list_for_each_entry(d, &c->domains, node) {
		if (!domains_compatible(d, own))
			continue;
		iommu_detach_group(own->domain, g->group);
		if (!iommu_attach_group(d->domain, g->group)) {
			list_add(&g->node, &d->groups);
			return 1;
		}
		ret = iommu_attach_group(own->domain, g->group);
		if (ret)
			return ret;
	}
	return 0;
}

/* Take the needs of a group in its domain into account. */
static int windows_narrow(struct iommu_group *group, const struct hp_domain *d,
			  struct list_head *windows)
{
	const struct iommu_domain_geometry *geo = &d->domain->geometry;
	LIST_HEAD(reserved);
	int ret;

	ret = iommu_get_group_resv_regions(group, &reserved);
	if (!ret)
		ret = hp_windows_narrow(windows, geo->aperture_start,
					geo->aperture_end, &reserved);
	hp_reserved_free(&reserved);
	return ret;
}

/*
 * The windows with a new group in its domain, which is refused when something
 * is mapped in what it would take away. On error to be freed, too.
 */
static int windows_with(struct hp_container *c, struct iommu_group *group,
			const struct hp_domain *d, struct list_head *windows)
{
	int ret;

	ret = hp_windows_copy(&c->windows, windows);
	if (!ret)
		ret = windows_narrow(group, d, windows);
	if (!ret && !hp_regions_allowed(c, windows))
		ret = -EINVAL;
	return ret;
}

static int group_check_interrupts(struct iommu_group *group)
{
	if (hp_params.allow_unsafe_interrupts || hp_compat_isolated_msi(group))
		return 0;
	pr_warn("no interrupt remapping; the parameter allow_unsafe_interrupts is for those who accept that\n");
	return -EPERM;
}

static int group_attach(struct hp_container *c, struct hp_group *g)
{
	LIST_HEAD(windows);
	struct hp_domain *d;
	int ret;

	d = hp_domain_attach(g->group);
	if (IS_ERR(d))
		return PTR_ERR(d);
	ret = windows_with(c, g->group, d, &windows);
	if (ret)
		goto err_detach;
	ret = group_check_interrupts(g->group);
	if (ret)
		goto err_detach;

	ret = group_move_to_shared(c, g, d);
	if (ret < 0)
		goto err_domain;
	if (ret) {
		hp_domain_free(d);
	} else {
		ret = hp_regions_replay(c, d);
		if (ret)
			goto err_detach;
		list_add(&g->node, &d->groups);
		list_add(&d->node, &c->domains);
		container_update_pgsizes(c);
	}
	hp_windows_free(&c->windows);
	list_splice(&windows, &c->windows);
	return 0;

err_detach:
	iommu_detach_group(d->domain, g->group);
err_domain:
	hp_domain_free(d);
	hp_windows_free(&windows);
	return ret;
}

/**
 * hugepath_attach_group - a group comes into the container
 * @c: unlocked
 * @group: physical, owned by VFIO
 *
 * Return: 0 or type1's error. When this is the container's first group, VFIO
 * asks type1 after an error.
 */
noinline int hugepath_attach_group(struct hp_container *c,
				   struct iommu_group *group)
{
	struct hp_domain *unused;
	struct hp_group *g;
	int ret = -EINVAL;

	mutex_lock(&c->lock);
	if (container_find_group(c, group, &unused))
		goto out;
	ret = -ENOMEM;
	g = kzalloc(sizeof(*g), GFP_KERNEL_ACCOUNT);
	if (!g)
		goto out;
	g->group = group;
	ret = group_attach(c, g);
	if (ret)
		kfree(g);
out:
	mutex_unlock(&c->lock);
	return ret;
}

/* What all groups allow; on error to be freed, too. */
static int windows_of_domains(struct hp_container *c, struct list_head *windows)
{
	struct hp_domain *d;
	struct hp_group *g;
	int ret;

	list_for_each_entry(d, &c->domains, node) {
		list_for_each_entry(g, &d->groups, node) {
			ret = windows_narrow(g->group, d, windows);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* They can only grow, and stay as they are where memory is short. */
static void container_widen_windows(struct hp_container *c)
{
	LIST_HEAD(windows);

	if (windows_of_domains(c, &windows)) {
		hp_windows_free(&windows);
		return;
	}
	hp_windows_free(&c->windows);
	list_splice(&windows, &c->windows);
}

/**
 * hp_container_detach - a group leaves the container
 * @c: unlocked
 * @group: one that may not have been attached
 */
void hp_container_detach(struct hp_container *c, struct iommu_group *group)
{
	struct hp_domain *d;
	struct hp_group *g;

	mutex_lock(&c->lock);
	g = container_find_group(c, group, &d);
	if (!g)
		goto out;
	iommu_detach_group(d->domain, group);
	list_del(&g->node);
	kfree(g);
	if (list_empty(&d->groups)) {
		if (list_is_singular(&c->domains))
			hp_regions_drop(c);
		else
			hp_regions_unmap(c, d);
		list_del(&d->node);
		hp_domain_free(d);
		container_update_pgsizes(c);
	}
	container_widen_windows(c);
out:
	mutex_unlock(&c->lock);
}

/**
 * hp_container_release - the container is no longer ours
 * @c: freed
 */
void hp_container_release(struct hp_container *c)
{
	struct hp_domain *d, *next_d;
	struct hp_group *g, *next_g;

	hp_regions_drop(c);
	list_for_each_entry_safe(d, next_d, &c->domains, node) {
		list_for_each_entry_safe(g, next_g, &d->groups, node) {
			iommu_detach_group(d->domain, g->group);
			kfree(g);
		}
		hp_domain_free(d);
	}
	hp_windows_free(&c->windows);
	kfree(c);
}

/* ---- what it tells ---- */

bool hp_container_coherent(struct hp_container *c)
{
	struct hp_domain *d;
	bool coherent = true;

	mutex_lock(&c->lock);
	list_for_each_entry(d, &c->domains, node)
		coherent = coherent && d->coherent;
	mutex_unlock(&c->lock);
	return coherent;
}

/**
 * hp_container_set_leaf - IOVASCOPE_HUGEPATH_SET_LEAF
 * @c: unlocked
 * @leaf: from the user
 */
int hp_container_set_leaf(struct hp_container *c, unsigned long leaf)
{
	int ret = 0;

	if (leaf != SZ_4K && leaf != SZ_2M && leaf != SZ_1G)
		return -EINVAL;
	mutex_lock(&c->lock);
	if (RB_EMPTY_ROOT(&c->regions))
		c->leaf = leaf;
	else
		ret = -EBUSY;
	mutex_unlock(&c->lock);
	return ret;
}

static int caps_add_avail(const struct hp_container *c,
			  struct vfio_info_cap *caps)
{
	struct vfio_iommu_type1_info_dma_avail cap = {
		.header.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL,
		.header.version = 1,
		.avail = c->regions_avail,
	};

	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
}

static int caps_add_windows(const struct hp_container *c,
			    struct vfio_info_cap *caps)
{
	struct vfio_iommu_type1_info_cap_iova_range *cap;
	struct vfio_iova_range *range;
	struct hp_window *w;
	size_t nr = 0;
	int ret;

	list_for_each_entry(w, &c->windows, node)
		nr++;
	if (!nr)
		return 0;
	cap = kzalloc(struct_size(cap, iova_ranges, nr), GFP_KERNEL);
	if (!cap)
		return -ENOMEM;
	cap->header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	cap->header.version = 1;
	cap->nr_iovas = nr;
	range = cap->iova_ranges;
	list_for_each_entry(w, &c->windows, node) {
		range->start = w->start;
		range->end = w->last;
		range++;
	}
	ret = vfio_info_add_capability(caps, &cap->header,
				       struct_size(cap, iova_ranges, nr));
	kfree(cap);
	return ret;
}

/**
 * hp_container_get_info - VFIO_IOMMU_GET_INFO
 * @c: unlocked
 * @arg: struct vfio_iommu_type1_info
 *
 * Without the migration capability: nothing here tracks what devices write.
 */
int hp_container_get_info(struct hp_container *c, void __user *arg)
{
	struct vfio_info_cap caps = { .buf = NULL, .size = 0 };
	struct vfio_iommu_type1_info info = {};
	size_t minsz = offsetofend(typeof(info), iova_pgsizes);
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	minsz = hp_compat_vfio_info_size(info.argsz);

	mutex_lock(&c->lock);
	info.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info.iova_pgsizes = c->pgsizes;
	ret = caps_add_avail(c, &caps);
	if (!ret)
		ret = caps_add_windows(c, &caps);
	mutex_unlock(&c->lock);
	if (ret)
		goto out;

	if (info.argsz < sizeof(info) + caps.size) {
		info.argsz = sizeof(info) + caps.size;
	} else {
		vfio_info_cap_shift(&caps, sizeof(info));
		ret = -EFAULT;
		if (copy_to_user(arg + sizeof(info), caps.buf, caps.size))
			goto out;
		info.cap_offset = sizeof(info);
	}
	ret = copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
out:
	kfree(caps.buf);
	return ret;
}
