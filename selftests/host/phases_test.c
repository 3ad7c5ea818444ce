// SPDX-License-Identifier: GPL-2.0-only
/*
 * phases_test.c - where a process's time went, of made-up events
 *
 * Events are what recording.c makes of a file: here they are made up, so that
 * what each moment was is known. Whatever they are, phases add up to the wall
 * time. At the end a real recording is cut off at every length, and damaged at
 * every byte: it must be read, or refused, and what is read must add up, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "base/tree.h"
#include "record/file.h"
#include "record/phases.h"
#include "record/probe_kinds.h"
#include "record/recording.h"
#include "record/ring.h"
#include "record/saving.h"

#define MS 1000000ull
#define PID 100
#define BACKING_2M BACKING_HUGETLB_2M
#define MAX_EVENTS 65536

FIXTURE(phases)
{
	struct recording recording;
	struct phases phases;
};

FIXTURE_SETUP(phases)
{
	self->recording = (struct recording){
		.head = tree_new(), .end = tree_new(),
		.events = calloc(MAX_EVENTS, sizeof(struct event)),
	};
	ASSERT_NE(NULL, self->recording.events);
	tree_add_u64(self->recording.head, "pid", PID);
	tree_add(self->recording.head, "command", tree_new_list());
	tree_add_u64(self->recording.head, "began_ns", 0);
	memset(&self->phases, 0, sizeof(self->phases));
}

FIXTURE_TEARDOWN(phases)
{
	phases_free(&self->phases);
	recording_free(&self->recording);
}

static struct event *event(struct recording *recording, enum event_kind kind,
			   uint64_t ms, uint32_t tid)
{
	struct event *new = &recording->events[recording->nr];

	if (recording->nr == MAX_EVENTS)
		abort();
	*new = (struct event){ .ns = ms * MS, .kind = kind, .tid = tid,
			       .order = recording->nr };
	if (kind == EVENT_SWITCH || kind == EVENT_WAKEUP)
		new->ring = RING_TASKS;
	recording->nr++;
	return new;
}

/* A call of @tid that ended at @ms and took so many. */
static struct event *call(struct recording *recording, enum event_kind kind,
			  uint64_t ms, uint64_t took, uint32_t tid)
{
	struct event *new = event(recording, kind, ms, tid);

	new->call.duration_ns = took * MS;
	new->call.bytes = 4096;
	new->call.backing = BACKING_2M;
	new->map = 1;
	return new;
}

static void runs(struct recording *recording, uint64_t ms, uint32_t prev,
		 uint64_t prev_state, uint32_t next)
{
	struct event *new = event(recording, EVENT_SWITCH, ms, prev);

	new->task.prev = prev;
	new->task.prev_state = prev_state;
	new->task.tid = next;
}

static void born(struct recording *recording, uint64_t ms, uint32_t by,
		 uint32_t tid)
{
	event(recording, EVENT_NEW, ms, by)->task.tid = tid;
}

static struct event *probe(struct recording *recording, enum event_kind kind,
			   uint64_t ms, enum probe_kind which)
{
	struct event *new = event(recording, kind, ms, PID);

	new->probe = which;
	return new;
}

static uint64_t ms_of(const struct phases *phases, enum phase phase,
		      unsigned int of)
{
	for (size_t i = 0; i < phases->nr_cells; i++)
		if (phases->cells[i].phase == phase &&
		    phases->cells[i].of == of)
			return phases->cells[i].ns / MS;
	return 0;
}

static bool adds_up(const struct phases *phases)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < phases->nr_cells; i++) {
		const struct cell *cell = &phases->cells[i];
		uint64_t steps = 0;

		for (int step = 0; step < NR_STEPS; step++)
			steps += cell->steps[step];
		if (steps != cell->ns || cell->waiting_ns > cell->ns)
			return false;
		ns += cell->ns;
	}
	return ns == phases->ended_ns - phases->started_ns;
}

#define find_until(_ms) do {						\
	tree_add_word(self->recording.end, "end", "exit");		\
	tree_add_u64(self->recording.end, "ended_ns", (_ms) * MS);	\
	phases_find(&self->phases, &self->recording, 0);		\
	ASSERT_TRUE(adds_up(&self->phases));				\
} while (0)

#define EXPECT_MS(_ms, _phase, _of) \
	EXPECT_EQ((uint64_t)(_ms), ms_of(&self->phases, _phase, _of))

/* The request is what is left of it without its pin and its map. */
TEST_F(phases, calls_nest)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 10, PID);
	call(recording, EVENT_PIN, 50, 30, PID);
	call(recording, EVENT_MAP, 60, 8, PID);
	call(recording, EVENT_REGION, 70, 55, PID);
	find_until(100);
	EXPECT_MS(30, PHASE_PIN, BACKING_2M);
	EXPECT_MS(8, PHASE_MAP, 0);
	EXPECT_MS(17, PHASE_MAP_REST, 0);
	EXPECT_MS(35, PHASE_ON_CPU, 0);
	ASSERT_EQ(1, self->phases.nr_regions);
	EXPECT_EQ(1, self->phases.regions[0].pins);
	EXPECT_EQ(30 * MS, self->phases.regions[0].pin_ns);
}

/* Told 5 ms late, the request seems to have begun after its pin. */
TEST_F(phases, a_late_event_encloses)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 0, PID);
	call(recording, EVENT_PIN, 30, 20, PID);
	call(recording, EVENT_REGION, 40, 25, PID);
	find_until(40);
	EXPECT_MS(20, PHASE_PIN, BACKING_2M);
	EXPECT_MS(10, PHASE_MAP_REST, 0);
}

TEST_F(phases, a_lookup_is_no_pin)
{
	event(&self->recording, EVENT_EXEC, 0, PID);
	call(&self->recording, EVENT_PIN, 30, 20, PID)->call.backing =
		BACKING_MMIO;
	find_until(40);
	EXPECT_MS(20, PHASE_LOOKUP, BACKING_MMIO);
}

/* As a process ends: nobody asked for it, and it is still its time. */
TEST_F(phases, a_walk_without_a_request)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 0, PID);
	event(recording, EVENT_EXIT, 10, PID)->task.tid = PID;
	call(recording, EVENT_UNMAP, 20, 5, PID);
	call(recording, EVENT_UNPIN, 30, 8, PID);
	call(recording, EVENT_TEARDOWN, 40, 28, PID);
	find_until(50);
	EXPECT_MS(5, PHASE_UNMAP, 0);
	EXPECT_MS(8, PHASE_UNPIN, BACKING_2M);
	EXPECT_MS(15, PHASE_WALK, 0);
	EXPECT_MS(12, PHASE_ENDING, 0);
	ASSERT_EQ(1, self->phases.nr_regions);
	EXPECT_TRUE(self->phases.regions[0].unasked);
}

TEST_F(phases, what_tasks_do)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 0, PID);
	runs(recording, 10, PID, 1, 0);
	event(recording, EVENT_WAKEUP, 30, 0)->task.tid = PID;
	runs(recording, 35, 0, 0, PID);
	runs(recording, 45, PID, 2, 0);
	event(recording, EVENT_WAKEUP, 85, 0)->task.tid = PID;
	runs(recording, 86, 0, 0, PID);
	runs(recording, 90, PID, 0x100, 7);
	find_until(100);
	EXPECT_MS(24, PHASE_ON_CPU, 0);
	EXPECT_MS(20, PHASE_ASLEEP, 0);
	EXPECT_MS(16, PHASE_CPU_WAIT, 0);
	EXPECT_MS(40, PHASE_BLOCKED, 0);
}

/* A process is on CPU while one of its threads is; of others' it knows nothing. */
TEST_F(phases, threads_are_one_process)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 0, PID);
	born(recording, 5, PID, 101);
	born(recording, 6, 50, 51);
	runs(recording, 10, PID, 1, 101);
	runs(recording, 12, 0, 0, 51);
	runs(recording, 40, 101, 1, 0);
	call(recording, EVENT_PIN, 60, 10, 101);
	call(recording, EVENT_PIN, 65, 60, 51);
	find_until(70);
	EXPECT_MS(40, PHASE_ON_CPU, 0);
	EXPECT_MS(10, PHASE_PIN, BACKING_2M);
	EXPECT_MS(20, PHASE_ASLEEP, 0);
}

/* Of two threads in calls, each moment is one of them's. */
TEST_F(phases, calls_at_the_same_time)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 0, PID);
	born(recording, 0, PID, 101);
	call(recording, EVENT_MAP, 40, 20, 101);
	call(recording, EVENT_PIN, 50, 40, PID);
	find_until(50);
	EXPECT_MS(20, PHASE_MAP, 0);
	EXPECT_MS(20, PHASE_PIN, BACKING_2M);
}

/* The number of a thread that is gone: what its new owner does is not ours. */
TEST_F(phases, a_number_that_is_used_again)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 0, PID);
	born(recording, 1, PID, 101);
	call(recording, EVENT_PIN, 20, 10, 101);
	event(recording, EVENT_EXIT, 25, 101)->task.tid = 101;
	born(recording, 30, 50, 101);
	call(recording, EVENT_PIN, 60, 20, 101);
	find_until(70);
	EXPECT_MS(10, PHASE_PIN, BACKING_2M);
}

TEST_F(phases, waiting_in_a_call)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 0, PID);
	runs(recording, 20, PID, 2, 0);
	runs(recording, 50, 0, 0, PID);
	call(recording, EVENT_PIN, 60, 50, PID);
	find_until(60);
	ASSERT_EQ(50, ms_of(&self->phases, PHASE_PIN, BACKING_2M));
	for (size_t i = 0; i < self->phases.nr_cells; i++)
		if (self->phases.cells[i].phase == PHASE_PIN)
			EXPECT_EQ(30 * MS, self->phases.cells[i].waiting_ns);
}

/* The name is told once; afterwards it is an address. */
TEST_F(phases, devices_have_names)
{
	struct recording *recording = &self->recording;
	struct event *open;

	event(recording, EVENT_EXEC, 0, PID);
	open = probe(recording, EVENT_IN, 10, PROBE_GROUP);
	open->probe_args.cmd = 0x3b6a;
	memcpy(open->probe_args.name, "0000:3b:00.0", 13);
	probe(recording, EVENT_IN, 12, PROBE_ENABLE)->probe_args.object = 77;
	probe(recording, EVENT_IN, 15, PROBE_FLR);
	probe(recording, EVENT_OUT, 115, PROBE_FLR);
	probe(recording, EVENT_OUT, 118, PROBE_ENABLE);
	probe(recording, EVENT_OUT, 120, PROBE_GROUP);
	/* Some other question to a group. */
	probe(recording, EVENT_IN, 130, PROBE_GROUP)->probe_args.cmd = 1;
	probe(recording, EVENT_OUT, 150, PROBE_GROUP);
	probe(recording, EVENT_IN, 160, PROBE_CLOSE)->probe_args.object = 77;
	probe(recording, EVENT_OUT, 170, PROBE_CLOSE);
	find_until(200);
	ASSERT_EQ(1, self->phases.nr_devices);
	EXPECT_STREQ("0000:3b:00.0", self->phases.devices[0]);
	EXPECT_MS(4, PHASE_OPEN, 0);
	EXPECT_MS(6, PHASE_ENABLE, 0);
	EXPECT_MS(100, PHASE_FLR, 0);
	EXPECT_MS(10, PHASE_CLOSE, 0);
	EXPECT_MS(80, PHASE_ON_CPU, 0);
}

/* A call that is in flight when the recording ends lasts until then. */
TEST_F(phases, in_flight)
{
	struct json_object *inflight = tree_new(), *pin = tree_new();

	event(&self->recording, EVENT_EXEC, 0, PID);
	probe(&self->recording, EVENT_IN, 10, PROBE_RESET);
	tree_add_word(pin, "op", "pin");
	tree_add_u64(pin, "age_ns", 20 * MS);
	tree_add(inflight, "100.0", pin);
	tree_add(self->recording.end, "inflight", inflight);
	find_until(100);
	EXPECT_MS(20, PHASE_PIN, 0);
	EXPECT_MS(70, PHASE_RESET, UINT16_MAX);
}

/* Where events of calls were lost, nothing is claimed; nor of tasks. */
TEST_F(phases, what_was_lost_has_a_name)
{
	struct recording *recording = &self->recording;
	struct event *lost;

	event(recording, EVENT_EXEC, 0, PID);
	lost = event(recording, EVENT_LOST, 20, 0);
	lost->call.duration_ns = 30 * MS;
	lost->ring = RING_CALLS;
	call(recording, EVENT_PIN, 55, 10, PID);
	event(recording, EVENT_LOST, 70, 0)->ring = RING_TASKS;
	runs(recording, 90, 0, 0, PID);
	find_until(100);
	EXPECT_MS(25, PHASE_LOST, 0);
	EXPECT_MS(10, PHASE_PIN, BACKING_2M);
	EXPECT_MS(20, PHASE_NOT_KNOWN, 0);
	EXPECT_MS(45, PHASE_ON_CPU, 0);
}

/* One that ran already: what was before is named. */
TEST_F(phases, what_was_before)
{
	struct recording *recording = &self->recording;
	struct json_object *head = tree_new(), *threads = tree_new_list();
	struct json_object *thread = tree_new();

	json_object_put(recording->head);
	recording->head = head;
	tree_add_u64(head, "pid", PID);
	tree_add_u64(head, "started_ns", 1000 * MS);
	tree_add_u64(head, "began_ns", 5000 * MS);
	tree_add_u64(thread, "tid", PID);
	tree_add_word(thread, "state", "S");
	tree_append(threads, thread);
	tree_add(head, "threads", threads);
	call(recording, EVENT_PIN, 5500, 900, PID);
	find_until(6000);
	EXPECT_MS(4000, PHASE_BEFORE, 0);
	EXPECT_MS(500, PHASE_PIN, BACKING_2M);
	EXPECT_MS(500, PHASE_ASLEEP, 0);
}

/* One that was waited for: until it was recorded it was before, from its exec. */
TEST_F(phases, what_was_before_the_next)
{
	struct json_object *head = self->recording.head;

	json_object_object_del(head, "command");
	tree_add_u64(head, "started_ns", 10 * MS);
	tree_add_u64(head, "exec_ns", 100 * MS);
	tree_add_u64(head, "began_ns", 103 * MS);
	call(&self->recording, EVENT_PIN, 150, 20, PID);
	find_until(200);
	EXPECT_TRUE(self->phases.exec_seen);
	EXPECT_EQ(100 * MS, self->phases.started_ns);
	EXPECT_MS(3, PHASE_BEFORE, 0);
	EXPECT_MS(20, PHASE_PIN, BACKING_2M);
}

/* Two at once, and nobody said which: that which has most. */
TEST_F(phases, two_processes_of_a_host)
{
	struct recording *recording = &self->recording;

	json_object_object_del(recording->head, "pid");
	json_object_object_del(recording->head, "command");
	born(recording, 5, 1, 200);
	event(recording, EVENT_EXEC, 10, 200);
	call(recording, EVENT_REGION, 40, 10, 300);
	call(recording, EVENT_REGION, 60, 30, 200);
	event(recording, EVENT_EXIT, 70, 200)->task.tid = 200;
	call(recording, EVENT_TEARDOWN, 80, 5, 200);
	find_until(500);
	EXPECT_EQ(200, self->phases.pid);
	EXPECT_EQ(70 * MS, self->phases.ended_ns - self->phases.started_ns);
	EXPECT_MS(30, PHASE_MAP_REST, 0);
	EXPECT_MS(5, PHASE_WALK, 0);
	phases_free(&self->phases);
	phases_find(&self->phases, recording, 300);
	EXPECT_TRUE(adds_up(&self->phases));
	EXPECT_MS(10, PHASE_MAP_REST, 0);
}

/* Of what was from 25 ms on: half of a walk, and no call that was before. */
TEST_F(phases, since_then)
{
	struct recording *recording = &self->recording;

	event(recording, EVENT_EXEC, 0, PID);
	born(recording, 1, PID, 101);
	call(recording, EVENT_PIN, 10, 5, PID);
	runs(recording, 15, PID, 1, 0);
	call(recording, EVENT_TEARDOWN, 30, 10, PID);
	find_until(50);
	phases_free(&self->phases);
	phases_since(&self->phases, recording, 0, 25 * MS);
	ASSERT_TRUE(adds_up(&self->phases));
	EXPECT_EQ(25 * MS, self->phases.ended_ns - self->phases.started_ns);
	EXPECT_MS(5, PHASE_WALK, 0);
	EXPECT_MS(0, PHASE_PIN, BACKING_2M);
	EXPECT_MS(20, PHASE_CPU_WAIT, 0);
	for (size_t i = 0; i < self->phases.nr_cells; i++)
		EXPECT_NE(PHASE_PIN, self->phases.cells[i].phase);
	EXPECT_TRUE(phases_has_task(&self->phases, PID));
	EXPECT_TRUE(phases_has_task(&self->phases, 101));
	EXPECT_FALSE(phases_has_task(&self->phases, 102));
}

/* ---- what a fix would save ---- */

static void pinned(struct recording *recording, uint64_t ms, uint64_t took,
		   unsigned int backing, uint64_t mib)
{
	struct event *new = call(recording, EVENT_PIN, ms, took, PID);

	new->call.backing = backing;
	new->call.bytes = mib << 20;
}

static void mapped(struct recording *recording, uint64_t ms, uint64_t took,
		   uint64_t iova, uint64_t vaddr, uint64_t mib)
{
	struct event *new = call(recording, EVENT_REGION, ms, took, PID);

	new->call.iova = iova;
	new->call.vaddr = vaddr;
	new->call.bytes = mib << 20;
}

/* 1000 MiB in 500 ms, and the same in 20 as huge pages: 100 MiB took 2. */
TEST_F(phases, base_pages_at_the_rate_of_huge_ones)
{
	struct savings savings;

	event(&self->recording, EVENT_EXEC, 0, PID);
	pinned(&self->recording, 600, 500, BACKING_BASE, 1000);
	pinned(&self->recording, 700, 4, BACKING_THP, 100);
	pinned(&self->recording, 800, 2, BACKING_HUGETLB_1G, 100);
	find_until(1000);
	savings_find(&savings, &self->phases);
	EXPECT_TRUE(savings.base.known);
	EXPECT_EQ(BACKING_HUGETLB_1G, savings.base.fast_backing);
	EXPECT_EQ(500 * MS, savings.base.ns);
	EXPECT_EQ(480 * MS, savings.base.saves_ns);
	EXPECT_EQ(1953, rate_per_page(&savings.base.slow));
	EXPECT_EQ(6 * MS, savings.huge.ns);
	EXPECT_EQ(0, savings.again.ns);
	EXPECT_FALSE(savings.lookup.known);
}

/* Too little of them to speak for the rest, none, or none that are faster. */
TEST_F(phases, what_a_fix_saves_is_not_known)
{
	struct savings savings;

	event(&self->recording, EVENT_EXEC, 0, PID);
	pinned(&self->recording, 600, 500, BACKING_BASE, 1000);
	pinned(&self->recording, 700, 1, BACKING_HUGETLB_1G, 9);
	pinned(&self->recording, 900, 100, BACKING_HUGETLB_2M, 100);
	pinned(&self->recording, 950, 40, BACKING_MMIO, 1);
	/* What failed is no rate. */
	pinned(&self->recording, 960, 1, BACKING_THP, 0);
	find_until(1000);
	savings_find(&savings, &self->phases);
	EXPECT_EQ(500 * MS, savings.base.ns);
	EXPECT_FALSE(savings.base.known);
	EXPECT_EQ(0, savings.base.saves_ns);
	EXPECT_EQ(40 * MS, savings.lookup.ns);
	EXPECT_FALSE(savings.lookup.known);
}

/* 97 ns for each 4 KiB against 9. */
TEST_F(phases, bars_at_the_rate_of_large_steps)
{
	struct savings savings;

	event(&self->recording, EVENT_EXEC, 0, PID);
	pinned(&self->recording, 500, 200, BACKING_MMIO, 8000);
	pinned(&self->recording, 600, 2, BACKING_MMIO, 800);
	find_until(1000);
	savings_find(&savings, &self->phases);
	EXPECT_EQ(200 * MS, savings.lookup.ns);
	EXPECT_TRUE(savings.lookup.known);
	EXPECT_EQ(180 * MS, savings.lookup.saves_ns);
}

/* Twice without an unmap is in two containers; what comes later is not. */
TEST_F(phases, memory_that_is_pinned_again)
{
	struct recording *recording = &self->recording;
	struct savings savings;

	event(recording, EVENT_EXEC, 0, PID);
	pinned(recording, 110, 50, BACKING_BASE, 100);
	mapped(recording, 111, 60, 0x1000, 0x7000, 100);
	pinned(recording, 210, 40, BACKING_BASE, 100);
	mapped(recording, 211, 60, 0x1000, 0x7000, 100);
	/* Other memory at this IOVA, and this memory at another. */
	pinned(recording, 310, 30, BACKING_BASE, 100);
	mapped(recording, 311, 60, 0x1000, 0x8000, 100);
	pinned(recording, 410, 20, BACKING_BASE, 100);
	mapped(recording, 411, 60, 0x9000000000, 0x7000, 100);
	event(recording, EVENT_REGION, 450, PID)->call.iova = 0x9000000000;
	recording->events[recording->nr - 1].call.bytes = 1;
	pinned(recording, 510, 10, BACKING_BASE, 100);
	mapped(recording, 511, 60, 0x9000000000, 0x7000, 100);
	find_until(1000);
	savings_find(&savings, &self->phases);
	EXPECT_EQ(40 * MS, savings.again.ns);
	EXPECT_EQ(40 * MS, savings.again.saves_ns);
	EXPECT_EQ(1, savings.again.slow.calls);
	EXPECT_EQ(110 * MS, savings.base.ns);
}

TEST_F(phases, ten_thousand_regions)
{
	struct recording *recording = &self->recording;
	struct savings savings;

	event(recording, EVENT_EXEC, 0, PID);
	for (uint64_t i = 1; i <= 10000; i++) {
		call(recording, EVENT_PIN, 10 * i + 6, 4, PID);
		call(recording, EVENT_MAP, 10 * i + 8, 1, PID);
		call(recording, EVENT_REGION, 10 * i + 9, 8,
		     PID)->call.vaddr = 4096;
	}
	find_until(200000);
	EXPECT_EQ(10000, self->phases.nr_regions);
	EXPECT_MS(40000, PHASE_PIN, BACKING_2M);
	EXPECT_MS(10000, PHASE_MAP, 0);
	EXPECT_MS(30000, PHASE_MAP_REST, 0);
	EXPECT_MS(120000, PHASE_ON_CPU, 0);
	savings_find(&savings, &self->phases);
	EXPECT_EQ(39996 * MS, savings.again.ns);
}

/* Nonsense: calls longer than time, ends before beginnings, clocks that jump. */
TEST_F(phases, whatever_is_in_it)
{
	struct recording *recording = &self->recording;
	struct savings savings;

	srand(1);
	for (int round = 0; round < 200; round++) {
		recording->nr = 0;
		for (int i = 0; i < 100; i++) {
			struct event *new = event(recording,
						  rand() % NR_EVENTS, i,
						  99 + rand() % 4);

			new->call.duration_ns = rand() % 10 ? rand() % 50 * MS :
						~0ull >> rand() % 64;
			new->call.iova = rand();
			new->probe = rand() % NR_PROBES;
			new->ring = rand() % NR_RINGS;
		}
		phases_find(&self->phases, recording, 0);
		ASSERT_TRUE(adds_up(&self->phases));
		savings_find(&savings, &self->phases);
		EXPECT_LE(savings.base.saves_ns, savings.base.ns);
		EXPECT_LE(savings.lookup.saves_ns, savings.lookup.ns);
		phases_free(&self->phases);
	}
}

/* ---- of a file ---- */

static size_t file_load(unsigned char **data)
{
	FILE *file = fopen(RECORDING, "re");
	size_t bytes;

	if (!file)
		return 0;
	*data = malloc(1 << 20);
	bytes = *data ? fread(*data, 1, 1 << 20, file) : 0;
	fclose(file);
	return bytes;
}

/* True when it is a recording, however much of it. */
static bool file_reads(void *data, size_t bytes, bool *cut, bool *good)
{
	struct recording recording;
	struct file_reader file;
	struct phases phases;
	bool known;

	*cut = *good = false;
	if (!file_take(&file, data, bytes))
		return false;
	known = recording_read(&recording, &file);
	*cut = recording.cut || !recording.end;
	if (known) {
		phases_find(&phases, &recording, 0);
		*good = adds_up(&phases);
		phases_free(&phases);
	}
	recording_free(&recording);
	return known;
}

/* Chunks that are there as a whole. */
static size_t chunks_in(void *data, size_t bytes, bool *cut)
{
	struct file_reader file;
	struct chunk chunk;
	size_t nr = 0;

	*cut = false;
	if (!file_take(&file, data, bytes))
		return 0;
	while (file_next(&file, &chunk))
		nr++;
	*cut = file.cut;
	return nr;
}

/*
 * At each length it is known which chunks there are; what is made of them is
 * looked at whenever there is one more.
 */
TEST(cut_off_at_every_length)
{
	size_t seen = 0, ends = 0, reads = 0;
	unsigned char *data = NULL;
	size_t bytes = file_load(&data);
	bool cut, good;

	ASSERT_GT(bytes, 1000);
	for (size_t len = 0; len <= bytes; len++) {
		/* Of its very length, for who would read behind its end. */
		unsigned char *copy = malloc(len ?: 1);
		size_t nr;

		ASSERT_NE(NULL, copy);
		memcpy(copy, data, len);
		nr = chunks_in(copy, len, &cut);
		ASSERT_TRUE(nr == seen || nr == seen + 1);
		/* Only where a chunk has just ended it is not cut. */
		ends += !cut && nr;
		if (nr > seen && file_reads(copy, len, &cut, &good)) {
			reads++;
			EXPECT_TRUE(good);
			EXPECT_EQ(len < bytes, cut);
		}
		seen = nr;
		free(copy);
	}
	EXPECT_EQ(seen, ends);
	/* A head, pages, and an end. */
	EXPECT_GT(reads, 3);
	free(data);
}

TEST(damaged_at_any_byte)
{
	bool cut, good;
	unsigned char *data = NULL;
	size_t bytes = file_load(&data);

	ASSERT_GT(bytes, 1000);
	/* Every byte would take longer, and each is in some checksum. */
	for (size_t at = 0; at < bytes; at += 53) {
		data[at] ^= 0x20;
		if (file_reads(data, bytes, &cut, &good)) {
			EXPECT_TRUE(good);
			EXPECT_TRUE(cut);
		}
		data[at] ^= 0x20;
	}
	free(data);
}

TEST_HARNESS_MAIN
