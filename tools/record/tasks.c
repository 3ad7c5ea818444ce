// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tasks of a process and what each of them does: on a CPU, waiting for one,
 * blocked (the kernel's D: a disk or a lock), asleep. All that a process starts
 * is counted to it, for what is recorded may be a script that starts a VMM.
 *
 * A process is what the busiest of its tasks is: as long as one runs, it is on
 * CPU. A task of which nothing was heard since events were lost may have run,
 * so that nothing is claimed then of a process none of whose tasks is known to.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "recording.h"
#include "ring.h"
#include "tasks.h"

/* The kernel's own limit on 64 bits. */
#define MAX_TID (4 * 1024 * 1024)

/* include/linux/sched.h, in all kernels so far: of prev_state. */
#define STATE_ANY	0xff
#define STATE_BLOCKED	0x02
#define STATE_DEAD	0x30

static struct task *task_find(const struct tasks *tasks, uint32_t tid)
{
	uint32_t index = tid < tasks->nr_tids ? tasks->index[tid] : 0;

	return index ? &tasks->list[index - 1] : NULL;
}

struct task *tasks_mine(const struct tasks *tasks, uint32_t tid)
{
	struct task *task = task_find(tasks, tid);

	return task && task->mine ? task : NULL;
}

static void state_set(struct tasks *tasks, struct task *task,
		      enum task_state state)
{
	tasks->nr_in[task->state]--;
	task->state = state;
	tasks->nr_in[state]++;
}

static void tids_until(struct tasks *tasks, uint32_t tid)
{
	uint32_t room = tasks->nr_tids ?: 4096;

	while (room <= tid)
		room *= 2;
	if (room == tasks->nr_tids)
		return;
	tasks->index = alloc_more(tasks->index, room, sizeof(*tasks->index));
	memset(tasks->index + tasks->nr_tids, 0,
	       (room - tasks->nr_tids) * sizeof(*tasks->index));
	tasks->nr_tids = room;
}

static struct task *task_add(struct tasks *tasks, uint32_t tid)
{
	struct task *task = task_find(tasks, tid);

	if (task || tid >= MAX_TID)
		return task;
	if (tasks->nr == tasks->room) {
		tasks->room = tasks->room ? 2 * tasks->room : 64;
		tasks->list = alloc_more(tasks->list, tasks->room,
					 sizeof(*tasks->list));
	}
	task = &tasks->list[tasks->nr++];
	*task = (struct task){
		.tid = tid, .mine = true, .state = TASK_NOT_KNOWN,
		.free_spans = SIZE_MAX,
	};
	tasks->nr_in[TASK_NOT_KNOWN]++;
	tids_until(tasks, tid);
	tasks->index[tid] = tasks->nr;
	return task;
}

static enum task_state state_of_letter(const char *letter)
{
	switch (*letter) {
	case 'R':
		return TASK_RUNS;
	case 'D':
		return TASK_BLOCKED;
	case '-':
		return TASK_NOT_KNOWN;
	default:
		return TASK_SLEEPS;
	}
}

void tasks_reset(struct tasks *tasks, const struct recording *recording)
{
	struct json_object *threads = tree_get(recording->head, "threads");

	for (size_t i = 0; i < tasks->nr; i++) {
		tasks->list[i].mine = true;
		state_set(tasks, &tasks->list[i], TASK_ENDS);
	}
	for (size_t i = 0; i < tree_length(threads); i++) {
		struct json_object *thread = tree_at(threads, i);
		struct task *task = task_find(tasks, tree_u64_or_0(thread,
								   "tid"));

		if (task)
			state_set(tasks, task,
				  state_of_letter(tree_word(thread, "state")));
	}
	/* A command is on CPU when it becomes what it is. */
	if (tasks->nr && tree_get(recording->head, "command"))
		state_set(tasks, &tasks->list[0], TASK_RUNS);
	else if (tasks->nr && !threads)
		state_set(tasks, &tasks->list[0], TASK_NOT_KNOWN);
}

void tasks_begin(struct tasks *tasks, const struct recording *recording,
		 uint32_t pid, uint64_t since_ns)
{
	struct json_object *threads = tree_get(recording->head, "threads");

	*tasks = (struct tasks){
		.since_ns = since_ns,
		.blind = !tree_get(recording->head, "pid"),
	};
	task_add(tasks, pid);
	for (size_t i = 0; i < tree_length(threads); i++)
		task_add(tasks, tree_u64_or_0(tree_at(threads, i), "tid"));
}

void tasks_free(struct tasks *tasks)
{
	free(tasks->list);
	free(tasks->index);
	*tasks = (struct tasks){};
}

void tasks_born(struct tasks *tasks, const struct event *event)
{
	bool mine = tasks_mine(tasks, event->tid);
	struct task *task = mine ? task_add(tasks, event->task.tid) :
				   task_find(tasks, event->task.tid);

	/* The first of them was begun by somebody else. */
	if (!task || (task == tasks->list && event->ns <= tasks->since_ns))
		return;
	/* The number of one of ours that is gone may be used again. */
	task->mine = mine;
	state_set(tasks, task, mine ? TASK_WAITS_FOR_CPU : TASK_ENDS);
}

/* Why a task stopped running; 0 is that somebody else was to run. */
static enum task_state state_after(uint64_t prev_state)
{
	prev_state &= STATE_ANY;
	if (!prev_state)
		return TASK_WAITS_FOR_CPU;
	if (prev_state & STATE_DEAD)
		return TASK_ENDS;
	/* One that is stopped is not waited for by anybody but who stopped it. */
	return prev_state & STATE_BLOCKED ? TASK_BLOCKED : TASK_SLEEPS;
}

static void switch_take(struct tasks *tasks, const struct event *event)
{
	struct task *prev = task_find(tasks, event->task.prev);
	struct task *next = task_find(tasks, event->task.tid);

	if (prev && prev->state != TASK_ENDS)
		state_set(tasks, prev, state_after(event->task.prev_state));
	if (next && next->state != TASK_ENDS)
		state_set(tasks, next, TASK_RUNS);
}

static void all_unknown(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->nr; i++)
		if (tasks->list[i].state != TASK_ENDS)
			state_set(tasks, &tasks->list[i], TASK_NOT_KNOWN);
}

void tasks_event(struct tasks *tasks, const struct event *event)
{
	struct task *task;

	switch (event->kind) {
	case EVENT_NEW:
		tasks_born(tasks, event);
		break;
	case EVENT_SWITCH:
		switch_take(tasks, event);
		break;
	case EVENT_WAKEUP:
		task = task_find(tasks, event->task.tid);
		if (task && task->state != TASK_RUNS &&
		    task->state != TASK_ENDS)
			state_set(tasks, task, TASK_WAITS_FOR_CPU);
		break;
	case EVENT_EXIT:
		task = task_find(tasks, event->task.tid);
		if (task)
			state_set(tasks, task, TASK_ENDS);
		break;
	case EVENT_LOST:
		if (event->ring == RING_TASKS)
			all_unknown(tasks);
		break;
	}
}

enum task_state tasks_state(const struct tasks *tasks)
{
	if (tasks->blind)
		return tasks->nr_in[TASK_ENDS] == tasks->nr ? TASK_ENDS :
							     TASK_NOT_KNOWN;
	for (int state = 0; state < NR_TASK_STATES; state++)
		if (tasks->nr_in[state])
			return state;
	return TASK_NOT_KNOWN;
}
