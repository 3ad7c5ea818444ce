// SPDX-License-Identifier: GPL-2.0-only
/*
 * `top`: reads the module again and again, and shows what two readings in a row
 * tell, on a screen that keys turn or as blocks for a log. While there is no
 * module, what was there last stays on the screen, and a line says so.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/compiler.h"
#include "base/fail.h"
#include "base/request.h"
#include "base/tree.h"
#include "batch.h"
#include "columns.h"
#include "lines.h"
#include "model.h"
#include "patience.h"
#include "reading.h"
#include "screen.h"
#include "state.h"
#include "top.h"
#include "watch.h"

/* Two readings in a row, and what they tell. */
struct session {
	const struct request *request;
	struct top_state state;
	struct json_object *before;
	struct top *top;
	struct top_lines *lines;
	const char *waits;
	uint64_t left;
};

/* Shows it again, after a key or another reading. */
static void session_tell(struct session *session)
{
	lines_free(session->lines);
	reading_add_regions(session->top->snap, session->request,
			    &session->state);
	session->lines = lines_new(session->top, &session->state);
	state_follow(&session->state, session->lines,
		     screen_rows(session->top));
	screen_draw(session->top, session->lines, &session->state,
		    session->waits ?: session->state.frozen ? "FROZEN" : NULL);
}

/* What is there now becomes what the next is held against. */
static void session_take(struct session *session, struct json_object *after)
{
	struct top *old = session->top;

	session->top = top_new(session->before, after);
	json_object_put(session->before);
	session->before = after;
	top_free(old);
}

static void session_read(struct session *session)
{
	struct json_object *after =
		patient_read(reading_new, session->request, screen_end);

	session->waits = after ? NULL : "waiting for the module to be loaded";
	if (after)
		session_take(session, after);
	session->left--;
}

static int ms_until(const struct timespec *next)
{
	struct timespec now;
	double ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (next->tv_sec - now.tv_sec) * 1e3 +
	     (next->tv_nsec - now.tv_nsec) / 1e6;
	return ms > 0 ? ceil(ms) : 0;
}

/* Keys are answered until it is time to read again, or to end. */
static void session_wait(struct session *session, const struct timespec *next)
{
	int ms;

	while (!session->state.quit && (ms = ms_until(next)) > 0) {
		int key = screen_key(ms);

		if (key == -1)
			continue;
		state_key(&session->state, session->lines,
			  screen_rows(session->top), key);
		session_tell(session);
	}
}

static void session_screen(struct session *session)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	session_tell(session);
	while (!session->state.quit && session->left) {
		interval_next(&next, session->request->interval);
		session_wait(session, &next);
		if (session->state.quit || session->state.frozen)
			continue;
		session_read(session);
		session_tell(session);
	}
	screen_end();
}

static void batch_tell(struct session *session)
{
	if (session->request->given & BIT(OPT_JSON))
		batch_json(session->top, &session->state);
	else
		batch_text(session->top, &session->state);
	if (fflush(stdout))
		exit(EXIT_RUNTIME);
}

static void batch_wait_tell(const struct session *session, bool *told,
			    const char *what)
{
	if (!*told && !(session->request->given & BIT(OPT_JSON)))
		printf("Waiting for %s.\n", what);
	fflush(stdout);
	*told = true;
}

/* Each block tells of an interval: none does before the first has passed. */
static void session_batch(struct session *session)
{
	struct timespec next;
	bool told = false;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (session->left) {
		struct json_object *after;
		const char *what;

		interval_next(&next, session->request->interval);
		interval_sleep(&next);
		after = patient_read(reading_new, session->request, NULL);
		what = patient_waits_for(session->request, session->before,
					 after);
		if (what) {
			batch_wait_tell(session, &told, what);
			json_object_put(session->before);
			session->before = after;
			continue;
		}
		session_take(session, after);
		batch_tell(session);
		told = false;
		session->left--;
	}
}

/* As others do: not where somebody said so, and not on a terminal without. */
static bool is_coloured(const struct request *request)
{
	const char *no = getenv("NO_COLOR");

	if (request->colour && !strcmp(request->colour, "always"))
		return true;
	if (request->colour && !strcmp(request->colour, "never"))
		return false;
	return !no || !*no;
}

void run_top(const struct request *request)
{
	struct session session = {
		.request = request,
		.left = request->count ?: UINT64_MAX,
	};

	if (request->pid)
		snprintf(session.state.filter, sizeof(session.state.filter),
			 "(%ju)", (uintmax_t)request->pid);
	session.before = reading_new(request);
	session.top = top_new(NULL, session.before);
	if (request->given & BIT(OPT_BATCH)) {
		text_begin();
		session_batch(&session);
	} else {
		screen_begin(is_coloured(request));
		session_screen(&session);
	}
	lines_free(session.lines);
	top_free(session.top);
	json_object_put(session.before);
	state_free(&session.state);
}
