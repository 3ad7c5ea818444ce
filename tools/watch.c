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
#include "patience.h"
#include "read/diff.h"
#include "watch.h"

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

void run_watch(const struct request *request)
{
	struct request inner = command_inner(request, request->args);
	struct json_object *before;
	uint64_t left = request->count ?: UINT64_MAX;
	struct json_object *after;
	struct timespec next;
	bool told = false;

	inner.lines = true;
	before = command_snapshot(&inner);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (left) {
		const char *what;

		interval_next(&next, request->interval);
		interval_sleep(&next);
		after = patient_read(command_snapshot, &inner, NULL);
		what = patient_waits_for(&inner, before, after);
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
