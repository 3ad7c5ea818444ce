// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the tool gives up. It holds nothing that outlives the process, so an
 * error ends it where it is met, with one line for the user: callers check
 * nothing and unwind nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fail.h"

void fail(enum exit_code code, const char *fmt, ...)
{
	va_list args;

	fputs("iovascope: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(code);
}
