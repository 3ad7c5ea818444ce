// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommu.c - what reaches the IOMMU core: maps, unmaps, attaches, frees
 *
 * Model. Everything that VFIO, iommufd or any other backend writes into an IO
 * page table passes through exported functions of the IOMMU core, with the same
 * argument registers on every kernel. The leaves a map wrote are recomputed
 * from its arguments (leaf.c); the leaves an unmap removed are those remembered
 * for the range it says it removed (extent.c).
 *
 * Hot path. A host's NIC and NVMe go through some of these functions too, up to
 * a million times a second, with domains of the DMA API. Those are let go by the
 * domain's type, before anything else is done for them (struct ivs_probe, @prefilter).
 *
 * Rollback. A map that fails half-way makes the core unmap what it had mapped
 * (6.1 iommu.c __iommu_map()), inside the map. That unmap is no unmap of
 * anything we counted: it is passed over, and the map is counted as partial.
 *
 * Flush. Removing entries and making the IOMMU forget them are two things, and the
 * second costs more where there are many devices. VT-d does it in a function of
 * its own, after a batch of unmaps (type1) or inside each iommu_unmap() (the
 * others): there it is taken off the unmap. 5.10 flushes deep inside the unmap,
 * where nothing tells it apart.
 *
 * Context: kretprobe handlers, preemption off; nothing here may sleep.
 */
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/timekeeping.h>

#include "../base/stats.h"
#include "../compat.h"
#include "domain.h"
#include "flight.h"
#include "iommu.h"
#include "live.h"
#include "process.h"
#include "refusal.h"
#include "request.h"
#include "space.h"
#include "trace.h"

static struct iommu_domain *domain_arg(struct pt_regs *regs)
{
	return (struct iommu_domain *)regs_get_kernel_argument(regs, 0);
}

static bool domain_is_unmanaged(const struct iommu_domain *domain)
{
	return domain->type == IOMMU_DOMAIN_UNMANAGED;
}

/**
 * ivs_iommu_prefilter - is a call of no interest, whatever its result?
 * @regs: of a function whose first argument is a domain
 *
 * Most calls end here: see struct ivs_probe, @prefilter.
 */
bool ivs_iommu_prefilter(struct pt_regs *regs)
{
	if (ivs_domain_tracked(domain_arg(regs)))
		return false;
	ivs_stats_filtered();
	return true;
}

/* Who maps: the backend whose call this one is in, or somebody unknown. */
static enum ivs_backend call_backend(const struct ivs_call *call)
{
	return call->backend == IVS_BACKEND_NONE ? IVS_BACKEND_OTHER :
						   call->backend;
}

/*
 * DMA-API calls come from interrupts too, where current is a bystander. They
 * never last: they are kept out of the file and out of processes.
 */
static struct ivs_call *iommu_call_begin(struct kretprobe_instance *ri,
					 enum ivs_op op, struct pt_regs *regs,
					 u64 entered)
{
	struct iommu_domain *domain = domain_arg(regs);
	struct ivs_call *call = ivs_call_new(ri);

	if (!call)
		return NULL;
	call->object = domain;
	call->iova = regs_get_kernel_argument(regs, 1);
	if (domain_is_unmanaged(domain))
		ivs_flight_begin(call, op);
	else
		ivs_flight_begin_unowned(call, op);
	if (ivs_request_enclosing(call, IVS_NEW_TABLE))
		ivs_domain_new(domain, call_backend(call));
	call->domain_id = ivs_domain_begin(domain, call_backend(call), entered);
	return call;
}

/* A domain that had no record when the call began has no end of it either. */
static void iommu_call_end(struct ivs_call *call, struct ivs_domain *dom)
{
	if (dom && dom->rec.id == call->domain_id)
		ivs_domain_end(dom);
	ivs_flight_end(call);
}

static struct ivs_domain *call_domain(const struct ivs_call *call, u64 entered)
{
	return ivs_domain_get(call->object, call_backend(call), entered);
}

static struct ivs_scope call_scope(const struct ivs_call *call,
				   struct ivs_domain *dom, u64 entered)
{
	return (struct ivs_scope){
		.domain = dom ? &dom->rec.sums : NULL,
		.process = call->task ? ivs_process_current(entered) : NULL,
		.host = call->task,
	};
}

/* For an event; of tables that are not VT-d's none are known. */
static const u64 *known_leaves(const u64 leaves[IVS_NR_LEAVES])
{
	static const u64 none[IVS_NR_LEAVES];

	return ivs_compat_intel_iommu() ? leaves : none;
}

/* ---- map ---- */

static int iommu_map_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = iommu_call_begin(ri, IVS_MAP, regs, entered);

	if (!call)
		return 1;
	call->phys = regs_get_kernel_argument(regs, 2);
	call->bytes = regs_get_kernel_argument(regs, 3);
	call->start_ns = ivs_stats_self(entered);
	return 0;
}

/* int iommu_map(domain, iova, phys, size, prot[, gfp]) */
int ivs_iommu_map_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (ivs_iommu_prefilter(regs) || !domain_is_unmanaged(domain_arg(regs)))
		return 1;
	return iommu_map_entry(ri, regs);
}

/*
 * The same arguments, one level down, where the DMA API joins in: __iommu_map()
 * up to 6.12, iommu_map_nosync() later. Armed only to count its domains.
 */
int ivs_iommu_dma_map_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (!ivs_domain_tracked(domain_arg(regs)) ||
	    domain_is_unmanaged(domain_arg(regs)))
		return 1;
	return iommu_map_entry(ri, regs);
}

int ivs_iommu_map_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns(), leaves[IVS_NR_LEAVES] = { };
	struct ivs_call *call = ivs_call_of(ri);
	int ret = regs_return_value(regs);
	struct ivs_domain *dom = call_domain(call, entered);
	const struct ivs_scope scope = call_scope(call, dom, entered);
	const struct ivs_sample sample = {
		.op = IVS_MAP,
		.error = ret < 0 ? -ret : 0,
		.bytes = ret ? 0 : call->bytes,
		.ns = entered - call->start_ns,
	};

	if (!ret && dom)
		ivs_domain_map(dom, call->object, call->iova, call->phys,
			       call->bytes, leaves, &scope);
	else if (dom)
		ivs_domain_map_failed(dom, call->object);
	if (dom)
		ivs_space_mapped(dom, call, ret);
	ivs_refusal_step(call, IVS_STEP_MAP, ret);
	ivs_stats_call(&sample, &scope);
	ivs_stats_add(IVS_MAP_PARTIAL_CALLS, call->partial, &scope);
	ivs_region_did(call, IVS_REGION_MAP, sample.bytes);
	trace_map(dom ? dom->rec.id : 0, call->iova, call->bytes,
		  known_leaves(leaves), sample.ns, ret);
	iommu_call_end(call, dom);
	ivs_stats_self(entered);
	return 0;
}

/* ---- unmap ---- */

/* An unmap directly inside a map of the same task is the map's rollback. */
static bool unmap_is_rollback(const struct iommu_domain *domain, u64 size)
{
	struct ivs_call *map = ivs_flight_current();

	if (!map || map->op != IVS_MAP || map->object != domain)
		return false;
	map->partial |= size > 0;
	return true;
}

/*
 * size_t iommu_unmap(domain, iova, size)
 * size_t iommu_unmap_fast(domain, iova, size, gather)
 */
int ivs_iommu_unmap_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct iommu_domain *domain = domain_arg(regs);
	struct ivs_call *call;
	u64 entered, size;

	if (ivs_iommu_prefilter(regs))
		return 1;
	entered = ktime_get_mono_fast_ns();
	size = regs_get_kernel_argument(regs, 2);
	if (domain_is_unmanaged(domain) && unmap_is_rollback(domain, size))
		return 1;
	call = iommu_call_begin(ri, IVS_UNMAP, regs, entered);
	if (!call)
		return 1;
	call->bytes = size;
	call->start_ns = ivs_stats_self(entered);
	return 0;
}

int ivs_iommu_unmap_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);
	struct ivs_domain *dom = call_domain(call, entered);
	const struct ivs_scope scope = call_scope(call, dom, entered);
	struct ivs_removed removed = { };
	const struct ivs_sample sample = {
		.op = IVS_UNMAP,
		.bytes = regs_return_value(regs),
		.ns = entered - call->start_ns - call->flush_ns,
	};

	if (dom)
		ivs_domain_unmap(dom, call->iova, sample.bytes, &removed,
				 &scope);
	ivs_stats_call(&sample, &scope);
	ivs_region_did(call, IVS_REGION_UNMAP, sample.bytes);
	ivs_stats_add(IVS_UNMAP_SHORT_CALLS, sample.bytes < call->bytes,
		      &scope);
	trace_unmap(dom ? dom->rec.id : 0, call->iova, sample.bytes,
		    known_leaves(removed.leaves), sample.ns, 0);
	iommu_call_end(call, dom);
	ivs_stats_self(entered);
	return 0;
}

/* ---- flush ---- */

/* What is to be flushed; an empty range is backwards. */
static u64 gather_bytes(const struct iommu_iotlb_gather *gather)
{
	return gather->end >= gather->start ?
		       (u64)gather->end - gather->start + 1 : 0;
}

/* void intel_iommu_tlb_sync(domain, gather) */
int ivs_iommu_flush_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct iommu_iotlb_gather *gather;
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call;

	if (ivs_iommu_prefilter(regs))
		return 1;
	call = ivs_call_new(ri);
	if (!call)
		return 1;
	gather = (void *)regs_get_kernel_argument(regs, 1);
	call->object = domain_arg(regs);
	call->iova = gather->start;
	call->bytes = gather_bytes(gather);
	if (domain_is_unmanaged(call->object))
		ivs_flight_begin(call, IVS_FLUSH);
	else
		ivs_flight_begin_unowned(call, IVS_FLUSH);
	call->start_ns = ivs_stats_self(entered);
	return 0;
}

int ivs_iommu_flush_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);
	struct ivs_domain *dom = call_domain(call, entered);
	const struct ivs_scope scope = call_scope(call, dom, entered);
	const struct ivs_sample sample = {
		.op = IVS_FLUSH,
		.bytes = call->bytes,
		.ns = entered - call->start_ns,
	};

	/* iommu_unmap() flushes before it returns. */
	if (call->parent && call->parent->op == IVS_UNMAP)
		call->parent->flush_ns += sample.ns;
	ivs_stats_call(&sample, &scope);
	ivs_flight_end(call);
	ivs_stats_self(entered);
	return 0;
}

/* ---- attach and free ---- */

/* Not a call in flight: only what the return handler needs. */
struct attach {
	struct iommu_domain *domain;
	struct device *dev;
};

/* int __iommu_attach_device(domain, dev[, old]) */
int ivs_iommu_attach_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct attach *attach = (struct attach *)ri->data;

	BUILD_BUG_ON(sizeof(*attach) > IVS_CALL_DATA);
	attach->domain = domain_arg(regs);
	attach->dev = (struct device *)regs_get_kernel_argument(regs, 1);
	return 0;
}

int ivs_iommu_attach_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct attach *attach = (struct attach *)ri->data;
	struct ivs_call *parent = ivs_flight_current();
	int ret = regs_return_value(regs);

	if (!ret)
		ivs_domain_attach(attach->domain, attach->dev,
				  parent ? parent->backend : IVS_BACKEND_NONE,
				  ivs_space_of(parent));
	ivs_refusal_step(parent, IVS_STEP_ATTACH, ret);
	return 0;
}

/* void iommu_domain_free(domain): only its entry, there is no return to see */
int ivs_iommu_free_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	ivs_live_drop_domain(ivs_domain_free(domain_arg(regs)));
	return 1;
}
