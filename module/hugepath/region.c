// SPDX-License-Identifier: GPL-2.0-only
/*
 * region.c - what a container has mapped, and type1's rules about it
 *
 * Model. A region is one MAP_DMA: an IOVA range, whose memory it is, and the
 * runs it is made of, in chunks in order of IOVA. Only whole regions come and
 * go. That, and that no map is ever asked for where one is, keeps the IOMMU
 * drivers away from what they get wrong: up to 6.12 VT-d overwrites memory when
 * an unmap starts inside a superpage, and answers a map over a map with
 * success (6.12 intel/iommu.c dma_pte_clear_level(), __domain_mapping()).
 *
 * Unmapping asks the IO page table nothing: the runs say what is there. A chunk
 * of them is unmapped in one go from all domains; the core has flushed the
 * IOTLB when it returns, and then they are unpinned. Only of a run whose map
 * failed nobody knows what is there: it is looked for, in the same place.
 *
 * v1 and v2. In a v2 container a range to unmap may not cut a region. In a v1
 * container one that begins inside a region finds nothing, and one that begins
 * at or before a region's first page unmaps it whole.
 *
 * Locking: the container's. Lifetime: a region belongs to its container from a
 * successful map to its teardown; what fails half-way never gets there, and is
 * torn down as far as it had come.
 */
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "compat.h"
#include "hugepath.h"

/* ---- runs ---- */

/* Most regions are a few runs; those that are not have chunks of a page. */
#define FIRST_CHUNK_RUNS 6
#define NEXT_CHUNK_RUNS \
	((PAGE_SIZE - sizeof(struct hp_chunk)) / sizeof(struct hp_run))

static struct hp_chunk *region_last_chunk(struct hp_region *region)
{
	return list_last_entry(&region->chunks, struct hp_chunk, node);
}

/* The chunk that has room for one more run, or NULL. */
static struct hp_chunk *region_chunk_with_room(struct hp_region *region)
{
	bool first = list_empty(&region->chunks);
	struct hp_chunk *chunk;
	unsigned int max;

	if (!first) {
		chunk = region_last_chunk(region);
		if (chunk->nr < chunk->max)
			return chunk;
	}
	max = first ? FIRST_CHUNK_RUNS : NEXT_CHUNK_RUNS;
	chunk = kmalloc(struct_size(chunk, runs, max), GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return NULL;
	chunk->nr = 0;
	chunk->max = max;
	list_add_tail(&chunk->node, &region->chunks);
	return chunk;
}

static size_t run_size(const struct hp_run *run)
{
	return (size_t)run->npage << PAGE_SHIFT;
}

static size_t chunk_size(const struct hp_chunk *chunk)
{
	size_t size = 0;
	unsigned int i;

	for (i = 0; i < chunk->nr; i++)
		size += run_size(&chunk->runs[i]);
	return size;
}

static void chunk_unpin(struct hp_region *region, const struct hp_chunk *chunk,
			dma_addr_t iova)
{
	const struct hp_run *run = chunk->runs;
	unsigned int i;

	for (i = 0; i < chunk->nr; i++, run++) {
		hugepath_unpin(region, iova, run->pfn, run->npage, run->hold);
		iova += run_size(run);
	}
}

/* True when no device can reach it any more. */
static bool chunk_unmap(struct hp_container *c, const struct hp_region *region,
			dma_addr_t iova, size_t size)
{
	size_t mapped = min_t(size_t, size,
			      region->iova + region->mapped - iova);
	bool gone = true;

	if (mapped)
		gone = hp_domains_unmap(c, iova, mapped);
	if (mapped < size)
		gone = hp_domains_sweep(c, iova + mapped, size - mapped) &&
		       gone;
	return gone;
}

/**
 * hugepath_teardown - unmap and unpin a region
 * @c: locked
 * @region: in no tree any more, or not yet
 *
 * The only place that unpins what a device could reach. What cannot be unmapped
 * stays pinned, and charged, for good: a device may still reach it.
 */
noinline void hugepath_teardown(struct hp_container *c,
				struct hp_region *region)
{
	struct hp_chunk *chunk, *next;
	dma_addr_t iova = region->iova;
	bool gone = true;

	list_for_each_entry_safe(chunk, next, &region->chunks, node) {
		size_t size = chunk_size(chunk);

		if (chunk_unmap(c, region, iova, size))
			chunk_unpin(region, chunk, iova);
		else
			gone = false;
		iova += size;
		list_del(&chunk->node);
		kfree(chunk);
		cond_resched();
	}
	if (gone)
		hp_unaccount(region);
}

/* ---- the tree ---- */

static dma_addr_t region_last(const struct hp_region *region)
{
	return region->iova + region->size - 1;
}

static struct hp_region *region_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct hp_region, node);
}

/* The first region that ends at or behind an IOVA. */
static struct hp_region *regions_first_from(struct hp_container *c,
					    dma_addr_t iova)
{
	struct rb_node *node = c->regions.rb_node;
	struct hp_region *found = NULL;

	while (node) {
		struct hp_region *region = region_of(node);

		if (iova <= region_last(region)) {
			found = region;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

static bool regions_overlap(struct hp_container *c, dma_addr_t start,
			    dma_addr_t last)
{
	struct hp_region *region = regions_first_from(c, start);

	return region && region->iova <= last;
}

/**
 * hp_regions_allowed - does all that is mapped lie inside these windows?
 * @c: locked
 * @windows: struct hp_window
 */
bool hp_regions_allowed(struct hp_container *c,
			const struct list_head *windows)
{
	struct hp_region *region;

	for (region = region_of(rb_first(&c->regions)); region;
	     region = region_of(rb_next(&region->node)))
		if (!hp_windows_allow(windows, region->iova,
				      region_last(region)))
			return false;
	return true;
}

static void region_insert(struct hp_container *c, struct hp_region *new)
{
	struct rb_node **link = &c->regions.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (new->iova < region_of(parent)->iova)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&new->node, parent, link);
	rb_insert_color(&new->node, &c->regions);
	c->regions_avail--;
}

static void region_free(struct hp_region *region)
{
	put_task_struct(region->task);
	mmdrop(region->mm);
	kfree(region);
}

static void region_drop(struct hp_container *c, struct hp_region *region)
{
	rb_erase(&region->node, &c->regions);
	c->regions_avail++;
	hugepath_teardown(c, region);
	region_free(region);
}

/**
 * hp_regions_drop - unmap everything
 * @c: locked
 */
void hp_regions_drop(struct hp_container *c)
{
	struct rb_node *node;

	while ((node = rb_first(&c->regions)))
		region_drop(c, region_of(node));
}

/* ---- map ---- */

/*
 * Pin and map one more run. It is in the region before it is mapped, so that its
 * teardown knows what a map that failed may have left.
 */
static int region_add_run(struct hp_container *c, struct hp_region *region,
			  size_t done, struct hp_pinner *pinner)
{
	struct hp_chunk *chunk = region_chunk_with_room(region);
	unsigned long pfn;
	long npage;
	int ret;

	if (!chunk)
		return -ENOMEM;
	npage = hugepath_pin(region, region->vaddr + done,
			     (region->size - done) >> PAGE_SHIFT, &pfn, pinner);
	if (npage < 0)
		return npage;
	chunk->runs[chunk->nr++] = (struct hp_run){
		.pfn = pfn,
		.npage = npage,
		.hold = pinner->hold,
	};
	ret = hp_domains_map(c, region->iova + done, pfn, npage, region->prot);
	if (!ret)
		region->mapped += npage << PAGE_SHIFT;
	return ret;
}

static int region_fill(struct hp_container *c, struct hp_region *region)
{
	struct hp_pinner pinner = {};
	int ret = 0;

	while (!ret && region->mapped < region->size)
		ret = region_add_run(c, region, region->mapped, &pinner);
	hp_pinner_fini(&pinner, region);
	return ret;
}

static int map_prot(u32 flags)
{
	return (flags & VFIO_DMA_MAP_FLAG_READ ? IOMMU_READ : 0) |
	       (flags & VFIO_DMA_MAP_FLAG_WRITE ? IOMMU_WRITE : 0);
}

/* The order of the checks is type1's: the first that fails gives the errno. */
static int map_check(struct hp_container *c,
		     const struct vfio_iommu_type1_dma_map *map)
{
	u64 pgmask = BIT(__ffs(c->pgsizes)) - 1;
	u64 iova_last, vaddr_last;

	if (!map->size)
		return -EINVAL;
	if (check_add_overflow((u64)map->iova, (u64)map->size - 1,
			       &iova_last) ||
	    check_add_overflow((u64)map->vaddr, (u64)map->size - 1,
			       &vaddr_last))
		return -HP_COMPAT_VFIO_WRAP_ERROR;
	if (!map_prot(map->flags))
		return -EINVAL;
	if ((map->size | map->iova | map->vaddr) & pgmask)
		return -EINVAL;
	if (!hp_compat_range_wraps(iova_last) &&
	    regions_overlap(c, map->iova, iova_last))
		return -EEXIST;
	if (!c->regions_avail)
		return -ENOSPC;
	if (!hp_windows_allow(&c->windows, map->iova, iova_last))
		return -EINVAL;
	return 0;
}

static struct hp_region *
region_new(const struct vfio_iommu_type1_dma_map *map)
{
	struct hp_region *region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);

	if (!region)
		return NULL;
	region->iova = map->iova;
	region->size = map->size;
	region->vaddr = map->vaddr;
	region->prot = map_prot(map->flags);
	region->lock_cap = capable(CAP_IPC_LOCK);
	region->mm = current->mm;
	mmgrab(region->mm);
	region->task = current->group_leader;
	get_task_struct(region->task);
	INIT_LIST_HEAD(&region->chunks);
	return region;
}

/**
 * hp_region_map - MAP_DMA
 * @c: unlocked
 * @map: from the user; its flags are known ones
 *
 * Return: 0 or type1's error.
 */
int hp_region_map(struct hp_container *c,
		  const struct vfio_iommu_type1_dma_map *map)
{
	struct hp_region *region;
	int ret;

	mutex_lock(&c->lock);
	ret = map_check(c, map);
	if (ret)
		goto out;
	ret = -ENOMEM;
	region = region_new(map);
	if (!region)
		goto out;
	ret = region_fill(c, region);
	if (ret) {
		hugepath_teardown(c, region);
		region_free(region);
		goto out;
	}
	region_insert(c, region);
out:
	mutex_unlock(&c->lock);
	return ret;
}

/* ---- unmap ---- */

static bool region_is_cut(const struct hp_region *region, dma_addr_t start,
			  dma_addr_t last)
{
	return region && region->iova <= last &&
	       (region->iova < start || region_last(region) > last);
}

static int unmap_check(struct hp_container *c, u64 iova, u64 size, bool all,
		       u64 *last)
{
	u64 pgmask = BIT(__ffs(c->pgsizes)) - 1;

	if (iova & pgmask)
		return -EINVAL;
	if (all) {
		*last = U64_MAX;
		return iova || size ? -EINVAL : 0;
	}
	if (!size || size & pgmask)
		return -EINVAL;
	if (check_add_overflow(iova, size - 1, last))
		return -HP_COMPAT_VFIO_WRAP_ERROR;
	if (c->v2 && (region_is_cut(regions_first_from(c, iova), iova, *last) ||
		      region_is_cut(regions_first_from(c, *last), iova, *last)))
		return -EINVAL;
	return 0;
}

/**
 * hp_region_unmap - UNMAP_DMA
 * @c: unlocked
 * @iova: from the user
 * @size: from the user
 * @all: VFIO_DMA_UNMAP_FLAG_ALL
 * @unmapped: out: bytes
 *
 * Return: 0 or type1's error.
 */
int hp_region_unmap(struct hp_container *c, u64 iova, u64 size, bool all,
		    u64 *unmapped)
{
	struct hp_region *region, *next;
	u64 last;
	int ret;

	*unmapped = 0;
	mutex_lock(&c->lock);
	ret = unmap_check(c, iova, size, all, &last);
	if (ret || (!all && hp_compat_range_wraps(last)))
		goto out;
	for (region = regions_first_from(c, iova);
	     region && region->iova <= last; region = next) {
		if (!c->v2 && region->iova < iova)
			break;
		if (!hp_compat_may_unmap(region->task))
			break;
		next = region_of(rb_next(&region->node));
		*unmapped += region->size;
		region_drop(c, region);
	}
out:
	mutex_unlock(&c->lock);
	return ret;
}

/* ---- one domain more or less ---- */

/* Unmap the runs in the first bytes of a region. */
static void region_unmap_from(struct hp_domain *d,
			      const struct hp_region *region, size_t left)
{
	dma_addr_t iova = region->iova;
	struct hp_chunk *chunk;

	list_for_each_entry(chunk, &region->chunks, node) {
		size_t size = min(left, chunk_size(chunk));

		if (!size)
			return;
		hp_domain_unmap(d, iova, size);
		iova += size;
		left -= size;
		cond_resched();
	}
}

static int region_map_into(struct hp_container *c, struct hp_domain *d,
			   const struct hp_region *region)
{
	dma_addr_t iova = region->iova;
	struct hp_chunk *chunk;
	unsigned int i;
	int ret;

	list_for_each_entry(chunk, &region->chunks, node) {
		for (i = 0; i < chunk->nr; i++) {
			const struct hp_run *run = &chunk->runs[i];

			ret = hp_domain_map(d, iova, run->pfn, run->npage,
					    region->prot, c->leaf);
			if (ret) {
				hp_domain_sweep(d, iova, run_size(run));
				region_unmap_from(d, region,
						  iova - region->iova);
				return ret;
			}
			iova += run_size(run);
		}
		cond_resched();
	}
	return 0;
}

/* Unmap the regions before one, or all. */
static void regions_unmap_before(struct hp_container *c, struct hp_domain *d,
				 const struct hp_region *end)
{
	struct hp_region *region;

	for (region = region_of(rb_first(&c->regions)); region != end;
	     region = region_of(rb_next(&region->node)))
		region_unmap_from(d, region, region->size);
}

/**
 * hp_regions_unmap - unmap everything from one of the domains
 * @c: locked
 * @d: in which all of it is mapped
 *
 * What a freed domain still had mapped would be reported as leaked by a kernel
 * that watches for it (CONFIG_IOMMU_DEBUG_PAGEALLOC) when the memory is freed.
 */
void hp_regions_unmap(struct hp_container *c, struct hp_domain *d)
{
	regions_unmap_before(c, d, NULL);
}

/**
 * hp_regions_replay - map everything into one more domain
 * @c: locked
 * @d: empty; on error again
 */
int hp_regions_replay(struct hp_container *c, struct hp_domain *d)
{
	struct hp_region *region;
	int ret;

	for (region = region_of(rb_first(&c->regions)); region;
	     region = region_of(rb_next(&region->node))) {
		ret = region_map_into(c, d, region);
		if (ret) {
			regions_unmap_before(c, d, region);
			return ret;
		}
	}
	return 0;
}
