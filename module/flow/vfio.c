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
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "backing.h"
#include "flight.h"
#include "refusal.h"
#include "request.h"
#include "vfio.h"

/* ---- region ---- */

/*
 * What is mapped stays so, and who owns the memory says where it has it now: a
 * new program in the place of QEMU (5.12). The same bit of a map and an unmap.
 */
#ifdef VFIO_DMA_MAP_FLAG_VADDR
#define FLAG_VADDR VFIO_DMA_MAP_FLAG_VADDR
#else
#define FLAG_VADDR 0
#endif

static bool vfio_read_map(struct ivs_call *call, const void __user *arg)
{
	struct vfio_iommu_type1_dma_map map;

	if (copy_from_user_nofault(&map, arg, sizeof(map)))
		return false;
	call->iova = map.iova;
	call->vaddr = map.vaddr;
	call->bytes = map.size;
	call->flags = map.flags;
	call->request = IVS_MAP_DMA;
	call->vaddr_only = map.flags & FLAG_VADDR;
	return true;
}

static bool vfio_read_unmap(struct ivs_call *call, const void __user *arg)
{
	struct vfio_iommu_type1_dma_unmap unmap;
	size_t minsz = offsetofend(struct vfio_iommu_type1_dma_unmap, size);

	if (copy_from_user_nofault(&unmap, arg, minsz))
		return false;
	call->iova = unmap.iova;
	call->bytes = unmap.size;
	call->flags = unmap.flags;
	call->request = IVS_UNMAP_DMA;
	call->vaddr_only = unmap.flags & FLAG_VADDR;
	return true;
}

/**
 * ivs_vfio_read_region - what a MAP_DMA or UNMAP_DMA seems to ask for
 * @call: its op; @object is the user's argument
 *
 * Return: false when it cannot be read.
 */
bool ivs_vfio_read_region(struct ivs_call *call)
{
	const void __user *arg = (const void __user *)call->object;

	return call->op == IVS_REGION_MAP ? vfio_read_map(call, arg) :
					    vfio_read_unmap(call, arg);
}

/* long vfio_iommu_type1_ioctl(void *iommu, unsigned int cmd, unsigned long) */
static int vfio_ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs,
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

	call = ivs_call_new(ri);
	if (!call)
		return 1;
	call->object = (void *)regs_get_kernel_argument(regs, 2);
	call->op = op;
	call->space = regs_get_kernel_argument(regs, 0);
	if (!ivs_vfio_read_region(call))
		ivs_request_unread(entered);
	return ivs_region_begin(call, backend, entered);
}

int ivs_vfio_ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return vfio_ioctl_entry(ri, regs, IVS_BACKEND_TYPE1);
}

int ivs_hugepath_ioctl_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	return vfio_ioctl_entry(ri, regs, IVS_BACKEND_HUGEPATH);
}

int ivs_vfio_ioctl_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);

	ivs_region_end(call, entered, regs_return_value(regs));
	return 0;
}

/*
 * int vfio_iommu_type1_attach_group(iommu, group, type)
 *
 * Not counted: it tells the attaches and maps inside it (a new domain that is
 * filled with the container's mappings) whose they are.
 */
static int vfio_attach_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs, enum ivs_backend backend)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_new(ri);
	struct iommu_group *group;

	if (!call)
		return 1;
	call->space = regs_get_kernel_argument(regs, 0);
	group = (struct iommu_group *)regs_get_kernel_argument(regs, 1);
	call->group = iommu_group_id(group) + 1;
	return ivs_request_begin(call, IVS_ATTACH, backend, entered);
}

int ivs_vfio_attach_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return vfio_attach_entry(ri, regs, IVS_BACKEND_TYPE1);
}

int ivs_hugepath_attach_entry(struct kretprobe_instance *ri,
			      struct pt_regs *regs)
{
	return vfio_attach_entry(ri, regs, IVS_BACKEND_HUGEPATH);
}

int ivs_vfio_attach_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct ivs_call *call = ivs_call_of(ri);
	int ret = regs_return_value(regs);

	/* A container has many, and only one of them is refused. */
	if (ret < 0 && call->parent)
		call->parent->group = call->group;
	ivs_refusal_step(call, IVS_STEP_GROUP, ret);
	ivs_flight_end(call);
	return 0;
}

/* ---- pin ---- */

/*
 * long vfio_pin_pages_remote(dma, vaddr, npage, unsigned long *pfn_base, ...)
 */
int ivs_vfio_pin_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_new(ri), *region;

	if (!call)
		return 1;
	call->vaddr = regs_get_kernel_argument(regs, 1);
	call->bytes = (u64)regs_get_kernel_argument(regs, 2) << PAGE_SHIFT;
	call->object = (void *)regs_get_kernel_argument(regs, 3);
	ivs_pin_begin(call);
	ivs_request_enter(call, IVS_PIN, IVS_BACKEND_NONE);
	region = ivs_request_enclosing(call, IVS_REGION_MAP);
	if (region)
		call->iova = region->iova + (call->vaddr - region->vaddr);
	return ivs_request_start(call, entered);
}

int ivs_vfio_pin_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);
	struct ivs_look look = IVS_LOOK_INIT;
	long ret = regs_return_value(regs);
	unsigned long pfn;

	/* @object points to a local variable of the caller, which still runs. */
	if (ret > 0 && !get_kernel_nofault(pfn, (unsigned long *)call->object))
		ivs_backing_look(&look, pfn, ret);
	ivs_pin_end(call, entered, ret > 0 ? (u64)ret << PAGE_SHIFT : 0,
		    &look, ret < 0 ? -ret : 0);
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
	struct ivs_call *call = ivs_call_new(ri);
	struct ivs_look look = IVS_LOOK_INIT;

	if (!call)
		return 1;
	call->iova = regs_get_kernel_argument(regs, 1);
	call->bytes = (u64)nr_pages << PAGE_SHIFT;
	ivs_backing_look(&look, pfn, nr_pages);
	ivs_unpin_begin(call, &look);
	return ivs_request_begin(call, IVS_UNPIN, IVS_BACKEND_NONE, entered);
}

int ivs_vfio_unpin_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();

	ivs_unpin_end(ivs_call_of(ri), entered);
	return 0;
}

/* ---- teardown ---- */

/* long vfio_unmap_unpin(iommu, dma, do_accounting) */
static int vfio_teardown_entry(struct kretprobe_instance *ri,
			       enum ivs_backend backend)
{
	u64 entered = ktime_get_mono_fast_ns();

	return ivs_teardown_begin(ivs_call_new(ri), backend, entered);
}

int ivs_vfio_teardown_entry(struct kretprobe_instance *ri,
			    struct pt_regs *regs)
{
	return vfio_teardown_entry(ri, IVS_BACKEND_TYPE1);
}

int ivs_hugepath_teardown_entry(struct kretprobe_instance *ri,
				struct pt_regs *regs)
{
	return vfio_teardown_entry(ri, IVS_BACKEND_HUGEPATH);
}

int ivs_vfio_teardown_return(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();

	ivs_teardown_end(ivs_call_of(ri), entered);
	return 0;
}
