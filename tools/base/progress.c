// SPDX-License-Identifier: GPL-2.0-only
/*
 * Something to look at while there is no answer yet. A thread of its own writes
 * it: a signal would end a walk of page tables that the module makes for us,
 * and what works has better things to do than to look at the clock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clean.h"
#include "progress.h"

#define QUIET_S	2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool running;
static bool ending;
static char what[96];
static struct timespec begun;

/* One write each time: another's line does not get between its parts. */
static void line_write(const char *text)
{
	char line[160];
	int len = snprintf(line, sizeof(line), "\r\033[K%s", text);

	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

static void line_tell(void)
{
	struct timespec now;
	char text[128];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(text, sizeof(text), "iovascope: %s ... %ju s", what,
		 (uintmax_t)(now.tv_sec - begun.tv_sec));
	line_write(text);
}

static void *progress_run(void *data)
{
	struct timespec next = begun;
	bool told = false;

	(void)data;
	next.tv_sec += QUIET_S;
	pthread_mutex_lock(&lock);
	while (!ending) {
		if (pthread_cond_timedwait(&ended, &lock, &next) != ETIMEDOUT)
			continue;
		line_tell();
		told = true;
		next.tv_sec++;
	}
	if (told)
		line_write("");
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void what_set(const char *fmt, va_list args)
{
	pthread_mutex_lock(&lock);
	vsnprintf(what, sizeof(what), fmt, args);
	clean_word(what);
	pthread_mutex_unlock(&lock);
}

void progress_say(const char *fmt, ...)
{
	va_list args;

	if (!running)
		return;
	va_start(args, fmt);
	what_set(fmt, args);
	va_end(args);
}

/* Without a thread there is no line, and all else is the same. */
void progress_begin(const char *fmt, ...)
{
	const char *term = getenv("TERM");
	va_list args;

	if (running || !isatty(STDERR_FILENO) || !term || !strcmp(term, "dumb"))
		return;
	va_start(args, fmt);
	what_set(fmt, args);
	va_end(args);
	clock_gettime(CLOCK_REALTIME, &begun);
	ending = false;
	running = !pthread_create(&thread, NULL, progress_run, NULL);
}

void progress_end(void)
{
	if (!running)
		return;
	running = false;
	pthread_mutex_lock(&lock);
	ending = true;
	pthread_cond_signal(&ended);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}
