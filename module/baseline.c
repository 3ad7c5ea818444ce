// SPDX-License-Identifier: GPL-2.0-only
/*
 * baseline.c - domains that are older than the module
 *
 * Model. When the module is loaded, devices may be attached and mapped already.
 * Their domains get a record, and what their page tables hold is read (the
 * census' own walk) and becomes the start of the live numbers, so that these
 * are right from the first second and later unmaps find what they remove.
 *
 * Races. The probes are armed before. A map or unmap that they see during the
 * walk spoils it (ivs_domain_quiet()), and it is made again. One that had begun
 * before the probes were armed is seen by nobody; so, after a while that is
 * long for a call into the IOMMU core, flow and census are compared, and only
 * a domain on which they agree is called exact. One that does not come to rest
 * stays inexact=older: a floor.
 *
 * Context: module load, may sleep.
 */
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "base/params.h"
#include "base/pool.h"
#include "flow/device.h"
#include "flow/domain.h"
#include "baseline.h"
#include "check.h"

#define MAX_TRIES 32
#define MAX_ROUNDS 3
#define SETTLE_MS 20

/* A domain's extents, as they are being read. */
struct seed {
	struct ivs_visitor visitor;
	struct ivs_extents extents;
};

/* The type of a domain that may be freed while we look. */
static bool domain_is_tracked(const struct iommu_domain *domain)
{
	struct iommu_domain copy;

	return domain &&
	       !copy_from_kernel_nofault(&copy.type, &domain->type,
					 sizeof(copy.type)) &&
	       ivs_domain_tracked(&copy);
}

static void baseline_find_device(struct pci_dev *pdev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&pdev->dev);
	struct ivs_domain *dom;

	if (!domain_is_tracked(domain))
		return;
	rcu_read_lock();
	dom = ivs_domain_get(domain, IVS_BACKEND_NONE,
			     ktime_get_mono_fast_ns());
	if (dom) {
		/* The record was made by us, the domain was not. */
		dom->rec.pid = 0;
		dom->rec.comm[0] = '\0';
		ivs_domain_device(&pdev->dev, dom->rec.id);
		/* A domain freed before its probe was armed: drop it again. */
		if (iommu_get_domain_for_dev(&pdev->dev) != domain) {
			ivs_domain_device(&pdev->dev, 0);
			ivs_record_retire(&dom->rec);
		}
	}
	rcu_read_unlock();
}

static int seed_leaves(struct ivs_visitor *visitor,
		       const struct ivs_stretch *stretch)
{
	struct seed *seed = container_of(visitor, struct seed, visitor);
	const struct ivs_span span = {
		.start = stretch->iova,
		.last = ivs_stretch_last(stretch),
		.leaf = stretch->leaf,
	};

	/* Not in a handler: wait for the pool instead of losing a range. */
	ivs_pool_reserve(seed->extents.pool);
	return ivs_extents_add(&seed->extents, &span);
}

static int seed_torn(struct ivs_visitor *visitor, u64 iova, u64 last)
{
	return -EAGAIN;
}

static bool domain_is_quiet(u64 id, u64 *events)
{
	struct ivs_domain *dom;
	bool quiet = false;

	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom)
		quiet = ivs_domain_quiet(dom, events);
	rcu_read_unlock();
	return quiet;
}

static int seed_install(u64 id, struct seed *seed, unsigned int levels,
			u64 events)
{
	struct ivs_domain *dom;
	int ret = -ENOENT;

	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom)
		ret = ivs_domain_seed(dom, &seed->extents, levels, events);
	rcu_read_unlock();
	return ret;
}

static int seed_try(u64 id, struct ivs_walk *walk)
{
	struct seed seed = {
		.visitor = { .leaves = seed_leaves, .torn = seed_torn },
	};
	struct ivs_removed removed;
	struct ivs_context context;
	u64 events;
	int ret;

	ivs_domain_extents_init(&seed.extents);
	if (!domain_is_quiet(id, &events))
		return -EAGAIN;
	if (ivs_check_context(id, &context))
		return -ENXIO;
	ret = ivs_context_walk(&context, walk, &seed.visitor, 0);
	if (!ret)
		ret = walk->garbage ? -EIO :
				      seed_install(id, &seed, context.levels,
						   events);
	/* What the record had before, or what it did not take. */
	ivs_extents_remove(&seed.extents, 0, U64_MAX, &removed);
	return ret;
}

static int seed_domain(u64 id, struct ivs_walk *walk)
{
	unsigned int tries;
	int ret = -EAGAIN;

	for (tries = 0; ret == -EAGAIN && tries < MAX_TRIES; tries++) {
		if (tries)
			usleep_range(50 * tries, 100 * tries);
		ret = seed_try(id, walk);
	}
	return ret;
}

/* The next record, from @id on, that has a device and wants a baseline. */
static u64 baseline_next(u64 id)
{
	struct ivs_record *record;

	rcu_read_lock();
	while ((record = ivs_record_from(&ivs_domains, id))) {
		id = record->id;
		if (ivs_domain_wants_baseline(to_ivs_domain(record)) &&
		    ivs_device_any(id))
			break;
		id++;
	}
	rcu_read_unlock();
	return record ? id : 0;
}

static void seed_verify(u64 id, struct ivs_walk *walk)
{
	struct ivs_check check;
	struct ivs_domain *dom;

	if (ivs_check_domain(id, walk, &check) || check.verdict != IVS_EQUAL)
		return;
	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom)
		ivs_domain_seed_verified(dom);
	rcu_read_unlock();
}

/* Seed what needs it, wait, and confirm the seeds that still agree. */
static bool baseline_round(struct ivs_walk *walk)
{
	bool any = false;
	u64 id;

	for (id = baseline_next(1); id; id = baseline_next(id + 1))
		any |= !seed_domain(id, walk);
	if (!any)
		return false;
	msleep(SETTLE_MS);
	for (id = baseline_next(1); id; id = baseline_next(id + 1))
		seed_verify(id, walk);
	return baseline_next(1);
}

/**
 * ivs_baseline - find the domains that are older than the module
 *
 * Context: may sleep; the probes are armed already, so that nothing falls
 * between the two.
 */
void ivs_baseline(void)
{
	struct pci_dev *pdev = NULL;
	struct ivs_walk *walk;
	unsigned int round;

	for_each_pci_dev(pdev)
		baseline_find_device(pdev);
	if (!ivs_read_older)
		return;
	walk = kvzalloc(sizeof(*walk), GFP_KERNEL);
	/* Without memory for a walk these domains stay inexact. */
	for (round = 0; walk && round < MAX_ROUNDS; round++)
		if (!baseline_round(walk))
			break;
	kvfree(walk);
}
