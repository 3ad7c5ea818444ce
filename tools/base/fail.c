// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the tool gives up. It holds nothing that outlives the process, so an
 * error ends it where it is met, with one line for the user: callers check
 * nothing and unwind nothing. The one exception is who waits for something that
 * may be taken away while it is read, and tries again.
 */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clean.h"
#include "fail.h"
#include "progress.h"

static struct survivor {
	jmp_buf env;
	struct survivor *outer;
} *survivor;

/* What is left off half-way is not freed, and a test is told not to mind that. */
static void mind_leaks(bool mind)
{
	(void)mind;
#ifdef __SANITIZE_ADDRESS__
	if (mind)
		__lsan_enable();
	else
		__lsan_disable();
#endif
}

bool fail_survive(void (*doing)(void *data), void *data)
{
	struct survivor here = { .outer = survivor };

	mind_leaks(false);
	if (setjmp(here.env)) {
		mind_leaks(true);
		survivor = here.outer;
		return false;
	}
	survivor = &here;
	doing(data);
	survivor = here.outer;
	mind_leaks(true);
	return true;
}

void fail(enum exit_code code, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	if (survivor)
		longjmp(survivor->env, 1);
	progress_end();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	clean_word(text);
	/* What has been printed comes before the message that ends it. */
	fflush(stdout);
	fprintf(stderr, "iovascope: %s\n", text);
	exit(code);
}
