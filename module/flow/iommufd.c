// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommufd.c - what iommufd does: regions, pins, unpins, teardowns
 *
 * Model. A region is one request to /dev/iommu: IOAS_MAP, MAP_FILE, COPY or
 * UNMAP, or VFIO's MAP_DMA and UNMAP_DMA where the file stands in for a VFIO
 * container; all of them pass iommufd_fops_ioctl(). iommufd maps a region into
 * every domain of its IOAS, and into a new domain when a device is attached, so
 * that pins and maps happen in both. What it pinned once it hands on to copies
 * without pinning again, and it unpins when the last user is gone: in an unmap,
 * when a device is detached, or when the file is closed. A region of a dma-buf
 * (a BAR) pins nothing.
 *
 * A pin is one pfn_reader_user_pin(): as many pages as fit into a buffer, 8192,
 * contiguous or not. An unpin is one batch_unpin(): runs of pages. A teardown
 * is one area's way out of its last domain.
 *
 * How many pages a pin got, and which pages an unpin releases, is not in their
 * arguments or results. It is read from the structure that the first argument
 * points to, the beginning of which is the same from 6.2 to 7.3. That it still
 * is can be told at every pin, which leaves there what it was asked for; where
 * it did not, the call is counted as unread and nothing is guessed.
 *
 * Context: kretprobe handlers, preemption off; nothing here may sleep.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <uapi/linux/iommufd.h>

#include "backing.h"
#include "flight.h"
#include "iommufd.h"
#include "refusal.h"
#include "request.h"
#include "vfio.h"

static int iommufd_begin(struct ivs_call *call, enum ivs_op op, u64 entered)
{
	return ivs_request_begin(call, op, IVS_BACKEND_IOMMUFD, entered);
}

/* ---- region ---- */

/* Which op a request is; IVS_NR_OPS for one that is not watched. */
static enum ivs_op iommufd_op(unsigned int cmd)
{
	switch (cmd) {
	case IOMMU_IOAS_MAP:
#ifdef IOMMU_IOAS_MAP_FILE
	case IOMMU_IOAS_MAP_FILE:
#endif
	case IOMMU_IOAS_COPY:
	case VFIO_IOMMU_MAP_DMA:
		return IVS_REGION_MAP;
	case IOMMU_IOAS_UNMAP:
	case VFIO_IOMMU_UNMAP_DMA:
		return IVS_REGION_UNMAP;
	case IOMMU_DESTROY:
		return IVS_DETACH;
	default:
		return IVS_NR_OPS;
	}
}

static bool iommufd_read_map(struct ivs_call *call, const void __user *arg)
{
	struct iommu_ioas_map map;

	if (copy_from_user_nofault(&map, arg, sizeof(map)))
		return false;
	call->iova = map.iova;
	call->vaddr = map.user_va;
	call->bytes = map.length;
	call->flags = map.flags;
	call->request = IVS_IOAS_MAP;
	call->ioas = map.ioas_id;
	return true;
}

#ifdef IOMMU_IOAS_MAP_FILE
static bool iommufd_read_map_file(struct ivs_call *call, const void __user *arg)
{
	struct iommu_ioas_map_file map;

	if (copy_from_user_nofault(&map, arg, sizeof(map)))
		return false;
	call->iova = map.iova;
	call->bytes = map.length;
	call->flags = map.flags;
	call->request = IVS_IOAS_MAP_FILE;
	call->ioas = map.ioas_id;
	return true;
}
#endif

static bool iommufd_read_copy(struct ivs_call *call, const void __user *arg)
{
	struct iommu_ioas_copy copy;

	if (copy_from_user_nofault(&copy, arg, sizeof(copy)))
		return false;
	call->iova = copy.dst_iova;
	call->bytes = copy.length;
	call->flags = copy.flags;
	call->request = IVS_IOAS_COPY;
	call->ioas = copy.dst_ioas_id;
	return true;
}

static bool iommufd_read_unmap(struct ivs_call *call, const void __user *arg)
{
	struct iommu_ioas_unmap unmap;

	if (copy_from_user_nofault(&unmap, arg, sizeof(unmap)))
		return false;
	call->iova = unmap.iova;
	call->bytes = unmap.length;
	call->request = IVS_IOAS_UNMAP;
	call->ioas = unmap.ioas_id;
	return true;
}

static bool iommufd_read_region(struct ivs_call *call)
{
	const void __user *arg = (const void __user *)call->object;

	switch (call->cmd) {
	case IOMMU_IOAS_MAP:
		return iommufd_read_map(call, arg);
#ifdef IOMMU_IOAS_MAP_FILE
	case IOMMU_IOAS_MAP_FILE:
		return iommufd_read_map_file(call, arg);
#endif
	case IOMMU_IOAS_COPY:
		return iommufd_read_copy(call, arg);
	case IOMMU_IOAS_UNMAP:
		return iommufd_read_unmap(call, arg);
	default:
		return ivs_vfio_read_region(call);
	}
}

/* A key for one IOAS of one iommufd; VFIO's calls have one, and not its id. */
static unsigned long iommufd_space(struct pt_regs *regs, u32 ioas)
{
	const struct file *file = (void *)regs_get_kernel_argument(regs, 0);

	return (unsigned long)file->private_data ^ (unsigned long)ioas << 32;
}

/* long iommufd_fops_ioctl(struct file *, unsigned int cmd, unsigned long) */
int ivs_iommufd_ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unsigned int cmd = regs_get_kernel_argument(regs, 1);
	u64 entered = ktime_get_mono_fast_ns();
	enum ivs_op op = iommufd_op(cmd);
	struct ivs_call *call;

	if (op == IVS_NR_OPS)
		return 1;
	call = ivs_call_new(ri);
	if (!call)
		return 1;
	call->object = (void *)regs_get_kernel_argument(regs, 2);
	call->cmd = cmd;
	call->op = op;
	if (op != IVS_DETACH && !iommufd_read_region(call))
		ivs_request_unread(entered);
	call->space = iommufd_space(regs, call->ioas);
	if (op == IVS_DETACH)
		return iommufd_begin(call, op, entered);
	return ivs_region_begin(call, IVS_BACKEND_IOMMUFD, entered);
}

int ivs_iommufd_ioctl_return(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);
	int ret = regs_return_value(regs);

	if (call->op == IVS_DETACH) {
		ivs_flight_end(call);
		return 0;
	}
	/* It answers in its arguments where it mapped. */
	if (!ret && call->op == IVS_REGION_MAP && !iommufd_read_region(call))
		ivs_request_unread(entered);
	ivs_region_end(call, entered, ret);
	return 0;
}

/* ---- what pins, unpins and maps without being a region ---- */

/* int iommufd_device_attach(idev[, pasid], pt_id), iommufd_device_replace() */
int ivs_iommufd_attach_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();

	return iommufd_begin(ivs_call_new(ri), IVS_ATTACH, entered);
}

/*
 * void iommufd_device_detach(idev[, pasid])
 * int iommufd_fops_release(inode, file)
 */
int ivs_iommufd_detach_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();

	return iommufd_begin(ivs_call_new(ri), IVS_DETACH, entered);
}

/*
 * iommufd_hwpt_paging_alloc(ictx, ioas, idev, ...): a new domain, filled with
 * what the IOAS holds before any device is attached to it.
 */
int ivs_iommufd_table_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();

	return iommufd_begin(ivs_call_new(ri), IVS_NEW_TABLE, entered);
}

int ivs_iommufd_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct ivs_call *call = ivs_call_of(ri);

	if (call->op == IVS_ATTACH)
		ivs_refusal_step(call, IVS_STEP_GROUP,
				 (int)regs_return_value(regs));
	ivs_flight_end(call);
	return 0;
}

/* ---- pin ---- */

/* The beginning of struct pfn_reader_user; from @file on since 6.13. */
struct reader {
	struct page **pages;
	size_t pages_size;
	unsigned long start;
	unsigned long end;
	unsigned int gup_flags;
	int locked;
	const struct file *file;
	struct page **folios;
	size_t folios_size;
	unsigned long offset;
};

/* The file whose pages are pinned; NULL for memory, and on an older kernel. */
static const struct file *pin_file(const struct ivs_call *call)
{
#ifdef IOMMU_IOAS_MAP_FILE
	const struct reader *reader = call->object;
	const struct file *file;

	if (!get_kernel_nofault(file, &reader->file))
		return file;
#endif
	return NULL;
}

/* Pages that follow the one at @pages in memory and are in its folio. */
static unsigned long pages_together(struct page *const *pages, unsigned long nr)
{
	struct page *page = pages[0], *head = compound_head(page), *last;
	unsigned long room = (1UL << compound_order(head)) - (page - head);

	nr = min(nr, room);
	if (get_kernel_nofault(last, &pages[nr - 1]) || last != page + nr - 1)
		return 1;
	return nr;
}

static void pages_look(struct ivs_look *look, struct page *const *pages,
		       unsigned long nr)
{
	unsigned long step = max(nr / 64, 1UL), i, together;

	for (i = 0; i < nr && look->backing != IVS_MIXED; i += together) {
		together = pages_together(pages + i, nr - i);
		ivs_backing_look(look, page_to_pfn(pages[i]), together);
		if (look->sampled)
			together = max(together, step);
	}
}

/* A page a folio; the first may begin before the pages that were asked for. */
static void folios_look(struct ivs_look *look, const struct reader *reader,
			unsigned long nr)
{
	unsigned long end = reader->offset + nr, at = 0, i;

	for (i = 0; at < end && i < reader->folios_size / sizeof(void *); i++) {
		struct page *head = reader->folios[i];

		ivs_backing_look(look, page_to_pfn(head), 1);
		at += 1UL << compound_order(head);
	}
}

/*
 * int pfn_reader_user_pin(user, pages, unsigned long start_index,
 *			   unsigned long last_index)
 */
int ivs_iommufd_pin_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_new(ri), *region;
	unsigned long last;

	if (!call)
		return 1;
	call->object = (void *)regs_get_kernel_argument(regs, 0);
	call->index = regs_get_kernel_argument(regs, 2);
	last = regs_get_kernel_argument(regs, 3);
	call->bytes = (u64)(last - call->index + 1) << PAGE_SHIFT;
	call->file = pin_file(call);
	ivs_pin_begin(call);
	ivs_request_enter(call, IVS_PIN, IVS_BACKEND_IOMMUFD);
	region = ivs_request_enclosing(call, IVS_REGION_MAP);
	if (region) {
		call->iova = region->iova + ((u64)call->index << PAGE_SHIFT);
		call->vaddr = region->vaddr + ((u64)call->index << PAGE_SHIFT);
	}
	return ivs_request_start(call, entered);
}

/* Copy what a pin left in its structure; false if it is not laid out as here. */
static bool pin_read_result(const struct ivs_call *call, struct reader *reader)
{
	unsigned long end = call->index + (call->bytes >> PAGE_SHIFT);

	if (copy_from_kernel_nofault(reader, call->object, sizeof(*reader)))
		return false;
	if (reader->start != call->index || reader->end <= reader->start ||
	    reader->end > end)
		return false;
	return reader->pages || (reader->file && reader->folios);
}

int ivs_iommufd_pin_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns(), bytes = 0;
	struct ivs_call *call = ivs_call_of(ri);
	struct ivs_look look = IVS_LOOK_INIT;
	int ret = regs_return_value(regs);
	struct reader reader;

	if (!ret && pin_read_result(call, &reader)) {
		unsigned long nr = reader.end - reader.start;

		bytes = (u64)nr << PAGE_SHIFT;
		if (reader.pages)
			pages_look(&look, reader.pages, nr);
		else
			folios_look(&look, &reader, nr);
	} else if (!ret) {
		ivs_request_unread(entered);
	}
	ivs_pin_end(call, entered, bytes, &look, -ret);
	return 0;
}

/* ---- unpin ---- */

/* The beginning of struct pfn_batch: runs of page frames. */
struct batch {
	unsigned long *pfns;
	u32 *nr_pfns;
};

/* @nr pages from the @skip-th on, which somebody holds until they are unpinned. */
static void batch_look(struct ivs_look *look, const struct batch *batch,
		       unsigned long skip, unsigned long nr)
{
	unsigned long pfn, here;
	unsigned int i;
	u32 nr_pfns;

	for (i = 0; nr; i++) {
		if (get_kernel_nofault(pfn, batch->pfns + i) ||
		    get_kernel_nofault(nr_pfns, batch->nr_pfns + i) ||
		    !nr_pfns) {
			look->backing = IVS_NONE;
			return;
		}
		if (skip >= nr_pfns) {
			skip -= nr_pfns;
			continue;
		}
		here = min(nr, nr_pfns - skip);
		ivs_backing_look(look, pfn + skip, here);
		nr -= here;
		skip = 0;
	}
}

/* void batch_unpin(batch, pages, unsigned int first_page_off, size_t npages) */
int ivs_iommufd_unpin_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_new(ri);
	unsigned int skip = regs_get_kernel_argument(regs, 2);
	unsigned long nr = regs_get_kernel_argument(regs, 3);
	struct ivs_look look = IVS_LOOK_INIT;
	struct batch batch;

	if (!call)
		return 1;
	call->bytes = (u64)nr << PAGE_SHIFT;
	if (!copy_from_kernel_nofault(&batch,
				      (void *)regs_get_kernel_argument(regs, 0),
				      sizeof(batch)))
		batch_look(&look, &batch, skip, nr);
	if (look.backing == IVS_NONE && nr)
		ivs_request_unread(entered);
	ivs_unpin_begin(call, &look);
	return iommufd_begin(call, IVS_UNPIN, entered);
}

int ivs_iommufd_unpin_return(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();

	ivs_unpin_end(ivs_call_of(ri), entered);
	return 0;
}

/* ---- teardown ---- */

static bool iommufd_in_teardown(void)
{
	struct ivs_call *call = ivs_flight_current();

	return call && (call->op == IVS_TEARDOWN ||
			ivs_request_enclosing(call, IVS_TEARDOWN));
}

/*
 * void iopt_area_unfill_domains(area, pages): a region is unmapped
 * void iopt_area_unfill_domain(area, pages, domain): its last domain goes; the
 * other one ends in it
 */
int ivs_iommufd_teardown_entry(struct kretprobe_instance *ri,
			       struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();

	if (iommufd_in_teardown())
		return 1;
	return ivs_teardown_begin(ivs_call_new(ri), IVS_BACKEND_IOMMUFD,
				  entered);
}

int ivs_iommufd_teardown_return(struct kretprobe_instance *ri,
				struct pt_regs *regs)
{
	u64 entered = ktime_get_mono_fast_ns();

	ivs_teardown_end(ivs_call_of(ri), entered);
	return 0;
}
