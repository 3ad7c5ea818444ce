// SPDX-License-Identifier: GPL-2.0-only
/*
 * flight.c - calls in flight: a stuck pin must be visible while it is stuck
 *
 * Model. Every timed call is in a hash by task from its entry to its return.
 * That answers two questions: what has not returned yet, and for how long; and
 * which call of the same task encloses the one that begins, so that a pin knows
 * its region, an unpin its teardown and a map who asked for it.
 *
 * Memory. A call owns its memory and a kretprobe's instance only points to it: an
 * instance may go, or be given to another call, while this one still stands in
 * the table. It comes from a few spares per CPU, which are taken and put back by
 * single instructions, so that an interrupt in between takes another; behind
 * them is a pool. Where that is dry the call is missed, and counted as one.
 *
 * Death. A task that oopses inside a call never returns from it, and kprobes give
 * its instance to the next one without a word. Its entry stays here, and must
 * mislead nobody. While its task is still on the way out, what that does then
 * (unmapping, as a rule) is no part of the call: a call began either before its
 * task was exiting or after, and never spans both. Later, somebody else may have
 * the same address: a call's task is told by its birth as well. Whoever reads
 * buries the dead first (ivs_flight_bury()): their domains say so, and nobody
 * waits for their calls to end. What cannot be told is a task that oopses a
 * second time on its way out on a kernel before 5.17, which leaves it there for
 * ever as if it slept: that looks stuck, and is.
 *
 * Blindness. While probes are disarmed, one after the other, calls return that
 * nobody sees any more. What is left inside a call that is seen to return goes
 * with it. A call in the table would else point to one that has ended, whose
 * memory is the next one's, and that one's parent may be the very call: whoever
 * looks for the calls around it would never come to an end.
 *
 * Locking: one raw spinlock a bucket. Tasks hash apart, so a lock is taken by
 * another CPU only while somebody reads the file.
 *
 * Lifetime: what is in the table when the last probe is gone belongs to calls
 * that nobody will see return; ivs_flight_exit() frees it.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "../base/op.h"
#include "../base/pool.h"
#include "../base/text.h"
#include "../compat.h"
#include "domain.h"
#include "flight.h"

/* Calls that nest in one task, and an interrupt's. */
#define NR_SPARES 4

static DEFINE_PER_CPU(struct ivs_call *, spares[NR_SPARES]);

static struct ivs_pool calls = {
	.name = "ivs_call",
	.size = sizeof(struct ivs_call),
	.reserve = 256,
};

static struct {
	raw_spinlock_t lock;
	struct hlist_head head;
} buckets[IVS_FLIGHT_BUCKETS] = {
	[0 ... IVS_FLIGHT_BUCKETS - 1] = {
		.lock = __RAW_SPIN_LOCK_UNLOCKED(buckets.lock),
	},
};

/* ---- memory ---- */

static struct ivs_call *call_take(void)
{
	struct ivs_call *call;
	unsigned int i;

	for (i = 0; i < NR_SPARES; i++) {
		/* An exchange costs more than a look. */
		if (!this_cpu_read(spares[i]))
			continue;
		call = this_cpu_xchg(spares[i], NULL);
		if (call)
			return memset(call, 0, sizeof(*call));
	}
	return ivs_pool_get(&calls);
}

static void call_put(struct ivs_call *call)
{
	unsigned int i;

	for (i = 0; i < NR_SPARES; i++)
		if (!this_cpu_cmpxchg(spares[i], NULL, call))
			return;
	ivs_pool_put(&calls, call);
}

/**
 * ivs_call_new - memory for the call that a probe is hit by
 * @ri: where the return handler finds it, with ivs_call_of()
 *
 * Context: entry handler, which must go on to ivs_flight_begin().
 * Return: zeroed; NULL when there is none: the call is missed, and counted so.
 */
struct ivs_call *ivs_call_new(struct kretprobe_instance *ri)
{
	struct ivs_call *call = call_take();
	struct kretprobe *rp;

	if (call) {
		*(struct ivs_call **)ri->data = call;
		return call;
	}
	/* NULL while it is being unregistered (kprobes.h, without rethook). */
	rp = ivs_compat_kretprobe(ri);
	if (rp)
		rp->nmissed++;
	return NULL;
}

/* ---- the table ---- */

static unsigned int flight_hash(const void *address)
{
	return hash_ptr(address, ilog2(IVS_FLIGHT_BUCKETS));
}

static bool task_is_exiting(const struct task_struct *task)
{
	return READ_ONCE(task->flags) & PF_EXITING;
}

/* The innermost call of the current task is nearest to the head. */
static struct ivs_call *flight_innermost(unsigned int b)
{
	struct ivs_call *call;

	hlist_for_each_entry(call, &buckets[b].head, node)
		if (call->task == current &&
		    call->born == current->start_boottime &&
		    call->exiting == task_is_exiting(current))
			return call;
	return NULL;
}

static void flight_add(struct ivs_call *call, const void *key)
{
	unsigned int b = flight_hash(key);
	unsigned long flags;

	call->bucket = b;
	raw_spin_lock_irqsave(&buckets[b].lock, flags);
	call->parent = call->task ? flight_innermost(b) : NULL;
	if (call->parent && call->backend == IVS_BACKEND_NONE)
		call->backend = call->parent->backend;
	hlist_add_head(&call->node, &buckets[b].head);
	raw_spin_unlock_irqrestore(&buckets[b].lock, flags);
}

/**
 * ivs_flight_begin - a call of the current task has begun
 * @call: new, and what the caller knows of it
 * @op: what it is
 *
 * Sets @parent, and @backend from it. Context: probe handler of a function that
 * runs in a task's context.
 */
void ivs_flight_begin(struct ivs_call *call, enum ivs_op op)
{
	call->op = op;
	call->task = current;
	call->born = current->start_boottime;
	call->exiting = task_is_exiting(current);
	call->tid = current->pid;
	call->pid = current->tgid;
	memcpy(call->comm, current->comm, TASK_COMM_LEN);
	call->comm[TASK_COMM_LEN - 1] = '\0';
	flight_add(call, current);
}

/* ivs_flight_begin_unowned - the same of a call that is no task's; any context */
void ivs_flight_begin_unowned(struct ivs_call *call, enum ivs_op op)
{
	call->op = op;
	flight_add(call, call);
}

static bool call_is_beside(const struct ivs_call *call,
			   const struct ivs_call *other)
{
	return call->task && call->task == other->task &&
	       call->born == other->born && call->exiting == other->exiting;
}

/*
 * Take out a call that returns, and what it still has inside it, which is nearer
 * to the head: a chain by @parent, itself last.
 */
static struct ivs_call *bucket_take(unsigned int b, struct ivs_call *call)
{
	struct ivs_call *inner, *taken = NULL;
	struct hlist_node *next;

	hlist_for_each_entry_safe(inner, next, &buckets[b].head, node) {
		if (inner != call && !call_is_beside(inner, call))
			continue;
		hlist_del(&inner->node);
		inner->parent = taken;
		taken = inner;
		if (inner == call)
			break;
	}
	return taken;
}

/**
 * ivs_flight_end - a call has returned
 * @call: as begun; gone after this
 *
 * And with it what was not seen to return inside it.
 *
 * Context: the return handler.
 */
void ivs_flight_end(struct ivs_call *call)
{
	struct ivs_call *taken, *next;
	unsigned int b = call->bucket;
	unsigned long flags;

	raw_spin_lock_irqsave(&buckets[b].lock, flags);
	taken = bucket_take(b, call);
	raw_spin_unlock_irqrestore(&buckets[b].lock, flags);
	for (; taken; taken = next) {
		next = taken->parent;
		if (taken != call)
			ivs_domain_died(taken->domain_id);
		call_put(taken);
	}
}

/**
 * ivs_flight_current - the innermost call the current task is in
 *
 * Context: probe handler, or anything else that keeps the task inside it.
 * Return: the call or NULL.
 */
struct ivs_call *ivs_flight_current(void)
{
	unsigned int b = flight_hash(current);
	struct ivs_call *call;
	unsigned long flags;

	raw_spin_lock_irqsave(&buckets[b].lock, flags);
	call = flight_innermost(b);
	raw_spin_unlock_irqrestore(&buckets[b].lock, flags);
	return call;
}

/* ---- death ---- */

/* Under RCU. */
static bool call_is_dead(const struct ivs_call *call)
{
	const struct task_struct *task;

	if (!call->task)
		return false;
	task = pid_task(find_pid_ns(call->tid, &init_pid_ns), PIDTYPE_PID);
	return !task || task->start_boottime != call->born ||
	       READ_ONCE(task->exit_state) ||
	       task_is_exiting(task) != call->exiting;
}

/*
 * The innermost call of the task of a dead one. The task may have died while its
 * calls were asked, from the innermost on: those inside go first, since they
 * point to the ones around them.
 */
static struct ivs_call *bucket_innermost_dead(unsigned int b,
					      struct ivs_call *dead)
{
	struct ivs_call *call;

	hlist_for_each_entry(call, &buckets[b].head, node)
		if (call_is_beside(call, dead))
			return call;
	return dead;
}

/* Take one of the dead out of a bucket. */
static struct ivs_call *bucket_take_dead(unsigned int b)
{
	struct ivs_call *call, *dead = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&buckets[b].lock, flags);
	rcu_read_lock();
	hlist_for_each_entry(call, &buckets[b].head, node)
		if (call_is_dead(call)) {
			dead = call;
			break;
		}
	rcu_read_unlock();
	if (dead) {
		dead = bucket_innermost_dead(b, dead);
		hlist_del(&dead->node);
	}
	raw_spin_unlock_irqrestore(&buckets[b].lock, flags);
	return dead;
}

/**
 * ivs_flight_bury - forget the calls of tasks that died in them
 *
 * Their domains are inexact from now on. Context: may sleep; whoever is about to
 * show calls or domains.
 */
void ivs_flight_bury(void)
{
	struct ivs_call *call;
	unsigned int b;

	for (b = 0; b < IVS_FLIGHT_BUCKETS; b++)
		while ((call = bucket_take_dead(b))) {
			ivs_domain_died(call->domain_id);
			ivs_pool_put(&calls, call);
		}
}

/* ---- load and unload ---- */

/* ivs_flight_init - make room for calls; 0 or -ENOMEM; may sleep */
int ivs_flight_init(void)
{
	return ivs_pool_init(&calls);
}

static void bucket_free(unsigned int b)
{
	struct ivs_call *call;
	struct hlist_node *next;

	hlist_for_each_entry_safe(call, next, &buckets[b].head, node) {
		hlist_del(&call->node);
		ivs_pool_put(&calls, call);
	}
}

static void spares_free(int cpu)
{
	struct ivs_call *call;
	unsigned int i;

	for (i = 0; i < NR_SPARES; i++) {
		call = per_cpu(spares[i], cpu);
		per_cpu(spares[i], cpu) = NULL;
		if (call)
			ivs_pool_put(&calls, call);
	}
}

/* ivs_flight_exit - free all of them; may sleep; no handler runs any more */
void ivs_flight_exit(void)
{
	unsigned int b;
	int cpu;

	for (b = 0; b < IVS_FLIGHT_BUCKETS; b++)
		bucket_free(b);
	for_each_possible_cpu(cpu)
		spares_free(cpu);
	ivs_pool_exit(&calls);
}

/* ---- showing ---- */

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
		if (call->task)
			flight_show_call(m, call, now);
	raw_spin_unlock_irqrestore(&buckets[bucket].lock, flags);
}
