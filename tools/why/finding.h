/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_FINDING_H
#define IOVASCOPE_FINDING_H

#include <stdarg.h>

#include "base/compiler.h"

struct json_object;

/*
 * What judges hand back to whoever asks: causes, and facts without which the
 * answer may be incomplete. Both are lists of the answer that is being made.
 */
struct findings {
	struct json_object *causes;
	struct json_object *missing;
};

struct findings findings_of(struct json_object *answer);

/*
 * A sentence of an answer, to be freed. It is clean: it may tell what a process
 * calls itself, and that may be anything.
 */
char *finding_text(const char *fmt, va_list args);

/* Takes over the cause; NULL: the judge has found none. */
void findings_add(const struct findings *findings, struct json_object *cause);
__printf(2, 3)
void findings_miss(const struct findings *findings, const char *fmt, ...);

#endif
