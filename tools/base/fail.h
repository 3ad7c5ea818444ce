/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_FAIL_H
#define IOVASCOPE_FAIL_H

#include <stdbool.h>

#include "compiler.h"

/* A contract: listed under EXIT STATUS in iovascope.1 and tested. */
enum exit_code {
	EXIT_OK,
	EXIT_RUNTIME,
	EXIT_USAGE,
	EXIT_ABSENT,
	EXIT_DENIED,
	EXIT_FORMAT,
	EXIT_BUSY,
};

/* Say in one line what went wrong and what to do next, and end. */
__noreturn __printf(2, 3)
void fail(enum exit_code code, const char *fmt, ...);

/*
 * Does it, and says whether it came to its end: where it would have ended the
 * program, it is left off without a message, and what it held is not freed.
 */
bool fail_survive(void (*doing)(void *data), void *data);

#endif
