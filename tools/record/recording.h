/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RECORDING_H
#define IOVASCOPE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_reader;
struct json_object;

enum event_kind {
	/* Calls, told when they have returned: ns is how long they took. */
	EVENT_REGION,
	EVENT_PIN,
	EVENT_UNPIN,
	EVENT_TEARDOWN,
	EVENT_MAP,
	EVENT_UNMAP,
	EVENT_REFUSAL,
	/* What becomes of tasks. */
	EVENT_EXEC,
	EVENT_EXIT,
	EVENT_NEW,
	EVENT_SWITCH,
	EVENT_WAKEUP,
	/* A function of the table of probes begins, and ends. */
	EVENT_IN,
	EVENT_OUT,
	/* From here on, for so long, events of a ring were lost. */
	EVENT_LOST,
	NR_EVENTS
};

/* What an event's fields are called depends on its kind; 0 where it has none. */
struct event {
	uint64_t ns;
	/* Its place in the file. */
	uint32_t order;
	uint32_t tid;
	uint8_t kind;
	uint8_t ring;
	/* Of a probe: enum probe_kind. */
	uint8_t probe;
	/* Of a region: is it mapped? */
	uint8_t map;
	union {
		struct {
			uint64_t duration_ns;
			uint64_t iova;
			uint64_t vaddr;
			uint64_t bytes;
			uint32_t backing;
			int32_t ret;
		} call;
		struct {
			/* The task that begins, wakes up, or runs from now. */
			uint32_t tid;
			/* The task that ran before it, and why not now. */
			uint32_t prev;
			uint64_t prev_state;
			uint64_t flags;
		} task;
		struct {
			uint64_t object;
			uint32_t cmd;
			char name[16];
		} probe_args;
	};
};

/* All of a file, its events by time. */
struct recording {
	struct json_object *head;
	/* NULL: it has none, for whoever wrote it was stopped. */
	struct json_object *end;
	struct event *events;
	size_t nr;
	size_t room;
	/* Some of what the file has could not be understood. */
	bool broken;
	bool cut;
};

/* False where there is nothing in it that says what it is. */
bool recording_read(struct recording *recording, struct file_reader *file);
void recording_free(struct recording *recording);

#endif
