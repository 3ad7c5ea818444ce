// SPDX-License-Identifier: GPL-2.0-only
/*
 * `watch`: the difference of each two snapshots in a row, told by any
 * watchable command. On a terminal every report replaces the last one and is
 * cut to the screen; elsewhere reports follow one another, complete.
 */
#include <errno.h>
#include <stdbool.h>
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
#include "read/snapshot.h"
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

/* The last row is left to the cursor. */
static struct page screen_page(void)
{
	struct winsize size;

	if (!is_screen() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    size.ws_row < 2 || !size.ws_col)
		return PAGE_ENDLESS;
	return (struct page){ size.ws_row - 1, size.ws_col };
}

static void report(const struct request *request, struct json_object *before,
		   struct json_object *after)
{
	struct json_object *diff = snapshot_diff(before, after);

	if (is_screen())
		fputs("\033[H\033[J", stdout);
	command_print(request, diff, screen_page());
	json_object_put(diff);
	if (!is_screen() && !(request->given & BIT(OPT_JSON)))
		putchar('\n');
	/* Not to be told again and again; the exit handler says why. */
	if (fflush(stdout))
		exit(EXIT_RUNTIME);
}

/* Told once, however long it takes; JSON is reports and nothing else. */
static void waiting_tell(const struct request *request, bool *told,
			 const char *what)
{
	if (*told || request->given & BIT(OPT_JSON))
		return;
	printf("Waiting for %s.\n", what);
	fflush(stdout);
	*told = true;
}

struct attempt {
	const struct request *request;
	struct json_object *snap;
};

static void attempt_read(void *data)
{
	struct attempt *attempt = data;

	attempt->snap = command_snapshot(attempt->request);
}

/*
 * The next snapshot, or NULL while there is no module to ask. It may be taken
 * out while its files are read; any other failure happens again, and is told.
 */
static struct json_object *watch_read(const struct request *request)
{
	struct attempt attempt = { .request = request };

	if (!snapshot_is_there(request->debugfs))
		return NULL;
	if (fail_survive(attempt_read, &attempt))
		return attempt.snap;
	if (!snapshot_is_there(request->debugfs))
		return NULL;
	return command_snapshot(request);
}

/* What cannot be reported, and why not; NULL when it can. */
static const char *waits_for(const struct request *request,
			     struct json_object *before,
			     struct json_object *after)
{
	if (!after)
		return "the module to be loaded";
	if (!before || !snapshot_same_load(before, after))
		return "the module, which was loaded anew, to count";
	if (request->pid && !snapshot_has_pid(after, request->pid))
		return "the process to use VFIO";
	return NULL;
}

/*
 * A watch outlives what it watches: it is begun before the VM is started, and
 * goes on when the module has been replaced.
 */
void run_watch(const struct request *request)
{
	struct request inner = command_inner(request, request->args);
	struct json_object *before = command_snapshot(&inner);
	uint64_t left = request->count ?: UINT64_MAX;
	struct json_object *after;
	struct timespec next;
	bool told = false;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (left) {
		const char *what;

		sleep_until(&next, request->interval);
		after = watch_read(&inner);
		what = waits_for(&inner, before, after);
		if (what) {
			waiting_tell(request, &told, what);
		} else {
			report(&inner, before, after);
			told = false;
			left--;
		}
		json_object_put(before);
		before = after;
	}
	json_object_put(before);
}
