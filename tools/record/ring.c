// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring of the kernel's: an instance in tracefs with a buffer for each CPU,
 * which is nobody else's and goes when the recorder goes. Its pages are written
 * to the file as they are read; what an event means is for who reads the file.
 *
 * The clock is the monotonic one, which durations that the module tells are
 * taken by, too.
 *
 * Which tasks are looked at the kernel decides (set_event_pid), so that a busy
 * host costs nothing; threads are followed from their first moment on. But it
 * stops following a task before that closes its files, which is when a process
 * that dies gives its devices and its memory back. So that is for the tasks'
 * ring only: calls are recorded of everybody, for they are few.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kbuffer.h>
#include <tracefs.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "file.h"
#include "ring.h"

/* Of each CPU. On 256 of them both rings together take 384 MiB. */
static const struct {
	const char *name;
	size_t kib;
} kinds[NR_RINGS] = {
	[RING_CALLS] = { "calls", 1024 },
	[RING_TASKS] = { "tasks", 512 },
};

#define NAME_START "iovascope_record_"

struct ring {
	enum ring_kind kind;
	struct tracefs_instance *instance;
	struct tracefs_cpu **cpus;
	struct kbuffer *kbuffer;
	unsigned int nr_cpus;
	size_t page_bytes;
	void *page;
};

__noreturn static void fail_tracefs(const char *what)
{
	int err = errno;

	fail(err == EACCES || err == EPERM ? EXIT_DENIED : EXIT_RUNTIME,
	     "tracefs: cannot %s: %s", what, strerror(err));
}

/* A name ends in the PID of who made it. */
static bool is_left_over(const char *name)
{
	pid_t pid = atoi(name + strlen(NAME_START));

	return pid > 0 && kill(pid, 0) && errno == ESRCH;
}

void ring_sweep(void)
{
	char **names = tracefs_instances("^" NAME_START "[0-9]");

	for (char **name = names; name && *name; name++) {
		struct tracefs_instance *instance;

		if (!is_left_over(*name))
			continue;
		instance = tracefs_instance_create(*name);
		if (!instance)
			continue;
		tracefs_event_disable(instance, NULL, NULL);
		tracefs_instance_destroy(instance);
		tracefs_instance_free(instance);
	}
	tracefs_list_free(names);
}

static void cpus_open(struct ring *ring)
{
	ring->nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	ring->cpus = alloc_zeroed(ring->nr_cpus, sizeof(*ring->cpus));
	for (unsigned int cpu = 0; cpu < ring->nr_cpus; cpu++) {
		/* One that is off is not there. */
		ring->cpus[cpu] = tracefs_cpu_open(ring->instance, cpu, true);
		if (ring->cpus[cpu])
			ring->page_bytes =
				tracefs_cpu_read_size(ring->cpus[cpu]);
	}
	if (!ring->page_bytes)
		fail_tracefs("read a ring");
	ring->page = alloc_zeroed(1, ring->page_bytes);
}

struct ring *ring_new(enum ring_kind kind)
{
	struct ring *ring = alloc_zeroed(1, sizeof(*ring));
	char *name = alloc_print(NAME_START "%d_%s", getpid(),
				 kinds[kind].name);

	ring->kind = kind;
	ring->instance = tracefs_instance_create(name);
	if (!ring->instance)
		fail_tracefs("make an instance");
	free(name);
	tracefs_trace_off(ring->instance);
	if (tracefs_instance_file_write(ring->instance, "trace_clock",
					"mono") < 0 ||
	    tracefs_instance_set_buffer_size(ring->instance, kinds[kind].kib,
					     -1))
		fail_tracefs("set up an instance");
	ring->kbuffer = kbuffer_alloc(KBUFFER_LSIZE_SAME_AS_HOST,
				      KBUFFER_ENDIAN_SAME_AS_HOST);
	if (!ring->kbuffer)
		alloc_fail();
	cpus_open(ring);
	return ring;
}

static void format_add(struct file_writer *file, const char *system,
		       const char *text, size_t bytes)
{
	size_t name = strlen(system) + 1;
	char *data = alloc_zeroed(1, name + bytes);
	struct chunk chunk = {
		.kind = CHUNK_FORMAT, .data = data, .bytes = name + bytes,
	};

	memcpy(data, system, name);
	memcpy(data + name, text, bytes);
	file_add(file, &chunk);
	free(data);
}

bool ring_enable(struct ring *ring, const char *system, const char *event,
		 struct file_writer *file)
{
	int bytes;
	char *text;

	text = tracefs_event_file_read(ring->instance, system, event, "format",
				       &bytes);
	if (!text)
		return false;
	format_add(file, system, text, bytes);
	free(text);
	return tracefs_event_enable(ring->instance, system, event) == 0;
}

void ring_tasks(struct ring *ring, const pid_t *tids, size_t nr)
{
	if (tracefs_option_enable(ring->instance, TRACEFS_OPTION_EVENT_FORK))
		fail_tracefs("follow what a process starts");
	for (size_t i = 0; i < nr; i++) {
		char *tid = alloc_print("%d", tids[i]);

		if (tracefs_instance_file_append(ring->instance,
						 "set_event_pid", tid) < 0)
			fail_tracefs("choose a process");
		free(tid);
	}
}

bool ring_on(struct ring *ring)
{
	return tracefs_trace_on(ring->instance) == 0;
}

void ring_off(struct ring *ring)
{
	tracefs_trace_off(ring->instance);
}

/* Behind what is in a page its ring may have written how much it lost. */
static size_t page_used(struct ring *ring)
{
	size_t used;

	kbuffer_load_subbuffer(ring->kbuffer, ring->page);
	used = kbuffer_start_of_data(ring->kbuffer) +
	       kbuffer_subbuffer_size(ring->kbuffer) + sizeof(uint64_t);
	return used < ring->page_bytes ? used : ring->page_bytes;
}

static void page_add(struct ring *ring, unsigned int cpu,
		     struct file_writer *file)
{
	file_add(file, &(struct chunk){
		.kind = CHUNK_PAGE, .ring = ring->kind, .cpu = cpu,
		.data = ring->page, .bytes = page_used(ring),
	});
}

static bool cpu_drain(struct ring *ring, unsigned int cpu,
		      struct file_writer *file)
{
	struct tracefs_cpu *from = ring->cpus[cpu];
	bool any = false;

	while (!file->stop && tracefs_cpu_read(from, ring->page, true) > 0) {
		page_add(ring, cpu, file);
		any = true;
	}
	return any;
}

bool ring_drain(struct ring *ring, struct file_writer *file, bool rest)
{
	bool any = false;

	for (unsigned int cpu = 0; cpu < ring->nr_cpus; cpu++) {
		if (!ring->cpus[cpu])
			continue;
		any |= cpu_drain(ring, cpu, file);
		while (rest && !file->stop &&
		       tracefs_cpu_flush(ring->cpus[cpu], ring->page) > 0)
			page_add(ring, cpu, file);
	}
	return any;
}

/* A line of a CPU's stats, as "overrun: 12". */
static uint64_t stat_of(const char *stats, const char *name)
{
	const char *at = strstr(stats, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

uint64_t ring_lost(struct ring *ring)
{
	uint64_t lost = 0;

	for (unsigned int cpu = 0; cpu < ring->nr_cpus; cpu++) {
		char *name = alloc_print("per_cpu/cpu%u/stats", cpu);
		char *stats = tracefs_instance_file_read(ring->instance, name,
							 NULL);

		/* "commit overrun" is another line. */
		if (stats)
			lost += stat_of(stats, "\noverrun: ") +
				stat_of(stats, "commit overrun: ") +
				stat_of(stats, "dropped events: ");
		free(stats);
		free(name);
	}
	return lost;
}

bool ring_has(const struct ring *ring, const char *system)
{
	char *name = alloc_print("events/%s", system);
	bool found = tracefs_dir_exists(ring->instance, name);

	free(name);
	return found;
}

void ring_free(struct ring *ring)
{
	for (unsigned int cpu = 0; cpu < ring->nr_cpus; cpu++)
		if (ring->cpus[cpu])
			tracefs_cpu_close(ring->cpus[cpu]);
	tracefs_event_disable(ring->instance, NULL, NULL);
	tracefs_instance_destroy(ring->instance);
	tracefs_instance_free(ring->instance);
	kbuffer_free(ring->kbuffer);
	free(ring->cpus);
	free(ring->page);
	free(ring);
}
