/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TASKS_H
#define IOVASCOPE_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct recording;

/* What a task does, the most telling first: what one of them does, all do. */
enum task_state {
	TASK_RUNS,
	TASK_WAITS_FOR_CPU,
	TASK_NOT_KNOWN,
	TASK_BLOCKED,
	TASK_SLEEPS,
	TASK_ENDS,
	NR_TASK_STATES
};

struct task {
	uint32_t tid;
	bool mine;
	enum task_state state;
	/* The last of its spans that has no region yet, and their links. */
	size_t open[8];
	unsigned int nr_open;
	size_t free_spans;
};

/* The tasks of the process that is looked at, and of what it started. */
struct tasks {
	struct task *list;
	size_t nr;
	size_t room;
	/* By TID, of which there are so many: index in the list, and 1. */
	uint32_t *index;
	uint32_t nr_tids;
	size_t nr_in[NR_TASK_STATES];
	/* When the first of them became what it is, if that was seen. */
	uint64_t since_ns;
	/* Nobody told when they run. */
	bool blind;
};

void tasks_begin(struct tasks *tasks, const struct recording *recording,
		 uint32_t pid, uint64_t since_ns);
void tasks_free(struct tasks *tasks);

/* NULL where it is none of them. */
struct task *tasks_mine(const struct tasks *tasks, uint32_t tid);

/* A task begins: one of ours where the one that began it is. */
void tasks_born(struct tasks *tasks, const struct event *event);

/* What an event tells of who runs. */
void tasks_event(struct tasks *tasks, const struct event *event);

/* All of them: as the recording has it when it begins. */
void tasks_reset(struct tasks *tasks, const struct recording *recording);
enum task_state tasks_state(const struct tasks *tasks);

#endif
