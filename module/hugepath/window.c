// SPDX-License-Identifier: GPL-2.0-only
/*
 * window.c - the IOVAs a container may map
 *
 * Model. A window is a range of IOVAs that every group of the container can
 * use: inside the aperture of every domain, outside every reserved region (the
 * interrupt range 0xfee00000, RMRRs) but relaxable ones. They narrow when a
 * group comes and widen when it goes. Clients read them as
 * VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE. What is mapped is not known here:
 * whether the windows that a group leaves still hold it, region.c says.
 *
 * Software-managed MSI windows are not handled: x86 has none.
 *
 * Locking: the container's. New windows are made aside and replace the old ones
 * when nothing can fail any more.
 */
#include <linux/iommu.h>
#include <linux/slab.h>

#include "hugepath.h"

/* Add before a place in the list. */
static int window_add(struct list_head *before, dma_addr_t start,
		      dma_addr_t last)
{
	struct hp_window *w = kmalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	if (!w)
		return -ENOMEM;
	w->start = start;
	w->last = last;
	list_add_tail(&w->node, before);
	return 0;
}

static void window_remove(struct hp_window *w)
{
	list_del(&w->node);
	kfree(w);
}

void hp_windows_free(struct list_head *windows)
{
	struct hp_window *w, *next;

	list_for_each_entry_safe(w, next, windows, node)
		window_remove(w);
}

/**
 * hp_windows_copy - append a copy
 * @from: windows
 * @to: also on error to be freed by the caller
 */
int hp_windows_copy(const struct list_head *from, struct list_head *to)
{
	struct hp_window *w;
	int ret;

	list_for_each_entry(w, from, node) {
		ret = window_add(to, w->start, w->last);
		if (ret)
			return ret;
	}
	return 0;
}

void hp_reserved_free(struct list_head *reserved)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, reserved, list) {
		list_del(&region->list);
		kfree(region);
	}
}

/* A firmware range that is only used before an OS driver takes the device. */
static bool reserved_is_relaxable(const struct iommu_resv_region *region)
{
	return region->type == IOMMU_RESV_DIRECT_RELAXABLE;
}

static int windows_keep(struct list_head *windows, dma_addr_t start,
			dma_addr_t last)
{
	struct hp_window *w, *next;

	if (list_empty(windows))
		return window_add(windows, start, last);
	list_for_each_entry_safe(w, next, windows, node) {
		w->start = max(w->start, start);
		w->last = min(w->last, last);
		if (w->start > w->last)
			window_remove(w);
	}
	return 0;
}

static int windows_cut(struct list_head *windows, dma_addr_t start,
		       dma_addr_t last)
{
	struct hp_window *w, *next;
	int ret;

	list_for_each_entry_safe(w, next, windows, node) {
		if (start > w->last || last < w->start)
			continue;
		if (start > w->start) {
			ret = window_add(&w->node, w->start, start - 1);
			if (ret)
				return ret;
		}
		if (last < w->last)
			w->start = last + 1;
		else
			window_remove(w);
	}
	return 0;
}

/**
 * hp_windows_narrow - take one group's needs into account
 * @windows: changed, on error too
 * @start: aperture of its domain
 * @last: inclusive
 * @reserved: its reserved regions
 *
 * Return: 0, -ENOMEM, or -EINVAL when nothing is left.
 */
int hp_windows_narrow(struct list_head *windows, dma_addr_t start,
		      dma_addr_t last, struct list_head *reserved)
{
	struct iommu_resv_region *region;
	int ret;

	ret = windows_keep(windows, start, last);
	if (ret)
		return ret;
	list_for_each_entry(region, reserved, list) {
		if (reserved_is_relaxable(region) || !region->length)
			continue;
		ret = windows_cut(windows, region->start,
				  region->start + region->length - 1);
		if (ret)
			return ret;
	}
	return list_empty(windows) ? -EINVAL : 0;
}

/**
 * hp_windows_allow - may this range of IOVAs be mapped?
 * @windows: struct hp_window
 * @start: first IOVA
 * @last: inclusive
 */
bool hp_windows_allow(const struct list_head *windows, dma_addr_t start,
		      dma_addr_t last)
{
	struct hp_window *w;

	list_for_each_entry(w, windows, node)
		if (start >= w->start && last <= w->last)
			return true;
	return false;
}
