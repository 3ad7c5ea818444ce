// SPDX-License-Identifier: GPL-2.0-only
/*
 * `record`: everything that happens to a process from its exec to its exit,
 * into a file. What is in it is made something of by `timeline`.
 *
 * Two rings of the kernel's (ring.c), probes that are armed as long as it lasts
 * (probe.c), and a loop that moves pages to the file. It ends with the process,
 * or when the file is as large as it may be, the disk is full, the module is
 * unloaded, or somebody says so; the last chunk says which, and what was lost.
 * Nothing of it stays: what a recorder that was killed has left in tracefs, the
 * next one takes away.
 *
 * Ctrl-C reaches the command, too, and its end is worth recording: so the
 * first one only waits for that.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/request.h"
#include "base/tree.h"
#include "child.h"
#include "file.h"
#include "next.h"
#include "probe.h"
#include "read/snapshot.h"
#include "record.h"
#include "ring.h"
#include "who.h"

#define DEFAULT_FILE	"iovascope.rec"
#define DEFAULT_LIMIT	(256ull << 20)
#define PERIOD_MS	20
#define NS_PER_MS	1000000ull

/* Of all tasks: the rest of the calls' ring is probes. */
static const char *const call_events[][2] = {
	{ "iovascope", "region" }, { "iovascope", "pin" },
	{ "iovascope", "unpin" }, { "iovascope", "teardown" },
	{ "iovascope", "map" }, { "iovascope", "unmap" },
	{ "iovascope", "refusal" }, { "sched", "sched_process_exec" },
	{ "sched", "sched_process_exit" }, { "task", "task_newtask" },
};

static const char *const task_events[][2] = {
	{ "sched", "sched_switch" }, { "sched", "sched_wakeup" },
};

static struct recorder {
	const struct request *request;
	struct file_writer file;
	struct json_object *head;
	struct json_object *absent;
	struct ring *rings[NR_RINGS];
	struct probes *probes;
	struct child child;
	pid_t pid;
	/* When one that was waited for began. */
	uint64_t exec_ns;
	int pidfd;
	int signals;
	unsigned int interrupts;
	const char *end;
	uint64_t ended_ns;
	int status;
	struct rusage usage;
} recorder = { .pidfd = -1 };

/* Also where the program ends in the middle of it. */
static void let_go(void)
{
	if (recorder.rings[RING_CALLS])
		ring_off(recorder.rings[RING_CALLS]);
	for (int kind = 0; kind < NR_RINGS; kind++)
		if (recorder.rings[kind])
			ring_free(recorder.rings[kind]);
	if (recorder.probes)
		probe_free(recorder.probes);
	next_end();
	memset(recorder.rings, 0, sizeof(recorder.rings));
	recorder.probes = NULL;
}

static void check_usage(const struct request *request)
{
	bool command = *request->args, pid = request->pid;

	if (command && pid)
		fail(EXIT_USAGE, "record takes a command or --pid, not both");
	if (request->next && (command || pid))
		fail(EXIT_USAGE, "record takes --next, --pid or a command: one of them");
	if (!command && !pid && !request->next && !request->duration)
		fail(EXIT_USAGE, "record what? `-- COMMAND...`, --pid PID, --next COMM, or all of the host for --duration SEC");
	if (request->next)
		next_check(request->next);
}

static void events_enable(struct ring *ring, const char *const events[][2],
			  size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!ring_enable(ring, events[i][0], events[i][1],
				 &recorder.file))
			tree_append_word(recorder.absent, events[i][1]);
}

static void rings_make(void)
{
	struct ring **rings = recorder.rings;

	rings[RING_CALLS] = ring_new(RING_CALLS);
	events_enable(rings[RING_CALLS], call_events,
		      ARRAY_SIZE(call_events));
	recorder.probes = probe_arm(rings[RING_CALLS], &recorder.file,
				    recorder.absent);
	if (!recorder.pid && !recorder.request->next)
		return;
	rings[RING_TASKS] = ring_new(RING_TASKS);
	events_enable(rings[RING_TASKS], task_events,
		      ARRAY_SIZE(task_events));
}

/* Threads that are there already, or the one that will be the command. */
static void tasks_choose(void)
{
	size_t nr = 1;
	pid_t *tids;

	if (!recorder.pid)
		return;
	if (recorder.child.pid) {
		ring_tasks(recorder.rings[RING_TASKS], &recorder.pid, nr);
		return;
	}
	tids = who_tids(recorder.head, &nr);
	ring_tasks(recorder.rings[RING_TASKS], tids, nr);
	free(tids);
}

static void add_json(enum chunk_kind kind, struct json_object *json)
{
	const char *text = json_object_to_json_string(json);

	file_add(&recorder.file, &(struct chunk){
		.kind = kind, .data = text, .bytes = strlen(text) });
}

/* EINVAL: a thread, and no process. */
static bool process_open(void)
{
	recorder.pidfd = syscall(SYS_pidfd_open, recorder.pid, 0);
	if (recorder.pidfd < 0 && !(recorder.request->next && errno == ESRCH))
		fail(errno == ESRCH || errno == EINVAL ? EXIT_USAGE :
		     EXIT_RUNTIME, "%d: %s", recorder.pid,
		     errno == ESRCH || errno == EINVAL ? "no such process" :
		     strerror(errno));
	return recorder.pidfd >= 0;
}

static void whom_to_record(const struct request *request)
{
	recorder.head = who_head();
	if (*request->args) {
		child_make(&recorder.child, request->args);
		recorder.pid = recorder.child.pid;
		who_command(recorder.head, request->args, recorder.pid);
	} else if (request->pid) {
		recorder.pid = request->pid;
	}
	if (recorder.pid)
		process_open();
}

/* All is armed before, so that little is missed of it. */
static void wait_for_next(const char *comm)
{
	do {
		recorder.pid = next_wait(comm, recorder.signals,
					 &recorder.exec_ns);
		if (recorder.pid && process_open())
			return;
	} while (recorder.pid);
	if (recorder.file.regular)
		unlink(recorder.file.path);
	fail(EXIT_RUNTIME, "no process called %s came: nothing was recorded",
	     comm);
}

static void signals_catch(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	recorder.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (recorder.signals < 0)
		fail(EXIT_RUNTIME, "signalfd: %s", strerror(errno));
}

static void end_with(const char *why)
{
	if (recorder.end)
		return;
	recorder.end = why;
	recorder.ended_ns = who_clock();
}

static void signal_take(void)
{
	struct signalfd_siginfo info;

	if (read(recorder.signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGINT || !recorder.child.pid ||
	    recorder.interrupts++)
		end_with("signal");
}

static void process_ended(void)
{
	end_with("exit");
	if (recorder.child.pid)
		wait4(recorder.child.pid, &recorder.status, 0,
		      &recorder.usage);
}

static void wait_a_little(void)
{
	struct pollfd fds[] = {
		{ .fd = recorder.signals, .events = POLLIN },
		{ .fd = recorder.pidfd, .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), PERIOD_MS) <= 0)
		return;
	if (fds[0].revents)
		signal_take();
	if (fds[1].revents)
		process_ended();
}

static void look_for_an_end(uint64_t began, uint64_t round)
{
	uint64_t duration = recorder.request->duration * 1e9;

	if (recorder.file.stop)
		end_with(recorder.file.stop == FILE_LIMIT ? "limit" : "full");
	if (duration && who_clock() - began >= duration)
		end_with("duration");
	/* Two stats each time would be the most that this loop does. */
	if (round % 16 == 0 && !ring_has(recorder.rings[RING_CALLS],
					 "iovascope"))
		end_with("unloaded");
}

static void record_until_end(uint64_t began)
{
	for (uint64_t round = 1; !recorder.end; round++) {
		wait_a_little();
		for (int kind = 0; kind < NR_RINGS; kind++)
			if (recorder.rings[kind])
				ring_drain(recorder.rings[kind],
					   &recorder.file, false);
		look_for_an_end(began, round);
	}
}

static void rings_stop(void)
{
	for (int kind = 0; kind < NR_RINGS; kind++)
		if (recorder.rings[kind])
			ring_off(recorder.rings[kind]);
	for (int kind = 0; kind < NR_RINGS; kind++)
		if (recorder.rings[kind])
			ring_drain(recorder.rings[kind], &recorder.file, true);
}

static uint64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * 1000000000ull + time.tv_usec * 1000ull;
}

/* What has not returned has no event: who waits, since when and in what. */
static void inflight_read(void *data)
{
	struct json_object **inflight = data;
	struct json_object *snap = snapshot_read(NULL, SECTION_INFLIGHT);

	*inflight = json_object_get(tree_get(snap, "inflight"));
	json_object_put(snap);
}

static struct json_object *end_json(void)
{
	struct json_object *end = tree_new(), *inflight = NULL;
	uint64_t lost = 0;

	for (int kind = 0; kind < NR_RINGS; kind++)
		if (recorder.rings[kind])
			lost += ring_lost(recorder.rings[kind]);
	tree_add_word(end, "end", recorder.end);
	tree_add_u64(end, "ended_ns", recorder.ended_ns);
	tree_add_u64(end, "lost_events", lost);
	tree_add_u64(end, "missed_calls", probe_missed(recorder.probes));
	if (recorder.file.error)
		tree_add_word(end, "error", strerror(recorder.file.error));
	if (!strcmp(recorder.end, "exit") && recorder.child.pid) {
		if (WIFEXITED(recorder.status))
			tree_add_u64(end, "exit_code",
				     WEXITSTATUS(recorder.status));
		else
			tree_add_u64(end, "signal",
				     WTERMSIG(recorder.status));
		tree_add_u64(end, "user_ns",
			     timeval_ns(recorder.usage.ru_utime));
		tree_add_u64(end, "system_ns",
			     timeval_ns(recorder.usage.ru_stime));
	}
	if (strcmp(recorder.end, "exit") && strcmp(recorder.end, "unloaded") &&
	    fail_survive(inflight_read, &inflight) && inflight)
		tree_add(end, "inflight", inflight);
	return end;
}

/* In one line, behind whatever the command has printed. */
static void say(struct json_object *end, uint64_t began, bool whole)
{
	uint64_t lost = tree_u64_or_0(end, "lost_events") +
			tree_u64_or_0(end, "missed_calls");

	fprintf(stderr, "iovascope: %s: %s, %s", recorder.file.path,
		human_ns(recorder.ended_ns - began).s,
		human_bytes(recorder.file.bytes).s);
	if (lost)
		fprintf(stderr, ", %ju events lost", (uintmax_t)lost);
	if (strcmp(recorder.end, "exit"))
		fprintf(stderr, "; it ends here: %s", recorder.end);
	if (!whole)
		fprintf(stderr, "; without an end: %s",
			strerror(recorder.file.error));
	fputc('\n', stderr);
}

static void arm_all(void)
{
	if (recorder.pid && !recorder.child.pid)
		who_process(recorder.head, recorder.pid);
	if (recorder.exec_ns)
		tree_add_u64(recorder.head, "exec_ns", recorder.exec_ns);
	tasks_choose();
	tree_add(recorder.head, "absent", recorder.absent);
	who_begin(recorder.head);
	add_json(CHUNK_HEAD, recorder.head);
	if (recorder.file.stop)
		fail(EXIT_RUNTIME, "%s: %s", recorder.file.path,
		     recorder.file.error ? strerror(recorder.file.error) :
		     "--bytes is too small for any recording");
	for (int kind = 0; kind < NR_RINGS; kind++)
		if (recorder.rings[kind] && !ring_on(recorder.rings[kind]))
			fail(EXIT_RUNTIME, "tracefs: cannot begin: %s",
			     strerror(errno));
}

void run_record(const struct request *request)
{
	struct json_object *end;
	uint64_t began;
	bool whole;
	int err;

	check_usage(request);
	/* Says what is wrong where there is no module. */
	json_object_put(snapshot_read(request->debugfs, SECTION_INFO));
	recorder.request = request;
	recorder.absent = tree_new_list();
	whom_to_record(request);
	file_create(&recorder.file, request->file ?: DEFAULT_FILE,
		    request->bytes ?: DEFAULT_LIMIT);
	ring_sweep();
	probe_sweep();
	atexit(let_go);
	rings_make();
	signals_catch();
	if (request->next)
		wait_for_next(request->next);
	arm_all();
	began = who_clock();
	/* Which takes the kernel tens of milliseconds. */
	next_end();
	err = recorder.child.pid ? child_go(&recorder.child) : 0;
	if (err) {
		if (recorder.file.regular)
			unlink(recorder.file.path);
		fail(EXIT_RUNTIME, "%s: %s", *request->args, strerror(err));
	}
	record_until_end(began);
	rings_stop();
	end = end_json();
	let_go();
	whole = file_end(&recorder.file, json_object_to_json_string(end));
	say(end, began, whole);
	json_object_put(end);
	json_object_put(recorder.head);
	if (!whole)
		exit(EXIT_RUNTIME);
}
