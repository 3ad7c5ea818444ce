// SPDX-License-Identifier: GPL-2.0-only
/*
 * `watch`: the difference of each two snapshots in a row, told by any
 * watchable command. On a terminal every report replaces the last one and is
 * cut to the screen; elsewhere reports follow one another, complete.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/tree.h"
#include "command.h"
#include "read/diff.h"
#include "watch.h"

/* Absolute times: reading and printing do not stretch the interval. */
static void sleep_until(struct timespec *next, double interval)
{
	next->tv_sec += (time_t)interval;
	next->tv_nsec += (interval - (time_t)interval) * 1e9;
	if (next->tv_nsec >= 1000000000) {
		next->tv_nsec -= 1000000000;
		next->tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL) ==
	       EINTR)
		;
}

/* A terminal without a cursor, as a serial log, is a file. */
static bool is_screen(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

static size_t screen_lines(void)
{
	struct winsize size;

	if (!is_screen())
		return SIZE_MAX;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 2)
		return SIZE_MAX;
	return size.ws_row - 1;
}

static void report(const struct request *request, struct json_object *before,
		   struct json_object *after)
{
	struct json_object *diff = snapshot_diff(before, after);

	if (is_screen())
		fputs("\033[H\033[J", stdout);
	command_print(request, diff, screen_lines());
	json_object_put(diff);
	if (!is_screen() && !(request->given & BIT(OPT_JSON)))
		putchar('\n');
	/* Not to be told again and again; the exit handler says why. */
	if (fflush(stdout))
		exit(EXIT_RUNTIME);
}

void run_watch(const struct request *request)
{
	struct request inner = command_inner(request, request->args);
	struct json_object *before = command_snapshot(&inner);
	uint64_t left = request->count ?: UINT64_MAX;
	struct json_object *after;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (left--) {
		sleep_until(&next, request->interval);
		after = command_snapshot(&inner);
		report(&inner, before, after);
		json_object_put(before);
		before = after;
	}
	json_object_put(before);
}
