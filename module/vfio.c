// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio.c - what VFIO's backends do: regions, pins, unpins, teardowns
 *
 * Model. A region is one MAP_DMA or UNMAP_DMA ioctl, seen whole in
 * vfio_iommu_type1_ioctl() because the functions below it are inlined in every
 * distribution build. Inside it type1 pins run by run
 * (vfio_pin_pages_remote(): one physically contiguous run a call) and, on the
 * way out, tears a region down in vfio_unmap_unpin(): it walks the IO page
 * table in 4K steps to find the runs again, unmaps them and unpins them
 * (vfio_unpin_pages_remote()). The walk has no function of its own; it is what
 * is left of a teardown when its unmaps and unpins are taken off.
 *
 * hugepath, our own backend, has functions with the same arguments where type1
 * has these, so that the same handlers serve both. Who it is only the outermost
 * call has to say; what runs inside takes it from there.
 *
 * Only what crosses function boundaries as an argument or a result is used;
 * type1's structures are private. The ioctl's arguments are read from the
 * caller's memory without faulting; where that fails it is counted.
 *
 * Context: kretprobe handlers, preemption off; nothing here may sleep.
 */
#include <linux/kprobes.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "backing.h"
#include "flight.h"
#include "probe.h"
#include "process.h"
#include "stats.h"
#include "trace.h"

static struct ivs_call *call_new(struct kretprobe_instance *ri)
{
	memset(ri->data, 0, sizeof(struct ivs_call));
	return ivs_call_of(ri);
}

/* The call begins now, as far as its duration is concerned. */
static int begin(struct ivs_call *call, enum ivs_op op, u64 entered)
{
	ivs_flight_begin(call, op);
	call->start_ns = ivs_stats_self(entered);
	return 0;
}

static struct ivs_scope scope_of_current(void)
{
	return (struct ivs_scope){
		.process = ivs_process_current(),
		.host = true,
	};
}

static void count(const struct ivs_sample *sample)
{
	const struct ivs_scope scope = scope_of_current();

	ivs_stats_call(sample, &scope);
}

/* The enclosing call of a kind, for instance the teardown of an unpin. */
static struct ivs_call *enclosing(struct ivs_call *call, enum ivs_op op)
{
	while ((call = call->parent))
		if (call->op == op)
			return call;
	return NULL;
}

static int error_of(long ret)
{
	return ret < 0 ? -ret : 0;
}

/* ---- region ---- */

static bool read_map(struct ivs_call *call, const void __user *arg)
{
	struct vfio_iommu_type1_dma_map map;

	if (copy_from_user_nofault(&map, arg, sizeof(map)))
		return false;
	call->iova = map.iova;
	call->vaddr = map.vaddr;
	call->bytes = map.size;
	return true;
}

static bool read_unmap(struct ivs_call *call, const void __user *arg)
{
	struct vfio_iommu_type1_dma_unmap unmap;
	size_t minsz = offsetofend(struct vfio_iommu_type1_dma_unmap, size);

	if (copy_from_user_nofault(&unmap, arg, minsz))
		return false;
	call->iova = unmap.iova;
	call->bytes = unmap.size;
	return true;
}

static bool read_region(struct ivs_call *call, enum ivs_op op)
{
	const void __user *arg = (const void __user *)call->object;

	return op == IVS_REGION_MAP ? read_map(call, arg) :
				      read_unmap(call, arg);
}

static void count_unread(void)
{
	const struct ivs_scope scope = scope_of_current();

	ivs_stats_add(IVS_UNREAD_ARGS_CALLS, 1, &scope);
}

/* long vfio_iommu_type1_ioctl(void *iommu, unsigned int cmd, unsigned long) */
static int ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs,
		       enum ivs_backend backend)
{
	unsigned int cmd = regs_get_kernel_argument(regs, 1);
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call;
	enum ivs_op op;

	if (cmd == VFIO_IOMMU_MAP_DMA)
		op = IVS_REGION_MAP;
	else if (cmd == VFIO_IOMMU_UNMAP_DMA)
		op = IVS_REGION_UNMAP;
	else
		return 1;

	call = call_new(ri);
	call->backend = backend;
	call->object = (void *)regs_get_kernel_argument(regs, 2);
	if (!read_region(call, op))
		count_unread();
	return begin(call, op, entered);
}

int ivs_vfio_ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return ioctl_entry(ri, regs, IVS_BACKEND_TYPE1);
}

int ivs_hugepath_ioctl_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	return ioctl_entry(ri, regs, IVS_BACKEND_HUGEPATH);
}

int ivs_vfio_ioctl_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);
	long ret = (int)regs_return_value(regs);
	struct ivs_sample sample = {
		.op = call->op,
		.error = error_of(ret),
		.ns = entered - call->start_ns,
	};

	ivs_flight_end(call);
	/* UNMAP_DMA answers in its argument how much it unmapped. */
	if (!ret && call->op == IVS_REGION_UNMAP &&
	    !read_region(call, call->op))
		count_unread();
	if (!ret)
		sample.bytes = call->bytes;
	count(&sample);
	trace_region(call->op == IVS_REGION_MAP, call->iova, call->vaddr,
		     call->bytes, sample.ns, ret);
	ivs_stats_self(entered);
	return 0;
}

/*
 * int vfio_iommu_type1_attach_group(iommu, group, type)
 *
 * Not counted: it tells the attaches and maps inside it (a new domain that is
 * filled with the container's mappings) whose they are.
 */
static int attach_entry(struct kretprobe_instance *ri, enum ivs_backend backend)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = call_new(ri);

	call->backend = backend;
	return begin(call, IVS_ATTACH, entered);
}

int ivs_vfio_attach_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return attach_entry(ri, IVS_BACKEND_TYPE1);
}

int ivs_hugepath_attach_entry(struct kretprobe_instance *ri,
			      struct pt_regs *regs)
{
	return attach_entry(ri, IVS_BACKEND_HUGEPATH);
}

int ivs_vfio_attach_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	ivs_flight_end(ivs_call_of(ri));
	return 0;
}

/* ---- pin ---- */

/*
 * The faults that a pin takes are counted in the task that pins (mm/memory.c
 * mm_account_fault(), "done for GUP"). Memory that was touched before takes
 * none, so they tell the seconds of allocating and zeroing from those of
 * looking up. Before 6.5 hugetlb pages are faulted in below that function; what
 * moves then is the process's count of them.
 */
static u64 faults_of_current(void)
{
	return current->min_flt + current->maj_flt;
}

static u64 hugetlb_pages_of_current(void)
{
#ifdef CONFIG_HUGETLB_PAGE
	if (current->mm)
		return atomic_long_read(&current->mm->hugetlb_usage);
#endif
	return 0;
}

static u64 faults_in(const struct ivs_call *pin, enum ivs_backing backing)
{
	u64 pages = hugetlb_pages_of_current() - pin->hugetlb_pages;

	switch (backing) {
	case IVS_HUGETLB_2M:
		return pages >> 9;
	case IVS_HUGETLB_1G:
		return pages >> 18;
	case IVS_MMIO:
		/* A BAR has nothing to allocate or zero. */
		return 0;
	default:
		return faults_of_current() - pin->faults;
	}
}

static void count_pin(const struct ivs_sample *sample, u64 faults)
{
	const struct ivs_scope scope = scope_of_current();

	ivs_stats_call(sample, &scope);
	if (!faults)
		return;
	ivs_stats_add(IVS_PIN_FAULTS, faults, &scope);
	ivs_stats_add(IVS_PIN_FAULTING_BYTES, sample->bytes, &scope);
	ivs_stats_add(IVS_PIN_FAULTING_NS, sample->ns, &scope);
}

/*
 * long vfio_pin_pages_remote(dma, vaddr, npage, unsigned long *pfn_base, ...)
 */
int ivs_vfio_pin_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = call_new(ri), *region;

	call->vaddr = regs_get_kernel_argument(regs, 1);
	call->bytes = (u64)regs_get_kernel_argument(regs, 2) << PAGE_SHIFT;
	call->object = (void *)regs_get_kernel_argument(regs, 3);
	call->faults = faults_of_current();
	call->hugetlb_pages = hugetlb_pages_of_current();
	begin(call, IVS_PIN, entered);
	region = enclosing(call, IVS_REGION_MAP);
	if (region)
		call->iova = region->iova + (call->vaddr - region->vaddr);
	return 0;
}

int ivs_vfio_pin_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);
	long ret = regs_return_value(regs);
	struct ivs_sample sample = {
		.op = IVS_PIN,
		.backing = IVS_NONE,
		.error = error_of(ret),
		.ns = entered - call->start_ns,
	};
	unsigned long pfn;

	ivs_flight_end(call);
	if (ret > 0) {
		sample.bytes = (u64)ret << PAGE_SHIFT;
		/* The caller's local variable; it is waiting for us. */
		if (!get_kernel_nofault(pfn, (unsigned long *)call->object))
			sample.backing = ivs_backing_of(pfn, ret);
	}
	count_pin(&sample, faults_in(call, sample.backing));
	trace_pin(call->iova, ret > 0 ? sample.bytes : call->bytes,
		  sample.backing, sample.ns, -sample.error);
	ivs_stats_self(entered);
	return 0;
}

/* ---- unpin ---- */

/*
 * long vfio_unpin_pages_remote(dma, iova, pfn, npage, do_accounting)
 *
 * Classified on entry, while the pages are still held. The result is no
 * measure: it leaves out what was never pinned (a BAR).
 */
int ivs_vfio_unpin_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	unsigned long pfn = regs_get_kernel_argument(regs, 2);
	long nr_pages = regs_get_kernel_argument(regs, 3);
	struct ivs_call *call = call_new(ri);

	call->iova = regs_get_kernel_argument(regs, 1);
	call->bytes = (u64)nr_pages << PAGE_SHIFT;
	call->backing = ivs_backing_of(pfn, nr_pages);
	return begin(call, IVS_UNPIN, entered);
}

int ivs_vfio_unpin_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri), *teardown;
	struct ivs_sample sample = {
		.op = IVS_UNPIN,
		.backing = call->backing,
		.bytes = call->bytes,
		.ns = entered - call->start_ns,
	};

	ivs_flight_end(call);
	teardown = enclosing(call, IVS_TEARDOWN);
	if (teardown) {
		/* The walk goes upwards: the first run begins the region. */
		if (!teardown->released_bytes)
			teardown->iova = call->iova;
		teardown->released_bytes += call->bytes;
		teardown->backing = ivs_backing_join(teardown->backing,
						     call->backing);
	}
	count(&sample);
	trace_unpin(call->iova, call->bytes, call->backing, sample.ns, 0);
	ivs_stats_self(entered);
	return 0;
}

/* ---- teardown ---- */

/* long vfio_unmap_unpin(iommu, dma, do_accounting) */
static int teardown_entry(struct kretprobe_instance *ri,
			  enum ivs_backend backend)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = call_new(ri);

	call->backend = backend;
	call->backing = IVS_NONE;
	begin(call, IVS_TEARDOWN, entered);
	if (call->parent) {
		call->iova = call->parent->iova;
		call->bytes = call->parent->bytes;
	}
	return 0;
}

int ivs_vfio_teardown_entry(struct kretprobe_instance *ri,
			    struct pt_regs *regs)
{
	return teardown_entry(ri, IVS_BACKEND_TYPE1);
}

int ivs_hugepath_teardown_entry(struct kretprobe_instance *ri,
				struct pt_regs *regs)
{
	return teardown_entry(ri, IVS_BACKEND_HUGEPATH);
}

int ivs_vfio_teardown_return(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);
	struct ivs_sample sample = {
		.op = IVS_TEARDOWN,
		.backing = call->backing,
		.bytes = call->released_bytes,
		.ns = entered - call->start_ns,
	};

	ivs_flight_end(call);
	count(&sample);
	trace_teardown(call->iova, sample.bytes, call->backing, sample.ns, 0);
	ivs_stats_self(entered);
	return 0;
}
