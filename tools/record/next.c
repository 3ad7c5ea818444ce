// SPDX-License-Identifier: GPL-2.0-only
/*
 * `record --next`: waits for a process that somebody else will start. The
 * kernel tells of each exec, in an instance of tracefs of its own, and only of
 * those after which the task has that name (a filter). What the process does
 * until it is recorded is the time from then on, which the recording names.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "next.h"

/* As those of rings begin, so that what is left over is found. */
#define INSTANCE	"iovascope_record_%d_next"
#define EVENT		"events/sched/sched_process_exec/"
#define NAME		": sched_process_exec: "

/* As the kernel has it (TASK_COMM_LEN), without the end of the string. */
#define MAX_COMM	15
#define PERIOD_MS	100

static struct tracefs_instance *instance;
static int pipe_fd;

void next_check(const char *comm)
{
	size_t len = strlen(comm);

	if (!len || strpbrk(comm, "/\"\\\n"))
		fail(EXIT_USAGE, "not the name of a process, as `ps -o comm` has it: '%s'",
		     comm);
	if (len > MAX_COMM)
		fail(EXIT_USAGE, "'%s' has %zu characters, and the kernel keeps %d of a process's name: try --next %.*s",
		     comm, len, MAX_COMM, MAX_COMM, comm);
}

void next_end(void)
{
	if (!instance)
		return;
	close(pipe_fd);
	tracefs_event_disable(instance, NULL, NULL);
	tracefs_instance_destroy(instance);
	tracefs_instance_free(instance);
	instance = NULL;
}

static void set(const char *file, const char *text)
{
	int err;

	if (tracefs_instance_file_write(instance, file, text) >= 0)
		return;
	err = errno;
	fail(err == EACCES || err == EPERM ? EXIT_DENIED : EXIT_RUNTIME,
	     "tracefs: %s: %s", file, strerror(err));
}

static void next_open(const char *comm)
{
	char *name = alloc_print(INSTANCE, getpid());
	char *filter = alloc_print("comm == \"%s\"", comm);
	int err;

	instance = tracefs_instance_create(name);
	err = errno;
	if (!instance)
		fail(err == EACCES || err == EPERM ? EXIT_DENIED :
		     EXIT_RUNTIME, "tracefs: cannot make an instance: %s",
		     strerror(err));
	set("trace_clock", "mono");
	set(EVENT "filter", filter);
	set(EVENT "enable", "1");
	/* Where it is there: to be woken up by the first, not by half a ring. */
	tracefs_instance_file_write(instance, "buffer_percent", "0");
	pipe_fd = tracefs_instance_file_open(instance, "trace_pipe", O_RDONLY |
					     O_NONBLOCK | O_CLOEXEC);
	if (pipe_fd < 0)
		fail(EXIT_RUNTIME, "tracefs: trace_pipe: %s", strerror(errno));
	free(filter);
	free(name);
	fprintf(stderr, "iovascope: waiting for the next process that is called %s (Ctrl-C ends it)\n",
		comm);
}

/*
 * "  qemu-4242 [003] ..... 12.345678: sched_process_exec: filename=/usr/bin/qemu
 * pid=4242 old_pid=4242". A filename may hold anything, and so may a name, but
 * that is too short for NAME.
 */
static pid_t line_take(char *line, uint64_t *exec_ns)
{
	char *name = strstr(line, NAME), *from, *end = NULL;
	unsigned int pid, old;
	uint64_t seconds;

	for (char *at = name; at && (at = strstr(at, " pid=")); at++)
		end = at;
	if (!end || sscanf(end, " pid=%u old_pid=%u", &pid, &old) != 2)
		return 0;
	*name = '\0';
	from = strrchr(line, ' ');
	if (from) {
		seconds = strtoull(from, &end, 10);
		/* Six digits: the kernel prints microseconds. */
		*exec_ns = seconds * 1000000000 + (*end == '.' ?
			   strtoull(end + 1, NULL, 10) * 1000 : 0);
	}
	return pid;
}

/* Of several that are there already, the first. */
static pid_t lines_take(int fd, uint64_t *exec_ns)
{
	char text[8192];
	ssize_t bytes = read(fd, text, sizeof(text) - 1);
	char *rest = text, *line;
	pid_t pid;

	if (bytes <= 0)
		return 0;
	text[bytes] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		pid = line_take(line, exec_ns);
		if (pid)
			return pid;
	}
	return 0;
}

pid_t next_wait(const char *comm, int signals, uint64_t *exec_ns)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .events = POLLIN },
	};
	pid_t pid = 0;

	/* Asked again when the one that came was gone at once. */
	if (!instance)
		next_open(comm);
	fds[1].fd = pipe_fd;
	while (!pid && !fds[0].revents) {
		poll(fds, ARRAY_SIZE(fds), PERIOD_MS);
		pid = lines_take(pipe_fd, exec_ns);
	}
	return pid;
}
