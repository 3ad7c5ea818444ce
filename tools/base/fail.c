// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the tool gives up. It holds nothing that outlives the process, so an
 * error ends it where it is met, with one line for the user: callers check
 * nothing and unwind nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clean.h"
#include "fail.h"

void fail(enum exit_code code, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	clean_word(text);
	/* What has been printed comes before the message that ends it. */
	fflush(stdout);
	fprintf(stderr, "iovascope: %s\n", text);
	exit(code);
}
