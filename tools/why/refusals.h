/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_REFUSALS_H
#define IOVASCOPE_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct request;

/* `refusals`: an answer whose causes are those of all calls that failed. */
struct json_object *read_refusals(const struct request *request);

/*
 * Those of a process, as causes: what matters first, then the latest. A PID
 * may have been used again: the process that came last is meant. To be freed.
 */
struct json_object *refusals_of(struct json_object *snap, uint64_t pid);

/* What else judging them asks of the module; nothing, where there are none. */
void refusals_add_around(struct json_object *snap, const char *debugfs);

/* The first line of an answer that has them as "refusals", if they matter. */
void refusals_answer(struct json_object *answer);

/* How many of them matter; they come first. */
uint64_t refusals_nr(struct json_object *causes);

/* Was this process refused anything, whatever became of it? */
bool refusals_has(struct json_object *snap, uint64_t pid);

/*
 * Of those that matter (@nr of them) the age of the last of each cause, in ns:
 * to be freed. No evidence is looked for.
 */
struct json_object *refusals_ages(struct json_object *snap, uint64_t *nr);

/* One line about what was refused in the last minutes, to be freed; or NULL. */
char *refusals_lately(struct json_object *snap);

#endif
