// SPDX-License-Identifier: GPL-2.0-only
/*
 * refusal.c - calls that failed, remembered
 *
 * Model. An errno is all that a process gets for an answer, and often all that
 * its log keeps. What made the kernel say no is known in that moment only: how
 * much was locked then and what the limit was, which page was not there, which
 * pool was empty, what was mapped at that address. So the last calls that
 * failed are kept with their arguments and with what can be seen when they
 * return, also when the process is gone. What that means is judged by the tool.
 *
 * A request fails in one of its parts, which are calls that are probed too. The
 * innermost one that fails tells all that it runs in (ivs_refusal_step()); where
 * none did, it was a check of arguments or of state. A part that failed and was
 * overcome (another try, another way) has an errno that the request does not
 * end with, and does not count.
 *
 * Room. The table is of a fixed size. A call that is the same as one before, of
 * the same process, is counted there. A process that has an eighth of the table
 * replaces its own oldest, so that one that fails in a loop takes nobody else's
 * place.
 *
 * Locking: one raw spinlock, taken for calls that fail, and for those that
 * succeed only as long as one that failed may have been overcome by them.
 * Lifetime: from before the first probe is armed to after the last is gone.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/vmalloc.h>

#include "../base/memory.h"
#include "../base/stats.h"
#include "../base/text.h"
#include "call.h"
#include "device.h"
#include "domain.h"
#include "refusal.h"
#include "space.h"
#include "trace.h"

/* What one process may have of the table. */
#define SHARE 8

/* The bit of a request's flags that lets devices write: VFIO's and iommufd's. */
#define FLAG_WRITE 2

static const char *const request_names[IVS_NR_REQUESTS] = {
	[IVS_NO_REQUEST] = "none",
	[IVS_MAP_DMA] = "map_dma",
	[IVS_UNMAP_DMA] = "unmap_dma",
	[IVS_IOAS_MAP] = "ioas_map",
	[IVS_IOAS_MAP_FILE] = "ioas_map_file",
	[IVS_IOAS_COPY] = "ioas_copy",
	[IVS_IOAS_UNMAP] = "ioas_unmap",
	[IVS_GROUP_OPEN] = "group_open",
	[IVS_GROUP_STATUS] = "group_status",
	[IVS_SET_CONTAINER] = "set_container",
	[IVS_SET_IOMMU] = "set_iommu",
	[IVS_GET_DEVICE] = "get_device",
	[IVS_DEVICE_OPEN] = "device_open",
	[IVS_DEVICE_BIND] = "device_bind",
	[IVS_DEVICE_ATTACH] = "device_attach",
};

static const char *const step_names[IVS_NR_STEPS] = {
	[IVS_STEP_CHECK] = "check",
	[IVS_STEP_GROUP] = "group",
	[IVS_STEP_ATTACH] = "attach",
	[IVS_STEP_PIN] = "pin",
	[IVS_STEP_MAP] = "map",
};

static DEFINE_RAW_SPINLOCK(refusal_lock);
static struct ivs_refusal *refusals, *refusals_end;
static u64 last_id;
/* Refusals that were not overcome so far. */
static unsigned int nr_open;
static u64 sums[IVS_NR_STEPS][IVS_MAX_ERRNO + 1];

/* ---- which step ---- */

/**
 * ivs_refusal_step - a part of a request has returned
 * @call: the part, or the request itself; may be NULL
 * @step: which part it is
 * @ret: what it returned; only -errno counts
 *
 * Context: its return handler. The innermost part is the first to say so.
 */
void ivs_refusal_step(struct ivs_call *call, enum ivs_step step, int ret)
{
	u64 vaddr = call ? call->vaddr : 0;

	if (ret >= 0)
		return;
	for (; call; call = call->parent) {
		if (call->failed_error == -ret)
			continue;
		call->failed_error = -ret;
		call->failed_step = step;
		call->failed_vaddr = vaddr;
	}
}

static enum ivs_step call_step(const struct ivs_call *call, int ret)
{
	return ret < 0 && call->failed_error == -ret ? call->failed_step :
						       IVS_STEP_CHECK;
}

/* ---- what the moment knows ---- */

static u64 task_cgroup_id(void)
{
	u64 id = 0;

#ifdef CONFIG_CGROUPS
	rcu_read_lock();
	id = cgroup_id(task_dfl_cgroup(current));
	rcu_read_unlock();
#endif
	return id;
}

/* Not capable(), which would have it in the audit log. */
static bool task_has_ipc_lock(void)
{
	const struct cred *cred = current_cred();

	return cred->user_ns == &init_user_ns &&
	       cap_raised(cred->cap_effective, CAP_IPC_LOCK);
}

static void refusal_set_who(struct ivs_refusal *new)
{
	const struct task_struct *leader = current->group_leader;

	new->born = leader->start_boottime;
	new->pid = current->tgid;
	new->tid = current->pid;
	memcpy(new->comm, leader->comm, TASK_COMM_LEN);
	new->comm[TASK_COMM_LEN - 1] = '\0';
	new->cgroup = task_cgroup_id();
}

static void refusal_set_limits(struct ivs_refusal *new)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);
	struct mm_struct *mm = current->mm;

	new->limit_bytes = limit == RLIM_INFINITY ? U64_MAX : limit;
	new->ipc_lock = task_has_ipc_lock();
	new->user_locked_bytes =
		(u64)atomic_long_read(&current_user()->locked_vm) << PAGE_SHIFT;
	if (!mm)
		return;
	new->locked_bytes = (u64)READ_ONCE(mm->locked_vm) << PAGE_SHIFT;
	new->pinned_bytes = (u64)atomic64_read(&mm->pinned_vm) << PAGE_SHIFT;
}

/*
 * A cgroup that refuses a page says ENOMEM as everybody does, and its numbers go
 * with the process. Of those that hold it the one with the least room counts.
 */
static void refusal_set_memcg(struct ivs_refusal *new)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *memcg;

	rcu_read_lock();
	for (memcg = mem_cgroup_from_task(current); memcg;
	     memcg = parent_mem_cgroup(memcg)) {
		u64 max = READ_ONCE(memcg->memory.max);
		u64 used = page_counter_read(&memcg->memory);

		if (max >= PAGE_COUNTER_MAX)
			continue;
		max <<= PAGE_SHIFT;
		used <<= PAGE_SHIFT;
		if (max - min(max, used) >= new->memcg_max_bytes -
		    min(new->memcg_max_bytes, new->memcg_bytes))
			continue;
		new->memcg_max_bytes = max;
		new->memcg_bytes = used;
	}
	rcu_read_unlock();
#endif
}

static void refusal_set_memory(struct ivs_refusal *new,
			       const struct ivs_call *call)
{
	u64 end = call->vaddr + new->bytes;
	u64 hugetlb = ivs_vma_hugetlb_pages() << PAGE_SHIFT;
	u64 from = call->vaddr;

	if (new->step == IVS_STEP_PIN && call->failed_vaddr > from)
		from = min(call->failed_vaddr, end);
	new->hugetlb_bytes = hugetlb;
	new->faulted_bytes = hugetlb - min(hugetlb, call->hugetlb_pages
							<< PAGE_SHIFT);
	if (call->vaddr && call->op == IVS_REGION_MAP)
		ivs_vma_look(from, end - from, new->flags & FLAG_WRITE,
			     &new->seen);
}

static void refusal_set_domain(struct ivs_refusal *new,
			       const struct ivs_call *call)
{
	struct ivs_domain *dom = ivs_space_domain(call->space);
	u64 last;

	if (!dom)
		return;
	new->domain = dom->rec.id;
	new->aperture_last = READ_ONCE(dom->aperture_last);
	new->has_device = ivs_device_nth(dom->rec.id, 0, &new->device);
	last = new->iova + new->bytes - 1;
	if (new->bytes && last >= new->iova)
		new->overlap_bytes = ivs_space_overlap(dom, new->iova, last,
						       &new->overlap_iova);
}

static void refusal_set(struct ivs_refusal *new, const struct ivs_call *call,
			int ret, const char *target)
{
	*new = (struct ivs_refusal){
		.first_ns = ktime_get_mono_fast_ns(),
		.wall_ns = ktime_get_real_fast_ns(),
		.repeats = 1,
		.request = call->request,
		.backend = call->backend,
		.step = call_step(call, ret),
		.error = -ret,
		.iova = call->iova,
		.vaddr = call->vaddr,
		.bytes = call->bytes,
		.done_bytes = ret ? call->pinned_bytes : call->done_bytes,
		.flags = call->flags,
		.group = (int)call->group - 1,
		.memcg_max_bytes = U64_MAX,
		.oom_victim = tsk_is_oom_victim(current),
	};
	new->last_ns = new->first_ns;
	strscpy(new->target, target, sizeof(new->target));
	refusal_set_who(new);
	refusal_set_limits(new);
	refusal_set_memcg(new);
	refusal_set_domain(new, call);
	refusal_set_memory(new, call);
}

/* ---- the table ---- */

static bool refusal_is_of(const struct ivs_refusal *r,
			  const struct ivs_refusal *new)
{
	return r->id && r->pid == new->pid && r->born == new->born;
}

/* The same call, whatever became of it. */
static bool refusal_is_same_call(const struct ivs_refusal *r,
				 const struct ivs_refusal *new)
{
	return refusal_is_of(r, new) && r->request == new->request &&
	       r->iova == new->iova && !strcmp(r->target, new->target);
}

static bool refusal_is_same(const struct ivs_refusal *r,
			    const struct ivs_refusal *new)
{
	return refusal_is_same_call(r, new) && r->error == new->error &&
	       r->step == new->step && r->bytes == new->bytes &&
	       r->vaddr == new->vaddr && !r->overcome_ns;
}

static struct ivs_refusal *refusal_find_same(const struct ivs_refusal *new)
{
	struct ivs_refusal *r;

	for (r = refusals; r < refusals_end; r++)
		if (refusal_is_same(r, new))
			return r;
	return NULL;
}

/* A free place; else the oldest, of the process itself if it has its share. */
static struct ivs_refusal *refusal_place(const struct ivs_refusal *new)
{
	struct ivs_refusal *r, *oldest = NULL, *own = NULL;
	unsigned int nr_own = 0;

	for (r = refusals; r < refusals_end; r++) {
		if (!oldest || r->id < oldest->id)
			oldest = r;
		if (!refusal_is_of(r, new))
			continue;
		nr_own++;
		if (!own || r->id < own->id)
			own = r;
	}
	return nr_own * SHARE >= refusals_end - refusals && own ? own : oldest;
}

static void refusal_close(struct ivs_refusal *r, u64 now)
{
	if (!r->id || r->overcome_ns)
		return;
	r->overcome_ns = now;
	WRITE_ONCE(nr_open, nr_open - 1);
}

static void refusal_keep(const struct ivs_refusal *new)
{
	struct ivs_refusal *r = refusal_find_same(new);

	sums[new->step][new->error <= IVS_MAX_ERRNO ? new->error : 0]++;
	if (r) {
		r->repeats++;
		r->last_ns = new->last_ns;
		r->tid = new->tid;
		return;
	}
	r = refusal_place(new);
	refusal_close(r, new->first_ns);
	*r = *new;
	r->id = ++last_id;
	WRITE_ONCE(nr_open, nr_open + 1);
}

static void refusal_note(const struct ivs_call *call, int ret,
			 const char *target)
{
	struct ivs_refusal new;
	unsigned long flags;

	refusal_set(&new, call, ret, target);
	/* An unmap that left nothing behind did what it was asked to. */
	if (!ret && call->op == IVS_REGION_UNMAP && !new.overlap_bytes)
		return;
	raw_spin_lock_irqsave(&refusal_lock, flags);
	refusal_keep(&new);
	raw_spin_unlock_irqrestore(&refusal_lock, flags);
	trace_refusal(&new);
}

/* It has succeeded: so is what it was refused before overcome. */
static void refusal_overcome(const struct ivs_call *call, const char *target)
{
	struct ivs_refusal this = {
		.born = current->group_leader->start_boottime,
		.pid = current->tgid,
		.request = call->request,
		.iova = call->iova,
	}, *r;
	u64 now = ktime_get_mono_fast_ns();
	unsigned long flags;

	strscpy(this.target, target, sizeof(this.target));
	raw_spin_lock_irqsave(&refusal_lock, flags);
	for (r = refusals; r < refusals_end; r++)
		if (refusal_is_same_call(r, &this))
			refusal_close(r, now);
	raw_spin_unlock_irqrestore(&refusal_lock, flags);
}

/**
 * ivs_refusal_end - a request has returned
 * @call: as begun, its @request set; of an unmap, @done_bytes is what it removed
 * @ret: 0 or -errno
 * @target: group or device that it is about, "" for none
 *
 * Remembers it if it failed, or if it is an unmap that left something behind.
 *
 * Context: its return handler.
 */
void ivs_refusal_end(struct ivs_call *call, int ret, const char *target)
{
	bool short_unmap = !ret && call->op == IVS_REGION_UNMAP &&
			   !call->vaddr_only && call->done_bytes < call->bytes;
	bool refused = ret < 0 || call->answer_is_no || short_unmap;

	if (refused)
		refusal_note(call, ret, target);
	else if (READ_ONCE(nr_open))
		refusal_overcome(call, target);
}

/* ivs_refusal_since - was the current thread refused something after that? */
bool ivs_refusal_since(u64 since_ns)
{
	const struct ivs_refusal *r;
	unsigned long flags;
	bool found = false;

	raw_spin_lock_irqsave(&refusal_lock, flags);
	for (r = refusals; r < refusals_end && !found; r++)
		found = r->id && r->tid == current->pid &&
			r->last_ns >= since_ns;
	raw_spin_unlock_irqrestore(&refusal_lock, flags);
	return found;
}

/* ---- reading ---- */

/**
 * ivs_refusal_from - the first refusal with at least a given id
 * @id: which
 * @copy: where it goes
 *
 * Return: false past the last.
 */
bool ivs_refusal_from(u64 id, struct ivs_refusal *copy)
{
	const struct ivs_refusal *r, *first = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&refusal_lock, flags);
	for (r = refusals; r < refusals_end; r++)
		if (r->id && r->id >= id && (!first || r->id < first->id))
			first = r;
	if (first)
		*copy = *first;
	raw_spin_unlock_irqrestore(&refusal_lock, flags);
	return first;
}

static void refusal_show_domain(struct seq_file *m, const struct ivs_refusal *r)
{
	seq_printf(m, " domain=%llu", r->domain);
	if (r->aperture_last)
		seq_printf(m, " aperture_last=0x%llx", r->aperture_last);
	if (r->has_device)
		seq_printf(m, " device=%04x:%02x:%02x.%d", r->device.segment,
			   PCI_BUS_NUM(r->device.rid), PCI_SLOT(r->device.rid),
			   PCI_FUNC(r->device.rid));
	if (r->overlap_bytes)
		seq_printf(m, " overlap_iova=0x%llx overlap_bytes=%llu",
			   r->overlap_iova, r->overlap_bytes);
}

static void refusal_show_memory(struct seq_file *m, const struct ivs_refusal *r)
{
	const struct ivs_vma_pool *pool = &r->seen.pool;

	seq_printf(m, " memory=%s memory_vaddr=0x%llx memory_bytes=%llu shared=%d hugetlb_bytes=%llu faulted_bytes=%llu",
		   ivs_vma_names[r->seen.kind], r->seen.vaddr, r->seen.bytes,
		   r->seen.shared, r->hugetlb_bytes, r->faulted_bytes);
	if (r->seen.kind == IVS_VMA_HUGETLB)
		seq_printf(m, " pool_page_bytes=%llu pool_bytes=%llu pool_free_bytes=%llu pool_reserved_bytes=%llu node=%d node_free_bytes=%llu",
			   pool->page_bytes, pool->total_bytes,
			   pool->free_bytes, pool->reserved_bytes, pool->node,
			   pool->node_free_bytes);
}

/**
 * ivs_refusal_show - write one as a line
 * @m: where
 * @r: a copy of it
 *
 * What does not belong to such a call, or was not looked at, is left out.
 */
void ivs_refusal_show(struct seq_file *m, const struct ivs_refusal *r)
{
	seq_printf(m, "%llu pid=%d tid=%d", r->id, r->pid, r->tid);
	ivs_text_pair(m, "comm", r->comm);
	seq_printf(m, " start_ns=%llu cgroup=%llu", r->born, r->cgroup);
	seq_printf(m, " first_ns=%llu last_ns=%llu wall_ns=%llu overcome_ns=%llu repeats=%llu",
		   r->first_ns, r->last_ns, r->wall_ns, r->overcome_ns,
		   r->repeats);
	seq_printf(m, " call=%s backend=%s step=%s errno=%d",
		   request_names[r->request], ivs_backend_names[r->backend],
		   step_names[r->step], r->error);
	if (r->target[0])
		ivs_text_pair(m, "target", r->target);
	if (r->group >= 0)
		seq_printf(m, " group=%d", r->group);
	refusal_show_domain(m, r);
	seq_printf(m, " iova=0x%llx vaddr=0x%llx bytes=%llu done_bytes=%llu flags=0x%x",
		   r->iova, r->vaddr, r->bytes, r->done_bytes, r->flags);
	if (r->limit_bytes != U64_MAX)
		seq_printf(m, " limit_bytes=%llu", r->limit_bytes);
	seq_printf(m, " locked_bytes=%llu pinned_bytes=%llu user_locked_bytes=%llu ipc_lock=%d",
		   r->locked_bytes, r->pinned_bytes, r->user_locked_bytes,
		   r->ipc_lock);
	if (r->memcg_max_bytes != U64_MAX)
		seq_printf(m, " memcg_max_bytes=%llu memcg_bytes=%llu",
			   r->memcg_max_bytes, r->memcg_bytes);
	if (r->oom_victim)
		seq_puts(m, " oom_victim=1");
	if (r->vaddr)
		refusal_show_memory(m, r);
	seq_putc(m, '\n');
}

/* ivs_refusal_show_sums - for each step, how often each errno came of it */
void ivs_refusal_show_sums(struct seq_file *m)
{
	enum ivs_step step;
	unsigned int err;

	for (step = 0; step < IVS_NR_STEPS; step++) {
		seq_puts(m, step_names[step]);
		for (err = 0; err <= IVS_MAX_ERRNO; err++)
			if (READ_ONCE(sums[step][err]))
				seq_printf(m, " %u=%llu", err,
					   READ_ONCE(sums[step][err]));
		seq_putc(m, '\n');
	}
}

/* ivs_refusal_init - room for @nr of them; 0, -EINVAL or -ENOMEM; may sleep */
int ivs_refusal_init(unsigned int nr)
{
	if (nr < SHARE || nr > 65536)
		return -EINVAL;
	refusals = vzalloc(array_size(nr, sizeof(*refusals)));
	if (!refusals)
		return -ENOMEM;
	refusals_end = refusals + nr;
	ivs_memory_add((refusals_end - refusals) * sizeof(*refusals));
	return 0;
}

/* ivs_refusal_exit - forget them; no handler and no reader may run any more */
void ivs_refusal_exit(void)
{
	ivs_memory_add(-(s64)((refusals_end - refusals) * sizeof(*refusals)));
	vfree(refusals);
}
