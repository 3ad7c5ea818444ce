// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told of a recording as a whole: whose it is, of which machine, and
 * what there was before it began.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/system.h"
#include "base/tree.h"
#include "who.h"

#define NS_PER_S 1000000000ull

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

uint64_t who_clock(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void add_line(struct json_object *head, const char *key,
		     const char *path)
{
	char *line = system_line("%s", path);

	if (line) {
		clean_word(line);
		tree_add_word(head, key, line);
	}
	free(line);
}

struct json_object *who_head(void)
{
	struct json_object *head = tree_new();
	time_t now = time(NULL);
	char text[64];

	strftime(text, sizeof(text), "%F %T %z", localtime(&now));
	tree_add_u64(head, "format", 1);
	tree_add_word(head, "version", VERSION);
	add_line(head, "module", "/sys/module/iovascope/version");
	add_line(head, "kernel", "/proc/sys/kernel/osrelease");
	add_line(head, "host", "/proc/sys/kernel/hostname");
	tree_add_word(head, "time", text);
	tree_add_u64(head, "cpus", sysconf(_SC_NPROCESSORS_CONF));
	return head;
}

void who_begin(struct json_object *head)
{
	tree_add_u64(head, "began_ns", who_clock());
	/* The wall clock at the same moment: whoever sets it sets no other. */
	tree_add_u64(head, "wall_clock_ns", clock_ns(CLOCK_REALTIME));
}

void who_command(struct json_object *head, char **command, pid_t pid)
{
	struct json_object *words = tree_new_list();

	for (; *command; command++) {
		char *word = alloc_copy(*command);

		clean_word(word);
		tree_append_word(words, word);
		free(word);
	}
	tree_add(head, "command", words);
	tree_add_u64(head, "pid", pid);
}

/* A task's name is in brackets and may have any of them in it. */
static struct json_object *thread_of(pid_t pid, const char *tid)
{
	char *stat = system_line("/proc/%d/task/%s/stat", pid, tid);
	char *end = stat ? strrchr(stat, ')') : NULL;
	struct json_object *thread = NULL;

	if (end && end[1] == ' ') {
		thread = tree_new();
		tree_add_u64(thread, "tid", atoi(tid));
		tree_add_word(thread, "state", (char []){ end[2], '\0' });
	}
	free(stat);
	return thread;
}

static struct json_object *threads_of(pid_t pid)
{
	struct json_object *threads = tree_new_list();
	char *path = alloc_print("/proc/%d/task", pid);
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct json_object *thread = NULL;

		if (isdigit((unsigned char)*entry->d_name))
			thread = thread_of(pid, entry->d_name);
		if (thread)
			tree_append(threads, thread);
	}
	if (dir)
		closedir(dir);
	free(path);
	return threads;
}

/* Field 22, in ticks since the machine was started, with sleep counted. */
static uint64_t started_ns(pid_t pid)
{
	char *stat = system_line("/proc/%d/stat", pid);
	char *at = stat ? strrchr(stat, ')') : NULL;
	/* In this order, so that the difference is never less than it is. */
	uint64_t now = who_clock(), slept = clock_ns(CLOCK_BOOTTIME) - now;
	uint64_t ns = 0;

	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (at)
		ns = strtoull(at, NULL, 10) * (NS_PER_S / sysconf(_SC_CLK_TCK));
	free(stat);
	return ns > slept ? ns - slept : 0;
}

void who_process(struct json_object *head, pid_t pid)
{
	char *comm = system_line("/proc/%d/comm", pid);

	tree_add_u64(head, "pid", pid);
	if (comm) {
		clean_word(comm);
		tree_add_word(head, "comm", comm);
	}
	free(comm);
	tree_add_u64(head, "started_ns", started_ns(pid));
	tree_add(head, "threads", threads_of(pid));
}

pid_t *who_tids(struct json_object *head, size_t *nr)
{
	struct json_object *threads = tree_get(head, "threads");
	pid_t *tids;

	*nr = tree_length(threads);
	tids = alloc_zeroed(*nr, sizeof(*tids));
	for (size_t i = 0; i < *nr; i++)
		tids[i] = tree_u64_or_0(tree_at(threads, i), "tid");
	return tids;
}
