/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_KIND_H
#define IOVASCOPE_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cause.h"

struct json_object;

/*
 * Causes of one kind: those with the same identifier, of which all can be
 * fixed or none. What is left is what has not become a cause of its own.
 */
struct kind {
	uint64_t bytes;
	uint64_t runs;
	uint64_t iova;
	uint64_t last;
	uint64_t causes;
	uint64_t left_bytes;
	uint64_t left_runs;
};

/* Of one answer. @all: every cause is told. */
struct kinds {
	struct kind kind[NR_CAUSES][2];
	bool all;
};

/* Counts a run, or a part of one, from @iova to @last. */
void kind_add(struct kind *kind, uint64_t bytes, uint64_t iova, uint64_t last);

/* May another cause of this kind be kept? */
bool kind_has_room(const struct kinds *kinds, const struct kind *kind);

/*
 * Sorts the answer's causes by kinds, leaves out what is more than a few of a
 * kind, and adds "kinds", which has the sums of all.
 */
void kinds_tell(const struct kinds *kinds, struct json_object *answer);

/* What has been left out of the kind of this cause, or NULL. */
struct json_object *kind_of(struct json_object *answer,
			    struct json_object *cause);

#endif
