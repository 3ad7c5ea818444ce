/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PROGRESS_H
#define IOVASCOPE_PROGRESS_H

#include "compiler.h"

/*
 * When what is done from now on has taken two seconds, a line of standard error
 * says what it is and for how long; on a terminal only. Who prints something
 * has to call progress_end() first.
 */
__printf(1, 2) void progress_begin(const char *fmt, ...);

/* What is done now; nothing where none has begun. */
__printf(1, 2) void progress_say(const char *fmt, ...);

/* The line is taken away. Also when none has begun. */
void progress_end(void);

#endif
