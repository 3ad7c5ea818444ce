// SPDX-License-Identifier: GPL-2.0-only
/*
 * process.c - one record per thread group that pins, maps or unmaps
 *
 * Model. The process is the one in whose context the call runs. A VM that is
 * killed unmaps in its own exit, so its teardown is still its own. A record is
 * found by tgid and start time, which survives pid reuse. Records of processes
 * that are gone stay readable ("why was that start slow?") until MAX_PROCESSES
 * exist; then making room retires the dead ones that were idle longest.
 *
 * Locking and lifetime: record.c's. Making room runs in a worker.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "../base/work.h"
#include "process.h"

#define MAX_PROCESSES 1024
#define SPARE_PROCESSES 32

struct ivs_table ivs_processes = {
	.pool = {
		.name = "ivs_process",
		.size = sizeof(struct ivs_record),
		.reserve = SPARE_PROCESSES,
		.limit = MAX_PROCESSES,
	},
};

/**
 * ivs_process_alive - is the process of a record still there?
 * @record: the record
 *
 * Context: under RCU.
 */
bool ivs_process_alive(const struct ivs_record *record)
{
	struct task_struct *task;

	task = pid_task(find_pid_ns(record->pid, &init_pid_ns), PIDTYPE_TGID);
	return task && task->start_boottime == record->born;
}

static void process_make_room(struct work_struct *work)
{
	unsigned int wanted = SPARE_PROCESSES;

	while (wanted--) {
		struct ivs_record *record, *idlest = NULL;

		rcu_read_lock();
		list_for_each_entry_rcu(record, &ivs_processes.list, link)
			if ((!idlest || record->last_ns < idlest->last_ns) &&
			    !ivs_process_alive(record))
				idlest = record;
		if (idlest)
			ivs_record_retire(idlest);
		rcu_read_unlock();
		if (!idlest)
			return;
	}
}

static DECLARE_WORK(room_work, process_make_room);

static bool process_table_nearly_full(void)
{
	const struct ivs_pool *pool = &ivs_processes.pool;

	return READ_ONCE(pool->nr) >= MAX_PROCESSES &&
	       READ_ONCE(pool->nr_free) < SPARE_PROCESSES / 2;
}

/**
 * ivs_process_current - the counters of the process that runs now
 * @now_ns: ktime_get_mono_fast_ns(), of which a handler has one already
 *
 * Context: under RCU, any but NMI.
 * Return: its sums, NULL (counted as lost) when there is no room for a record.
 */
struct ivs_sums *ivs_process_current(u64 now_ns)
{
	struct task_struct *leader = current->group_leader;
	struct ivs_record *record;

	record = ivs_record_get(&ivs_processes, leader->tgid,
				leader->start_boottime);
	if (!record) {
		static const struct ivs_scope host = { .host = true };

		ivs_stats_add(IVS_LOST_PROCESSES, 1, &host);
		ivs_work_queue(&room_work);
		return NULL;
	}
	if (process_table_nearly_full())
		ivs_work_queue(&room_work);
	ivs_record_used(record, now_ns);
	return &record->sums;
}

/* ivs_process_exit - free all records; may sleep; no handler runs any more */
void ivs_process_exit(void)
{
	cancel_work_sync(&room_work);
	ivs_table_exit(&ivs_processes);
}
