// SPDX-License-Identifier: GPL-2.0-only
/*
 * request.c - regions, pins, unpins and teardowns, whichever backend does them
 *
 * Model. The backends differ in which functions do what, and in where their
 * arguments are; that is in a file each (vfio.c, iommufd.c). What is done is
 * the same, and what is counted of it has to be the same, or their numbers
 * could not be compared: that is here.
 *
 * Context: kretprobe handlers, preemption off; nothing here may sleep.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "backing.h"
#include "domain.h"
#include "flight.h"
#include "live.h"
#include "process.h"
#include "refusal.h"
#include "request.h"
#include "space.h"
#include "trace.h"

/**
 * ivs_request_enter - a call is in flight from now on, but its clock stands
 * @call: what is known of it
 * @op: what it is
 * @backend: whose
 *
 * For what has to know the calls around it before its entry handler is done.
 */
void ivs_request_enter(struct ivs_call *call, enum ivs_op op,
		       enum ivs_backend backend)
{
	call->backend = backend;
	ivs_flight_begin(call, op);
}

/**
 * ivs_request_start - start the clock of a call: the last of an entry handler
 * @call: that has been entered
 * @entered: when its entry handler began
 *
 * Return: 0, for the entry handler to return.
 */
int ivs_request_start(struct ivs_call *call, u64 entered)
{
	call->start_ns = ivs_stats_self(entered);
	return 0;
}

/**
 * ivs_request_begin - both, where there is nothing to be done in between
 * @call: what is known of it; NULL where there was no memory for it
 * @op: what it is
 * @backend: whose
 * @entered: when its entry handler began
 *
 * Return: for the entry handler to return.
 */
int ivs_request_begin(struct ivs_call *call, enum ivs_op op,
		      enum ivs_backend backend, u64 entered)
{
	if (!call)
		return 1;
	ivs_request_enter(call, op, backend);
	return ivs_request_start(call, entered);
}

/**
 * ivs_request_enclosing - for instance the teardown of an unpin
 * @call: where to begin; may be NULL
 * @op: what to look for
 *
 * Return: the innermost such call that @call is in, or NULL.
 */
struct ivs_call *ivs_request_enclosing(const struct ivs_call *call,
				       enum ivs_op op)
{
	while (call && (call = call->parent))
		if (call->op == op)
			return (struct ivs_call *)call;
	return NULL;
}

static struct ivs_scope request_scope(u64 entered)
{
	return (struct ivs_scope){
		.process = ivs_process_current(entered),
		.host = true,
	};
}

static void request_count(const struct ivs_sample *sample, u64 entered)
{
	const struct ivs_scope scope = request_scope(entered);

	ivs_stats_call(sample, &scope);
}

static void request_count_sampled(bool sampled, u64 entered)
{
	if (sampled) {
		const struct ivs_scope scope = request_scope(entered);

		ivs_stats_add(IVS_BACKING_SAMPLED_CALLS, 1, &scope);
	}
}

/* ivs_request_unread - something a handler needed could not be read */
void ivs_request_unread(u64 entered)
{
	const struct ivs_scope scope = request_scope(entered);

	ivs_stats_add(IVS_UNREAD_ARGS_CALLS, 1, &scope);
}

/* ivs_region_begin - a request begins; what it asks for is in @call */
int ivs_region_begin(struct ivs_call *call, enum ivs_backend backend,
		     u64 entered)
{
	call->hugetlb_pages = ivs_vma_hugetlb_pages();
	return ivs_request_begin(call, call->op, backend, entered);
}

/**
 * ivs_region_did - a map or unmap inside a request has achieved something
 * @call: that map or unmap; its @object is the domain
 * @op: IVS_REGION_MAP or IVS_REGION_UNMAP, which it is part of
 * @bytes: what it mapped or removed
 *
 * What a request asks for and answers is in the memory of a process whose other
 * threads may write there at any moment, so that it is shown but never counted.
 * What it did is the sum of its maps, or of its unmaps. In a container or IOAS
 * of several domains each has the whole request; the first one stands for all.
 */
void ivs_region_did(const struct ivs_call *call, enum ivs_op op, u64 bytes)
{
	struct ivs_call *region = ivs_request_enclosing(call, op);

	if (!region)
		return;
	if (!region->domain) {
		region->domain = call->object;
		region->first_id = call->domain_id;
	}
	if (region->domain == call->object)
		region->done_bytes += bytes;
}

/**
 * ivs_region_end - a request has returned
 * @call: as begun
 * @entered: when its return handler began
 * @ret: 0 or -errno
 */
void ivs_region_end(struct ivs_call *call, u64 entered, int ret)
{
	const struct ivs_sample sample = {
		.op = call->op,
		.error = ret < 0 ? -ret : 0,
		.bytes = ret ? 0 : call->done_bytes,
		.ns = entered - call->start_ns,
	};

	if (!ret && call->vaddr_only && call->op == IVS_REGION_MAP)
		ivs_space_own(call->space);
	request_count(&sample, entered);
	trace_region(call->op == IVS_REGION_MAP, call->iova, call->vaddr,
		     ret ? call->bytes : sample.bytes, sample.ns, ret);
	if (!ret)
		ivs_live_end(call);
	ivs_refusal_end(call, ret, "");
	ivs_flight_end(call);
	ivs_stats_self(entered);
}

/* ---- pin ---- */

/*
 * The faults that a pin takes are counted in the task that pins (mm/memory.c
 * mm_account_fault(), "done for GUP"). Memory that was touched before takes
 * none, so they tell the seconds of allocating and zeroing from those of
 * looking up. Before 6.5 hugetlb pages are faulted in below that function; what
 * moves then is the process's count of them. Pages of a file that is pinned as a
 * file are brought in without a fault; what moves is the file's count.
 */
static u64 task_faults(void)
{
	return current->min_flt + current->maj_flt;
}

/* Whoever pins pages of a file holds it, so that its pointers can be followed. */
static u64 file_cached_pages(const struct file *file)
{
	struct address_space *mapping;
	unsigned long nr;

	if (!file || get_kernel_nofault(mapping, &file->f_mapping) ||
	    get_kernel_nofault(nr, &mapping->nrpages))
		return 0;
	return nr;
}

static u64 pin_new_pages(const struct ivs_call *pin)
{
	u64 now, before = pin->file ? pin->file_pages : pin->hugetlb_pages;

	now = pin->file ? file_cached_pages(pin->file) :
			  ivs_vma_hugetlb_pages();
	return now - min(now, before);
}

static u64 pin_faults(const struct ivs_call *pin, enum ivs_backing backing)
{
	u64 pages = pin_new_pages(pin);

	switch (backing) {
	case IVS_HUGETLB_2M:
		return pages >> 9;
	case IVS_HUGETLB_1G:
		return pages >> 18;
	case IVS_MMIO:
		/* A BAR has nothing to allocate or zero. */
		return 0;
	default:
		return pin->file ? pages : task_faults() - pin->faults;
	}
}

static void pin_count(const struct ivs_sample *sample, u64 entered, u64 faults)
{
	const struct ivs_scope scope = request_scope(entered);

	ivs_stats_call(sample, &scope);
	if (!faults)
		return;
	ivs_stats_add(IVS_PIN_FAULTS, faults, &scope);
	ivs_stats_add(IVS_PIN_FAULTING_BYTES, sample->bytes, &scope);
	ivs_stats_add(IVS_PIN_FAULTING_NS, sample->ns, &scope);
}

/* ivs_pin_begin - remember what there is to fault in; before the call begins */
void ivs_pin_begin(struct ivs_call *call)
{
	call->faults = task_faults();
	call->hugetlb_pages = ivs_vma_hugetlb_pages();
	call->file_pages = file_cached_pages(call->file);
}

/**
 * ivs_pin_end - a pin has returned
 * @call: as begun
 * @entered: when its return handler began
 * @bytes: what it pinned
 * @look: what that is made of
 * @error: positive errno, 0 for success
 */
void ivs_pin_end(struct ivs_call *call, u64 entered, u64 bytes,
		 const struct ivs_look *look, int error)
{
	const struct ivs_sample sample = {
		.op = IVS_PIN,
		.backing = look->backing,
		.error = error,
		.bytes = bytes,
		.ns = entered - call->start_ns,
	};

	pin_count(&sample, entered, pin_faults(call, look->backing));
	request_count_sampled(look->sampled, entered);
	trace_pin(call->iova, bytes ?: call->bytes, look->backing, sample.ns,
		  -error);
	ivs_refusal_step(call, IVS_STEP_PIN, -error);
	if (call->parent)
		call->parent->pinned_bytes += bytes;
	ivs_flight_end(call);
	ivs_stats_self(entered);
}

/* ---- unpin ---- */

/* ivs_unpin_begin - what it releases, seen while it is still held */
void ivs_unpin_begin(struct ivs_call *call, const struct ivs_look *look)
{
	call->backing = look->backing;
	call->sampled = look->sampled;
}

/* ivs_unpin_end - an unpin has returned; its bytes and backing are in @call */
void ivs_unpin_end(struct ivs_call *call, u64 entered)
{
	const struct ivs_sample sample = {
		.op = IVS_UNPIN,
		.backing = call->backing,
		.bytes = call->bytes,
		.ns = entered - call->start_ns,
	};
	struct ivs_call *teardown;

	teardown = ivs_request_enclosing(call, IVS_TEARDOWN);
	if (teardown) {
		/* The walk goes upwards: the first run begins the region. */
		if (!teardown->released_bytes && call->iova)
			teardown->iova = call->iova;
		teardown->released_bytes += call->bytes;
		teardown->backing = ivs_backing_join(teardown->backing,
						     call->backing);
	}
	request_count(&sample, entered);
	request_count_sampled(call->sampled, entered);
	trace_unpin(call->iova, call->bytes, call->backing, sample.ns, 0);
	ivs_flight_end(call);
	ivs_stats_self(entered);
}

/* ---- teardown ---- */

/* ivs_teardown_begin - the way out of a region begins; see ivs_request_begin() */
int ivs_teardown_begin(struct ivs_call *call, enum ivs_backend backend,
		       u64 entered)
{
	if (!call)
		return 1;
	call->backing = IVS_NONE;
	ivs_request_enter(call, IVS_TEARDOWN, backend);
	if (call->parent) {
		call->iova = call->parent->iova;
		call->bytes = call->parent->bytes;
	}
	return ivs_request_start(call, entered);
}

/* ivs_teardown_end - it has ended; its bytes are those of its unpins */
void ivs_teardown_end(struct ivs_call *call, u64 entered)
{
	const struct ivs_sample sample = {
		.op = IVS_TEARDOWN,
		.backing = call->backing,
		.bytes = call->released_bytes,
		.ns = entered - call->start_ns,
	};

	request_count(&sample, entered);
	trace_teardown(call->iova, sample.bytes, call->backing, sample.ns, 0);
	ivs_flight_end(call);
	ivs_stats_self(entered);
}
