/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_ANSWER_H
#define IOVASCOPE_ANSWER_H

#include <stdbool.h>

#include "base/compiler.h"

struct json_object;

/* The beginning of an answer: format, question, and where findings go. */
struct json_object *answer_new(const char *question);

/* The sentence that is printed first, and whether there is something to fix. */
__printf(3, 4)
void answer_give(struct json_object *answer, bool fix_needed,
		 const char *fmt, ...);

/* What @feed would have told is missing where its probe is blind. */
void answer_blind(struct json_object *answer, struct json_object *snap,
		  const char *feed);

void judge_answer(struct json_object *answer);

#endif
