// SPDX-License-Identifier: GPL-2.0-only
/*
 * flight.c - calls in flight: a stuck pin must be visible while it is stuck
 *
 * Model. Every timed call is in a hash by task from its entry to its return.
 * That answers two questions: what has not returned yet, and for how long; and
 * which call of the same task encloses the one that begins, so that a pin knows
 * its region, an unpin its teardown and a map who asked for it.
 *
 * Locking: one raw spinlock a bucket. Tasks hash apart, so a lock is taken by
 * another CPU only while somebody reads the file.
 *
 * Lifetime: a call lives in its kretprobe instance. A probe that is removed
 * while a call is in flight never sees it return, and its instance is freed
 * while it still stands here. So before the first probe goes the table is
 * closed: from then on no handler, of whatever probe, looks into it. (The
 * probes in a module that is unloaded have nothing in flight: its code would
 * still be running.)
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "../base/op.h"
#include "../base/text.h"
#include "flight.h"

static struct {
	raw_spinlock_t lock;
	struct hlist_head head;
} buckets[IVS_FLIGHT_BUCKETS] = {
	[0 ... IVS_FLIGHT_BUCKETS - 1] = {
		.lock = __RAW_SPIN_LOCK_UNLOCKED(buckets.lock),
	},
};

static bool closed;

static unsigned int flight_bucket(const struct task_struct *task)
{
	return hash_ptr(task, ilog2(IVS_FLIGHT_BUCKETS));
}

/* The innermost call of a task is nearest to the head. */
static struct ivs_call *flight_innermost(unsigned int b,
					 struct task_struct *task)
{
	struct ivs_call *call;

	hlist_for_each_entry(call, &buckets[b].head, node)
		if (call->task == task)
			return call;
	return NULL;
}

/**
 * ivs_flight_begin - a call of the current task has begun
 * @call: zeroed but for what the caller knows of it
 * @op: what it is
 *
 * Sets @parent, and @backend from it. Context: probe handler of a function that
 * runs in a task's context.
 */
void ivs_flight_begin(struct ivs_call *call, enum ivs_op op)
{
	unsigned int b = flight_bucket(current);
	unsigned long flags;

	call->op = op;
	call->task = current;
	call->tid = current->pid;
	call->pid = current->tgid;
	memcpy(call->comm, current->comm, TASK_COMM_LEN);
	call->comm[TASK_COMM_LEN - 1] = '\0';
	if (READ_ONCE(closed))
		return;

	raw_spin_lock_irqsave(&buckets[b].lock, flags);
	call->parent = flight_innermost(b, current);
	if (call->parent && call->backend == IVS_BACKEND_NONE)
		call->backend = call->parent->backend;
	hlist_add_head(&call->node, &buckets[b].head);
	raw_spin_unlock_irqrestore(&buckets[b].lock, flags);
}

/**
 * ivs_flight_end - a call has returned
 * @call: as begun
 *
 * Context: the return handler.
 */
void ivs_flight_end(struct ivs_call *call)
{
	unsigned int b = flight_bucket(call->task);
	unsigned long flags;

	if (READ_ONCE(closed))
		return;
	raw_spin_lock_irqsave(&buckets[b].lock, flags);
	if (!hlist_unhashed(&call->node))
		hlist_del(&call->node);
	raw_spin_unlock_irqrestore(&buckets[b].lock, flags);
}

/**
 * ivs_flight_current - the innermost call the current task is in
 *
 * Context: probe handler, or anything else that keeps the task inside it.
 * Return: the call or NULL.
 */
struct ivs_call *ivs_flight_current(void)
{
	unsigned int b = flight_bucket(current);
	struct ivs_call *call;
	unsigned long flags;

	if (READ_ONCE(closed))
		return NULL;
	raw_spin_lock_irqsave(&buckets[b].lock, flags);
	call = flight_innermost(b, current);
	raw_spin_unlock_irqrestore(&buckets[b].lock, flags);
	return call;
}

/**
 * ivs_flight_close - no handler looks into the table after this
 *
 * Context: may sleep; before the first probe is removed for good.
 */
void ivs_flight_close(void)
{
	WRITE_ONCE(closed, true);
	synchronize_rcu();
}

static unsigned int call_depth(const struct ivs_call *call)
{
	unsigned int depth = 0;

	while ((call = call->parent))
		depth++;
	return depth;
}

static void flight_show_call(struct seq_file *m, const struct ivs_call *call,
			     u64 now)
{
	u64 start = READ_ONCE(call->start_ns);

	seq_printf(m, "%d.%u op=%s pid=%d", call->tid, call_depth(call),
		   ivs_op_name(call->op), call->pid);
	ivs_text_pair(m, "comm", call->comm);
	seq_printf(m, " age_ns=%llu iova=0x%llx bytes=%llu\n",
		   start && now > start ? now - start : 0, call->iova,
		   call->bytes);
}

/**
 * ivs_flight_show - write the calls in flight of one bucket
 * @m: where
 * @bucket: 0 to IVS_FLIGHT_BUCKETS - 1
 */
void ivs_flight_show(struct seq_file *m, unsigned int bucket)
{
	const struct ivs_call *call;
	unsigned long flags;
	u64 now;

	raw_spin_lock_irqsave(&buckets[bucket].lock, flags);
	now = ktime_get_mono_fast_ns();
	hlist_for_each_entry(call, &buckets[bucket].head, node)
		flight_show_call(m, call, now);
	raw_spin_unlock_irqrestore(&buckets[bucket].lock, flags);
}
