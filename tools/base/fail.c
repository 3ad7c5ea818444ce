// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the tool gives up. It holds nothing that outlives the process, so an
 * error ends it where it is met, with one line for the user: callers check
 * nothing and unwind nothing. The one exception is who waits for something that
 * may be taken away while it is read, and tries again.
 */
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

bool fail_survive(void (*doing)(void *data), void *data)
{
	struct survivor here = { .outer = survivor };

	if (setjmp(here.env)) {
		survivor = here.outer;
		return false;
	}
	survivor = &here;
	doing(data);
	survivor = here.outer;
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
