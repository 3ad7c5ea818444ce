// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the time of a process went, from its exec to its exit: at each moment
 * it is in one phase, so that phases add up to the wall time whatever is in the
 * recording. While one of its tasks is in a call, that is the call; of several
 * the one that began last, which of one task is the innermost. Else it is what
 * its tasks do (tasks.c). Before anything was recorded, and where events were
 * lost, it is that, by name.
 *
 * A sweep: calls by their beginning, events of tasks by their time, and from
 * one moment at which any of these changes to the next all is as it is.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/tree.h"
#include "phases.h"
#include "recording.h"
#include "ring.h"
#include "spans.h"
#include "tasks.h"

/* The kernel's own limit on 64 bits. */
#define MAX_TID (4 * 1024 * 1024)

struct sweep {
	struct phases *phases;
	struct tasks tasks;
	/* Calls that have begun and not ended. */
	size_t *active;
	size_t nr_active;
	size_t room;
	/* Events of calls are missing until then. */
	uint64_t lost_until;
};

/* ---- cells ---- */

static struct cell *cell_of(struct phases *phases, enum phase phase,
			    unsigned int of)
{
	for (size_t i = 0; i < phases->nr_cells; i++)
		if (phases->cells[i].phase == phase &&
		    phases->cells[i].of == of)
			return &phases->cells[i];
	phases->cells = alloc_more(phases->cells, phases->nr_cells + 1,
				   sizeof(*phases->cells));
	phases->cells[phases->nr_cells] = (struct cell){
		.phase = phase, .of = of,
	};
	return &phases->cells[phases->nr_cells++];
}

static uint64_t step_end(const struct phases *phases, uint64_t step)
{
	uint64_t wall = phases->ended_ns - phases->started_ns;

	return phases->started_ns + (__uint128_t)wall * (step + 1) / NR_STEPS;
}

/* From @from to @to it was in @cell. */
static void cell_spend(struct phases *phases, struct cell *cell, uint64_t from,
		       uint64_t to)
{
	uint64_t wall = phases->ended_ns - phases->started_ns;
	uint64_t step;

	cell->ns += to - from;
	if (!wall)
		return;
	step = (__uint128_t)(from - phases->started_ns) * NR_STEPS / wall;
	for (; from < to && step < NR_STEPS; step++) {
		uint64_t until = step_end(phases, step);

		until = until < to ? until : to;
		if (until <= from)
			continue;
		cell->steps[step] += until - from;
		from = until;
	}
}

/* ---- the sweep ---- */

static struct span *innermost(const struct sweep *sweep)
{
	struct span *list = sweep->phases->spans.list, *found = NULL;

	for (size_t i = 0; i < sweep->nr_active; i++) {
		struct span *span = &list[sweep->active[i]];

		/* Of two that began together the outer one ends later. */
		if (!found || span->began_ns > found->began_ns ||
		    (span->began_ns == found->began_ns &&
		     span->ended_ns < found->ended_ns))
			found = span;
	}
	return found;
}

static enum phase phase_of_tasks(const struct sweep *sweep)
{
	static const enum phase phases[NR_TASK_STATES] = {
		[TASK_RUNS] = PHASE_ON_CPU,
		[TASK_WAITS_FOR_CPU] = PHASE_CPU_WAIT,
		[TASK_NOT_KNOWN] = PHASE_NOT_KNOWN,
		[TASK_BLOCKED] = PHASE_BLOCKED,
		[TASK_SLEEPS] = PHASE_ASLEEP,
		[TASK_ENDS] = PHASE_ENDING,
	};

	return phases[tasks_state(&sweep->tasks)];
}

static bool is_waiting(const struct sweep *sweep, const struct span *span)
{
	const struct task *task = tasks_mine(&sweep->tasks, span->tid);

	return task && !sweep->tasks.blind &&
	       (task->state == TASK_WAITS_FOR_CPU ||
		task->state == TASK_BLOCKED || task->state == TASK_SLEEPS);
}

static void spend_until(struct sweep *sweep, uint64_t from, uint64_t to)
{
	struct phases *phases = sweep->phases;
	struct span *span = innermost(sweep);
	struct cell *cell;

	if (span)
		cell = cell_of(phases, span->phase, span->of);
	else if (from < sweep->lost_until)
		cell = cell_of(phases, PHASE_LOST, 0);
	else
		cell = cell_of(phases, phase_of_tasks(sweep), 0);
	cell_spend(phases, cell, from, to);
	if (span && is_waiting(sweep, span))
		cell->waiting_ns += to - from;
}

/* The next moment at which one of the calls ends. */
static uint64_t next_end(const struct sweep *sweep, uint64_t next)
{
	for (size_t i = 0; i < sweep->nr_active; i++) {
		uint64_t end = sweep->phases->spans.list[sweep->active[i]].ended_ns;

		next = end < next ? end : next;
	}
	return next;
}

static void drop_ended(struct sweep *sweep, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < sweep->nr_active; i++)
		if (sweep->phases->spans.list[sweep->active[i]].ended_ns > now)
			sweep->active[kept++] = sweep->active[i];
	sweep->nr_active = kept;
}

static void activate(struct sweep *sweep, size_t at)
{
	if (sweep->nr_active == sweep->room) {
		sweep->room = sweep->room ? 2 * sweep->room : 64;
		sweep->active = alloc_more(sweep->active, sweep->room,
					   sizeof(*sweep->active));
	}
	sweep->active[sweep->nr_active++] = at;
}

static bool is_of_tasks(const struct event *event)
{
	return event->kind >= EVENT_EXIT && event->kind != EVENT_IN &&
	       event->kind != EVENT_OUT;
}

static void event_apply(struct sweep *sweep, const struct event *event)
{
	uint64_t until = event->ns + event->call.duration_ns;

	if (!is_of_tasks(event))
		return;
	tasks_event(&sweep->tasks, event);
	if (event->kind == EVENT_LOST && event->ring == RING_CALLS &&
	    until > sweep->lost_until)
		sweep->lost_until = until;
}

static int by_beginning(const void *one, const void *other)
{
	const struct span *a = one, *b = other;

	/* Of those that begin together the outer one ends last. */
	if (a->began_ns != b->began_ns)
		return a->began_ns < b->began_ns ? -1 : 1;
	return a->ended_ns > b->ended_ns ? -1 : a->ended_ns < b->ended_ns;
}

/* What was before @now: nothing is spent for it. */
static void sweep_run(struct sweep *sweep, const struct recording *recording,
		      uint64_t now)
{
	const struct span *list = sweep->phases->spans.list;
	uint64_t end = sweep->phases->ended_ns;
	size_t event = 0, span = 0;

	for (;;) {
		uint64_t next = end;

		while (span < sweep->phases->spans.nr && list[span].began_ns <= now)
			activate(sweep, span++);
		while (event < recording->nr &&
		       recording->events[event].ns <= now)
			event_apply(sweep, &recording->events[event++]);
		drop_ended(sweep, now);
		if (now >= end)
			return;
		if (span < sweep->phases->spans.nr && list[span].began_ns < next)
			next = list[span].began_ns;
		while (event < recording->nr &&
		       !is_of_tasks(&recording->events[event]))
			event++;
		if (event < recording->nr && recording->events[event].ns < next)
			next = recording->events[event].ns;
		if (sweep->lost_until > now && sweep->lost_until < next)
			next = sweep->lost_until;
		next = next_end(sweep, next);
		spend_until(sweep, now, next);
		now = next;
	}
}

/* ---- whose, and from when to when ---- */

/* Who has most time in VFIO, where nobody was chosen. */
static uint32_t busiest(const struct recording *recording)
{
	uint64_t *ns = alloc_zeroed(MAX_TID, sizeof(*ns)), most = 0;
	uint32_t tid = 0;

	for (size_t i = 0; i < recording->nr; i++) {
		const struct event *event = &recording->events[i];

		if (event->tid >= MAX_TID || (event->kind != EVENT_REGION &&
					      event->kind != EVENT_TEARDOWN))
			continue;
		ns[event->tid] += event->call.duration_ns + 1;
		if (ns[event->tid] <= most)
			continue;
		most = ns[event->tid];
		tid = event->tid;
	}
	free(ns);
	return tid;
}

/* The exec that made it what it is: of a command the first, else the last. */
static void bounds_find(struct phases *phases,
			const struct recording *recording)
{
	bool command = tree_get(recording->head, "command");
	uint64_t last = 0, exec;

	phases->began_ns = tree_u64_or_0(recording->head, "began_ns");
	phases->started_ns = tree_u64_or_0(recording->head, "started_ns") ?:
			     phases->began_ns;
	exec = tree_u64_or_0(recording->head, "exec_ns");
	/* One that was waited for: its exec was seen, a little before. */
	if (exec && phases->pid == tree_u64_or_0(recording->head, "pid")) {
		phases->started_ns = exec;
		phases->exec_seen = true;
	}
	for (size_t i = 0; i < recording->nr; i++) {
		const struct event *event = &recording->events[i];

		last = event->ns;
		if (event->kind == EVENT_EXIT && event->tid == phases->pid)
			phases->exit_seen = true;
		if (event->kind != EVENT_EXEC || event->tid != phases->pid ||
		    (command && phases->exec_seen))
			continue;
		phases->exec_seen = true;
		phases->started_ns = event->ns;
		phases->began_ns = event->ns;
	}
	phases->ended_ns = tree_u64_or_0(recording->end, "ended_ns") ?: last;
	if (phases->ended_ns < phases->began_ns)
		phases->ended_ns = phases->began_ns;
	if (phases->started_ns > phases->began_ns)
		phases->started_ns = phases->began_ns;
}

/* Of a host that is recorded: until the last that was seen of the process. */
static void end_find(struct phases *phases, const struct recording *recording,
		     const struct tasks *tasks, const struct spans *spans)
{
	uint64_t last = phases->began_ns;

	if (!phases->exit_seen || tree_get(recording->head, "pid"))
		return;
	for (size_t i = 0; i < recording->nr; i++)
		if (recording->events[i].kind == EVENT_EXIT &&
		    recording->events[i].tid == phases->pid)
			last = recording->events[i].ns;
	for (size_t i = 0; i < spans->nr; i++)
		if (tasks_mine(tasks, spans->list[i].tid) &&
		    spans->list[i].ended_ns > last)
			last = spans->list[i].ended_ns;
	if (last < phases->ended_ns)
		phases->ended_ns = last;
}

static void calls_count(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->phases->spans.nr; i++) {
		const struct span *span = &sweep->phases->spans.list[i];
		struct cell *cell;

		if (span->phase == NR_PHASES ||
		    span->ended_ns <= sweep->phases->counts_since)
			continue;
		cell = cell_of(sweep->phases, span->phase, span->of);
		cell->calls++;
		cell->bytes += span->bytes;
	}
}

/* Calls that say nothing about a device are as if they had not been seen. */
static void spans_choose(struct spans *spans)
{
	size_t kept = 0;

	for (size_t i = 0; i < spans->nr; i++)
		if (spans->list[i].phase < NR_PHASES)
			spans->list[kept++] = spans->list[i];
	spans->nr = kept;
	if (kept)
		qsort(spans->list, kept, sizeof(*spans->list), by_beginning);
}

static int by_number(const void *one, const void *other)
{
	const uint32_t *a = one, *b = other;

	return *a < *b ? -1 : *a > *b;
}

static void tids_keep(struct phases *phases, const struct tasks *tasks)
{
	phases->tids = alloc_zeroed(tasks->nr + 1, sizeof(*phases->tids));
	for (size_t i = 0; i < tasks->nr; i++)
		phases->tids[phases->nr_tids++] = tasks->list[i].tid;
	if (phases->nr_tids)
		qsort(phases->tids, phases->nr_tids, sizeof(*phases->tids),
		      by_number);
}

bool phases_has_task(const struct phases *phases, uint32_t tid)
{
	return phases->nr_tids &&
	       bsearch(&tid, phases->tids, phases->nr_tids,
		       sizeof(*phases->tids), by_number);
}

void phases_since(struct phases *phases, const struct recording *recording,
		  uint32_t pid, uint64_t since)
{
	struct sweep sweep = { .phases = phases };

	*phases = (struct phases){
		.pid = pid ?: tree_u64_or_0(recording->head, "pid") ?:
		       busiest(recording),
	};
	bounds_find(phases, recording);
	tasks_begin(&sweep.tasks, recording, phases->pid, phases->began_ns);
	spans_find(&phases->spans, phases, recording, &sweep.tasks);
	end_find(phases, recording, &sweep.tasks, &phases->spans);
	spans_choose(&phases->spans);
	tids_keep(phases, &sweep.tasks);
	if (since) {
		since = since < phases->ended_ns ? since : phases->ended_ns;
		phases->counts_since = since;
		phases->started_ns = since;
		phases->began_ns = since;
	}
	calls_count(&sweep);
	if (phases->began_ns > phases->started_ns)
		cell_spend(phases, cell_of(phases, PHASE_BEFORE, 0),
			   phases->started_ns, phases->began_ns);
	tasks_reset(&sweep.tasks, recording);
	sweep_run(&sweep, recording, phases->began_ns);
	free(sweep.active);
	tasks_free(&sweep.tasks);
}

void phases_find(struct phases *phases, const struct recording *recording,
		 uint32_t pid)
{
	phases_since(phases, recording, pid, 0);
}

void phases_free(struct phases *phases)
{
	free(phases->cells);
	free(phases->regions);
	free(phases->devices);
	free(phases->spans.list);
	free(phases->tids);
	*phases = (struct phases){};
}
