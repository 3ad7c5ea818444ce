/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_OWNER_H
#define IOVASCOPE_OWNER_H

struct findings;
struct json_object;

/*
 * Adds to the answer the causes of memory that is mapped and is nobody's any
 * more, and of memory that somebody had and that is not mapped any more.
 */
void owner_judge(struct json_object *answer, struct json_object *snap,
		 const char *debugfs);

/* And the sentence, where there is one of them. */
void owner_answer(struct json_object *answer);

#endif
