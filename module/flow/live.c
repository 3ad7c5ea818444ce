// SPDX-License-Identifier: GPL-2.0-only
/*
 * live.c - regions that are mapped now, and what memory they were made of
 *
 * Why it exists. A page that was pinned stays where it is; the address by which
 * a process had it may lead elsewhere by now: unmapped and mapped anew, given
 * back by a balloon, copied on write. A device then reads and writes pages that
 * the process no longer has, and no call ever fails. Whether that is so can be
 * told by looking at both, for which one has to know which address it was.
 *
 * Model. A map that succeeded is kept until an unmap, by its container or IOAS
 * and its first IOVA; an unmap takes every region that begins in its range, as
 * type1 and iommufd do. A region is a hint and not a number: what is in the IO
 * page table, and what is at the address, its reader asks again.
 *
 * The table is of a fixed size. When it is full new regions are not kept, and
 * counted; a region of a domain goes with it at the latest. One of an IOAS that
 * was never attached has none, and goes with an unmap.
 *
 * Cost. A step to keep a region, and one to take it again by the very range it
 * was mapped with. Any other unmap looks at all places once.
 *
 * Locking: one raw spinlock. Lifetime: from before the first probe is armed to
 * after the last is gone.
 */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/vfio.h>
#include <linux/vmalloc.h>

#include "../base/memory.h"
#include "../base/stats.h"
#include "../base/text.h"
#include "call.h"
#include "domain.h"
#include "live.h"
#include "space.h"

#define BUCKET_BITS 10

/* 5.12; without it there is no unmap of everything. */
#ifdef VFIO_DMA_UNMAP_FLAG_ALL
#define FLAG_ALL VFIO_DMA_UNMAP_FLAG_ALL
#else
#define FLAG_ALL 0
#endif

/**
 * struct ivs_live - one region that is mapped
 * @node: in its bucket, or in the list of free places
 * @space: container or IOAS, compared only; 0 for a place that is free
 * @domain_id: of the domain it was mapped into first, 0 for none yet
 * @iova: first IOVA
 * @bytes: of the region
 * @vaddr: what it was made of, in the process; 0 where that is not known: a file,
 *	a copy of another IOAS, an address that was taken back
 * @flags: of the request
 * @mapped_ns: CLOCK_MONOTONIC of the map
 * @born: start time of the process, which tells it from others of its pid
 * @pid: thread group, whose address @vaddr is
 * @comm: name of the process
 */
struct ivs_live {
	struct hlist_node node;
	unsigned long space;
	u64 domain_id;
	u64 iova;
	u64 bytes;
	u64 vaddr;
	u32 flags;
	u64 mapped_ns;
	u64 born;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

static DEFINE_RAW_SPINLOCK(live_lock);
static struct hlist_head buckets[1 << BUCKET_BITS];
static struct hlist_head free_places;
static struct ivs_live *regions, *regions_end;

/* ---- places ---- */

static struct hlist_head *live_bucket(unsigned long space, u64 iova)
{
	return &buckets[hash_64(space ^ iova, BUCKET_BITS)];
}

static struct ivs_live *live_find(unsigned long space, u64 iova)
{
	struct ivs_live *region;

	hlist_for_each_entry(region, live_bucket(space, iova), node)
		if (region->space == space && region->iova == iova)
			return region;
	return NULL;
}

static void live_put(struct ivs_live *region)
{
	hlist_del(&region->node);
	region->space = 0;
	hlist_add_head(&region->node, &free_places);
}

/* The place of a region, or a free one; NULL when there is none. */
static struct ivs_live *live_place(unsigned long space, u64 iova)
{
	struct ivs_live *region = live_find(space, iova);

	if (region || hlist_empty(&free_places))
		return region;
	region = hlist_entry(free_places.first, struct ivs_live, node);
	hlist_del(&region->node);
	hlist_add_head(&region->node, live_bucket(space, iova));
	return region;
}

/* ---- what happens to regions ---- */

static void live_set_owner(struct ivs_live *region, u64 vaddr)
{
	const struct task_struct *leader = current->group_leader;

	region->vaddr = vaddr;
	region->born = leader->start_boottime;
	region->pid = current->tgid;
	memcpy(region->comm, leader->comm, TASK_COMM_LEN);
	region->comm[TASK_COMM_LEN - 1] = '\0';
}

static bool live_map(const struct ivs_call *call)
{
	struct ivs_live *region = live_place(call->space, call->iova);

	if (!region)
		return false;
	region->space = call->space;
	region->domain_id = call->first_id;
	region->iova = call->iova;
	region->bytes = call->bytes;
	region->flags = call->flags;
	region->mapped_ns = ktime_get_mono_fast_ns();
	live_set_owner(region, call->vaddr);
	return true;
}

/* What is mapped stays so: another process says where it has the memory. */
static void live_hand_over(const struct ivs_call *call)
{
	struct ivs_live *region = live_find(call->space, call->iova);

	if (region)
		live_set_owner(region, call->vaddr);
}

static bool live_is_in(const struct ivs_live *region,
		       const struct ivs_call *call)
{
	if (region->space != call->space)
		return false;
	return (call->request == IVS_UNMAP_DMA && call->flags & FLAG_ALL) ||
	       region->iova - call->iova < call->bytes;
}

static void live_unmap(const struct ivs_call *call)
{
	struct ivs_live *region = live_find(call->space, call->iova);

	if (region && region->bytes == call->bytes && !call->vaddr_only) {
		live_put(region);
		return;
	}
	for (region = regions; region < regions_end; region++) {
		if (!live_is_in(region, call))
			continue;
		if (call->vaddr_only)
			region->vaddr = 0;
		else
			live_put(region);
	}
}

/**
 * ivs_live_end - a request has succeeded
 * @call: a map or unmap; what it asked for
 *
 * Context: its return handler.
 */
void ivs_live_end(const struct ivs_call *call)
{
	static const struct ivs_scope host = { .host = true };
	unsigned long flags;
	bool kept = true;

	if (!call->space)
		return;
	raw_spin_lock_irqsave(&live_lock, flags);
	if (call->op == IVS_REGION_UNMAP)
		live_unmap(call);
	else if (call->vaddr_only)
		live_hand_over(call);
	else
		kept = live_map(call);
	raw_spin_unlock_irqrestore(&live_lock, flags);
	if (!kept)
		ivs_stats_add(IVS_LOST_REGIONS, 1, &host);
}

/* ivs_live_drop_domain - a domain goes, 0 for none; and what went into it first */
void ivs_live_drop_domain(u64 domain_id)
{
	struct ivs_live *region;
	unsigned long flags;

	if (!domain_id)
		return;
	raw_spin_lock_irqsave(&live_lock, flags);
	for (region = regions; region < regions_end; region++)
		if (region->space && region->domain_id == domain_id)
			live_put(region);
	raw_spin_unlock_irqrestore(&live_lock, flags);
}

/* ---- reading ---- */

/* What was mapped before a device was attached is in the domain that came then. */
static u64 live_domain(const struct ivs_live *region)
{
	const struct ivs_domain *dom;
	u64 id = region->domain_id;

	if (id)
		return id;
	rcu_read_lock();
	dom = ivs_space_domain(region->space);
	id = dom ? dom->rec.id : 0;
	rcu_read_unlock();
	return id;
}

/* ivs_live_is - is that a place of the table? */
bool ivs_live_is(u64 index)
{
	return index < regions_end - regions;
}

/**
 * ivs_live_show - write the region of a place as a line, if there is one
 * @m: where
 * @index: which place, ivs_live_is()
 */
void ivs_live_show(struct seq_file *m, u64 index)
{
	struct ivs_live copy;
	unsigned long flags;

	raw_spin_lock_irqsave(&live_lock, flags);
	copy = regions[index];
	raw_spin_unlock_irqrestore(&live_lock, flags);
	if (!copy.space)
		return;
	seq_printf(m, "%llu domain=%llu pid=%d", index + 1,
		   live_domain(&copy), copy.pid);
	ivs_text_pair(m, "comm", copy.comm);
	seq_printf(m, " start_ns=%llu mapped_ns=%llu iova=0x%llx bytes=%llu",
		   copy.born, copy.mapped_ns, copy.iova, copy.bytes);
	if (copy.vaddr)
		seq_printf(m, " vaddr=0x%llx", copy.vaddr);
	seq_printf(m, " flags=0x%x\n", copy.flags);
}

/* ivs_live_init - room for @nr of them; 0, -EINVAL or -ENOMEM; may sleep */
int ivs_live_init(unsigned int nr)
{
	struct ivs_live *region;

	if (!nr || nr > 1 << 20)
		return -EINVAL;
	regions = vzalloc(array_size(nr, sizeof(*regions)));
	if (!regions)
		return -ENOMEM;
	regions_end = regions + nr;
	for (region = regions_end - 1; region >= regions; region--)
		hlist_add_head(&region->node, &free_places);
	ivs_memory_add((regions_end - regions) * sizeof(*regions));
	return 0;
}

/* ivs_live_exit - forget them; no handler and no reader may run any more */
void ivs_live_exit(void)
{
	ivs_memory_add(-(s64)((regions_end - regions) * sizeof(*regions)));
	vfree(regions);
}
