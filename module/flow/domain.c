// SPDX-License-Identifier: GPL-2.0-only
/*
 * domain.c - one record per IOMMU domain: what it holds, who uses it
 *
 * Model. A domain gets a record when a device is attached to it or something is
 * mapped into it, and loses it when it is freed, so that a later domain at the
 * same address is a new one. Tracked are the domains that VFIO and its like
 * make (IOMMU_DOMAIN_UNMANAGED), and those of the DMA API when the module
 * parameter dma_api asks for them; the latter stay out of the host's sums.
 *
 * The live numbers are what was mapped minus what was unmapped, leaf by leaf
 * (extent.c). They are exact for a domain that was attached while we watched
 * and whose every map and unmap we saw; where that is not so the record says
 * why (enum ivs_inexact). A domain that is older than the module begins with
 * what its page table held (baseline.c).
 *
 * Which leaves a map writes is known of VT-d. Where another IOMMU translates,
 * its drivers have rules and sizes of their own, and no census reads its tables:
 * bytes are kept there, as if they were 4K leaves, and no leaves are shown.
 *
 * Locking: records by RCU (record.c). A domain's extents by its own raw
 * spinlock: type1 serialises all maps and unmaps of a container, so that it is
 * never contended there, but iommufd maps two areas of one domain at once.
 *
 * Lifetime: the address of a struct iommu_domain is a key, never followed,
 * except in the probe handlers that got it as an argument.
 */
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "../base/quality.h"
#include "../compat.h"
#include "device.h"
#include "domain.h"

static struct ivs_pool extent_pool = {
	.name = "ivs_extent",
	.size = sizeof(struct ivs_extent),
	.reserve = 4096,
};

/* Who could guess how extents are ranked could make their tree a list. */
static u64 extent_secret;

static const struct ivs_scope host_scope = { .host = true };

/* ivs_domain_extents_init - an empty set, from the reserve of all domains */
void ivs_domain_extents_init(struct ivs_extents *extents)
{
	ivs_extents_init(extents, &extent_pool, extent_secret);
}

static void domain_setup(struct ivs_record *record)
{
	struct ivs_domain *dom = to_ivs_domain(record);

	raw_spin_lock_init(&dom->lock);
	ivs_domain_extents_init(&dom->extents);
	dom->missed = ivs_missed_calls(IVS_FEEDS_LIVE);
	dom->nested = ivs_nested_calls(IVS_FEEDS_LIVE);
	dom->silences = ivs_silences();
}

static void domain_release(struct ivs_record *record)
{
	struct ivs_domain *dom = to_ivs_domain(record);
	struct ivs_removed removed;

	ivs_extents_remove(&dom->extents, 0, U64_MAX, &removed);
}

struct ivs_table ivs_domains = {
	.pool = {
		.name = "ivs_domain",
		.size = sizeof(struct ivs_domain),
		.reserve = 64,
		.limit = 16384,
	},
	.setup = domain_setup,
	.release = domain_release,
};

static bool type_is_dma_api(unsigned int type)
{
	return type & __IOMMU_DOMAIN_DMA_API;
}

static struct ivs_domain *domain_make(const struct iommu_domain *domain)
{
	struct ivs_record *record;

	record = ivs_record_get(&ivs_domains, (unsigned long)domain, 0);
	if (!record) {
		ivs_stats_add(IVS_LOST_DOMAINS, 1, &host_scope);
		return NULL;
	}
	to_ivs_domain(record)->type = domain->type;
	return to_ivs_domain(record);
}

static struct ivs_domain *domain_find(const struct iommu_domain *domain)
{
	struct ivs_record *record;

	record = ivs_record_find(&ivs_domains, (unsigned long)domain, 0);
	return record ? to_ivs_domain(record) : NULL;
}

/**
 * ivs_domain_get - the record of a domain in use; made if there is none
 * @domain: argument of a probed function
 * @backend: who uses it; the first one known stays
 * @now_ns: ktime_get_mono_fast_ns(), of which a handler has one already
 *
 * Context: under RCU, any but NMI.
 * Return: the record, NULL (counted as lost) when there is no room for one.
 */
struct ivs_domain *ivs_domain_get(const struct iommu_domain *domain,
				  enum ivs_backend backend, u64 now_ns)
{
	struct ivs_domain *dom = domain_find(domain);

	if (!dom) {
		dom = domain_make(domain);
		if (!dom)
			return NULL;
		/* No attach made this record, so none was seen: it is older. */
		set_bit(IVS_INEXACT_OLDER, &dom->inexact);
	}
	if (dom->backend == IVS_BACKEND_NONE)
		dom->backend = backend;
	ivs_record_used(&dom->rec, now_ns);
	return dom;
}

/**
 * ivs_domain_new - a domain is being made
 * @domain: argument of a probed function
 * @backend: whose it is
 *
 * Context: under RCU, any but NMI; before its first map.
 */
void ivs_domain_new(const struct iommu_domain *domain,
		    enum ivs_backend backend)
{
	struct ivs_domain *dom = domain_make(domain);

	if (dom && dom->backend == IVS_BACKEND_NONE)
		dom->backend = backend;
}

/* Table levels that reach the end of the aperture, nine bits each over 4K. */
static u8 domain_levels(const struct iommu_domain *domain)
{
	unsigned int bits = fls64(domain->geometry.aperture_end);

	return clamp_t(unsigned int, DIV_ROUND_UP(bits - min(bits, 12U), 9), 1,
		       IVS_MAX_LEVELS);
}

static void domain_forget(struct ivs_domain *dom, u64 start, u64 last,
			  struct ivs_removed *removed)
{
	ivs_extents_remove(&dom->extents, start, last, removed);
	if (removed->lost)
		set_bit(IVS_INEXACT_RANGES, &dom->inexact);
}

static void domain_count_removed(const struct ivs_removed *removed,
				 const struct ivs_scope *scope)
{
	enum ivs_leaf leaf;

	for (leaf = 0; leaf < IVS_NR_LEAVES; leaf++)
		ivs_stats_add(IVS_REMOVED_LEAVES + leaf, removed->leaves[leaf],
			      scope);
	ivs_stats_add(IVS_SPLIT_LEAF_CALLS, removed->split, scope);
	ivs_stats_add(IVS_LOST_RANGES, removed->lost, scope);
}

static u64 domain_pgsizes(const struct iommu_domain *domain)
{
	return ivs_compat_intel_iommu() ? ivs_compat_pgsizes(domain) : SZ_4K;
}

/**
 * ivs_domain_map - leaves were written
 * @dom: the domain's record
 * @domain: the domain, for its page sizes; up to 6.12 VT-d sets them at the
 *	first attach, so that they are read at each map
 * @iova: first IOVA, in bytes
 * @phys: physical address
 * @size: length in bytes
 * @leaves: how many of each size were written
 * @scope: for whom to count them
 *
 * Context: return handler of a map that succeeded.
 */
void ivs_domain_map(struct ivs_domain *dom, const struct iommu_domain *domain,
		    u64 iova, u64 phys, u64 size, u64 leaves[IVS_NR_LEAVES],
		    const struct ivs_scope *scope)
{
	struct ivs_span spans[IVS_MAX_SPANS];
	struct ivs_removed over;
	unsigned int nr, i, lost = 0;
	unsigned long flags;

	memset(leaves, 0, IVS_NR_LEAVES * sizeof(*leaves));
	nr = ivs_leaf_split(domain_pgsizes(domain), iova, phys, size, spans);
	if (!nr)
		return;

	raw_spin_lock_irqsave(&dom->lock, flags);
	dom->levels = domain_levels(domain);
	dom->aperture_last = domain->geometry.aperture_end;
	domain_forget(dom, iova, iova + size - 1, &over);
	for (i = 0; i < nr; i++) {
		leaves[spans[i].leaf] += ivs_span_leaves(&spans[i]);
		lost += !!ivs_extents_add(&dom->extents, &spans[i]);
	}
	raw_spin_unlock_irqrestore(&dom->lock, flags);

	if (lost)
		set_bit(IVS_INEXACT_RANGES, &dom->inexact);
	for (i = 0; i < IVS_NR_LEAVES; i++)
		ivs_stats_add(IVS_ADDED_LEAVES + i, leaves[i], scope);
	ivs_stats_add(IVS_LOST_RANGES, lost, scope);
	if (over.known_bytes) {
		ivs_stats_add(IVS_OVERMAPPED_CALLS, 1, scope);
		domain_count_removed(&over, scope);
	}
}

/**
 * ivs_domain_map_failed - leaves may have been written all the same
 * @dom: the domain's record
 * @domain: the domain
 *
 * The core unmaps what the driver says it has mapped. A driver that fails
 * within one call may say nothing of what it had mapped until then (6.12
 * drivers/iommu/intel/iommu.c intel_iommu_map_pages()).
 *
 * Context: return handler of a map that failed, before ivs_domain_end().
 */
void ivs_domain_map_failed(struct ivs_domain *dom,
			   const struct iommu_domain *domain)
{
	if (!ivs_compat_undoes_failed_map(domain))
		atomic64_inc(&dom->failed);
}

/**
 * ivs_domain_looked - a census agrees with the flow
 * @dom: the domain's record
 * @failed: its failed maps, as they were before the census
 *
 * Context: under RCU.
 */
void ivs_domain_looked(struct ivs_domain *dom, u64 failed)
{
	WRITE_ONCE(dom->looked, failed);
}

/**
 * ivs_domain_unmap - leaves were removed
 * @dom: the domain's record
 * @iova: first IOVA, in bytes
 * @size: bytes that the driver says it removed, which may be more or less than
 *	it was asked to
 * @removed: what they were
 * @scope: for whom to count them
 *
 * Context: return handler of an unmap.
 */
void ivs_domain_unmap(struct ivs_domain *dom, u64 iova, u64 size,
		      struct ivs_removed *removed,
		      const struct ivs_scope *scope)
{
	unsigned long flags;

	memset(removed, 0, sizeof(*removed));
	if (!size)
		return;

	raw_spin_lock_irqsave(&dom->lock, flags);
	domain_forget(dom, iova, iova + size - 1, removed);
	raw_spin_unlock_irqrestore(&dom->lock, flags);

	domain_count_removed(removed, scope);
	if (removed->known_bytes < size) {
		set_bit(IVS_INEXACT_OLDER, &dom->inexact);
		ivs_stats_add(IVS_UNKNOWN_UNMAP_BYTES,
			      size - removed->known_bytes, scope);
	}
}

/**
 * ivs_domain_device - a device translates through another domain now
 * @dev: the device
 * @domain: id of the domain's record, 0 for one that has none
 *
 * Context: as ivs_device_move().
 */
void ivs_domain_device(struct device *dev, u64 domain)
{
	if (ivs_device_move(dev, domain))
		ivs_stats_add(IVS_LOST_DEVICES, 1, &host_scope);
}

/**
 * ivs_domain_attach - a device was attached to a domain
 * @domain: the domain
 * @dev: the device
 * @backend: on whose behalf
 * @space: the container or IOAS that the domain serves, 0 for unknown
 *
 * Context: return handler of an attach that succeeded.
 */
void ivs_domain_attach(const struct iommu_domain *domain, struct device *dev,
		       enum ivs_backend backend, unsigned long space)
{
	struct ivs_domain *dom = NULL;

	if (ivs_domain_tracked(domain))
		dom = domain_make(domain);
	if (dom && dom->backend == IVS_BACKEND_NONE)
		dom->backend = backend;
	if (dom) {
		dom->aperture_last = domain->geometry.aperture_end;
		if (space)
			WRITE_ONCE(dom->space, space);
	}
	ivs_domain_device(dev, dom ? dom->rec.id : 0);
}

/**
 * ivs_domain_free - a domain is about to go, with all it holds
 * @domain: the domain
 *
 * The driver frees the tables without unmapping (6.1 intel/iommu.c
 * domain_exit()), so what is left counts as removed here.
 *
 * Context: entry handler of iommu_domain_free().
 * Return: id of its record, 0 for none.
 */
u64 ivs_domain_free(const struct iommu_domain *domain)
{
	struct ivs_domain *dom = domain_find(domain);
	struct ivs_scope scope = { .host = true };
	struct ivs_removed removed = { };
	unsigned long flags;

	if (!dom)
		return 0;
	raw_spin_lock_irqsave(&dom->lock, flags);
	ivs_extents_leaves(&dom->extents, removed.leaves);
	raw_spin_unlock_irqrestore(&dom->lock, flags);

	scope.host = !type_is_dma_api(dom->type);
	domain_count_removed(&removed, &scope);
	ivs_record_retire(&dom->rec);
	return dom->rec.id;
}

/**
 * ivs_domain_by_id - a record by the name it is shown under
 * @id: its id
 *
 * Context: under RCU.
 * Return: the record, NULL when the domain is gone.
 */
struct ivs_domain *ivs_domain_by_id(u64 id)
{
	struct ivs_record *record = ivs_record_from(&ivs_domains, id);

	return record && record->id == id ? to_ivs_domain(record) : NULL;
}

/**
 * ivs_domain_begin - a map or unmap begins to change the page table
 * @domain: argument of a probed function
 * @backend: on whose behalf
 * @entered: when its entry handler began
 *
 * Context: that handler.
 * Return: id of the domain's record, whose end must be told; 0 for none.
 */
u64 ivs_domain_begin(const struct iommu_domain *domain,
		     enum ivs_backend backend, u64 entered)
{
	struct ivs_domain *dom = ivs_domain_get(domain, backend, entered);

	if (!dom)
		return 0;
	atomic64_inc(&dom->begun);
	/* Whoever sees a change of the table sees that it began. */
	smp_mb__after_atomic();
	return dom->rec.id;
}

/* ivs_domain_end - it has ended and is in the numbers; its return handler */
void ivs_domain_end(struct ivs_domain *dom)
{
	/* Pairs with ivs_domain_quiet(): the change is seen before ended. */
	smp_mb__before_atomic();
	atomic64_inc(&dom->ended);
}

/**
 * ivs_domain_died - a call will not return that began to change the page table
 * @id: the domain's
 *
 * What it had changed by then nobody knows. Context: may sleep.
 */
void ivs_domain_died(u64 id)
{
	struct ivs_domain *dom;

	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom) {
		set_bit(IVS_INEXACT_DIED, &dom->inexact);
		ivs_domain_end(dom);
	}
	rcu_read_unlock();
}

/**
 * ivs_domain_quiet - is no map or unmap under way?
 * @dom: the record
 * @events: how many there were; as long as this stays, and it is quiet, the
 *	page table and the numbers stand still
 *
 * Context: under RCU.
 */
bool ivs_domain_quiet(const struct ivs_domain *dom, u64 *events)
{
	u64 ended = atomic64_read(&dom->ended);

	/* Ended before begun: what begins in between makes them differ. */
	smp_mb();
	*events = atomic64_read(&dom->begun);
	/* The caller reads numbers and table after this. */
	smp_mb();
	return *events == ended;
}

/* What is nested is the DMA API's alone (quality.c). */
static bool domain_calls_missed(const struct ivs_domain *dom)
{
	return ivs_missed_calls(IVS_FEEDS_LIVE) != dom->missed ||
	       (type_is_dma_api(dom->type) &&
		ivs_nested_calls(IVS_FEEDS_LIVE) != dom->nested);
}

/**
 * ivs_domain_inexact - why the live numbers may be incomplete
 * @dom: the record
 *
 * Context: under RCU; not in a handler (ivs_probes_silent()).
 * Return: bit set of enum ivs_inexact, 0 when they are exact.
 */
unsigned long ivs_domain_inexact(const struct ivs_domain *dom)
{
	unsigned long inexact = READ_ONCE(dom->inexact);

	if (domain_calls_missed(dom) || ivs_probes_silent() ||
	    ivs_silences() != dom->silences)
		inexact |= BIT(IVS_INEXACT_MISSED);
	if (atomic64_read(&dom->failed) != READ_ONCE(dom->looked))
		inexact |= BIT(IVS_INEXACT_FAILED);
	return inexact;
}

/* ivs_domain_extent - the extent at an IOVA, or the first one after it */
bool ivs_domain_extent(struct ivs_domain *dom, u64 iova, struct ivs_span *span)
{
	struct ivs_extent *extent;
	unsigned long flags;

	raw_spin_lock_irqsave(&dom->lock, flags);
	extent = ivs_extents_at(&dom->extents, iova);
	if (extent)
		*span = extent->span;
	raw_spin_unlock_irqrestore(&dom->lock, flags);
	return extent;
}

/**
 * ivs_domain_flow - what a domain should hold
 * @dom: the record
 * @leaves: per size
 *
 * Context: under RCU.
 */
void ivs_domain_flow(struct ivs_domain *dom, u64 leaves[IVS_NR_LEAVES])
{
	unsigned long flags;

	raw_spin_lock_irqsave(&dom->lock, flags);
	ivs_extents_leaves(&dom->extents, leaves);
	raw_spin_unlock_irqrestore(&dom->lock, flags);
}

/* ivs_domain_wants_baseline - was it there before the module? */
bool ivs_domain_wants_baseline(const struct ivs_domain *dom)
{
	return READ_ONCE(dom->inexact) & BIT(IVS_INEXACT_OLDER);
}

/**
 * ivs_domain_seed - replace the extents by what was found in the page table
 * @dom: the record
 * @extents: what was found; exchanged for what the record had
 * @levels: depth of the table
 * @events: as it was before the table was read
 *
 * Context: under RCU.
 * Return: 0, or -EAGAIN when something was mapped or unmapped meanwhile.
 */
int ivs_domain_seed(struct ivs_domain *dom, struct ivs_extents *extents,
		    unsigned int levels, u64 events)
{
	unsigned long flags;
	int ret = -EAGAIN;
	u64 now;

	raw_spin_lock_irqsave(&dom->lock, flags);
	if (ivs_domain_quiet(dom, &now) && now == events) {
		swap(dom->extents, *extents);
		dom->levels = levels;
		ret = 0;
	}
	raw_spin_unlock_irqrestore(&dom->lock, flags);
	return ret;
}

/* ivs_domain_seed_verified - flow and census agreed after the seed */
void ivs_domain_seed_verified(struct ivs_domain *dom)
{
	dom->baseline = true;
	clear_bit(IVS_INEXACT_OLDER, &dom->inexact);
}

/* ivs_domain_init - make the tables; 0 or -ENOMEM; may sleep */
int ivs_domain_init(void)
{
	int ret = ivs_pool_init(&extent_pool);

	if (ret)
		return ret;
	extent_secret = get_random_u64();
	ret = ivs_table_init(&ivs_domains);
	if (ret)
		ivs_pool_exit(&extent_pool);
	return ret;
}

/* ivs_domain_exit - free all records; may sleep; no handler runs any more */
void ivs_domain_exit(void)
{
	ivs_table_exit(&ivs_domains);
	ivs_pool_exit(&extent_pool);
}
