/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DUPLICATES_H
#define IOVASCOPE_DUPLICATES_H

#include <stdint.h>

struct findings;
struct json_object;
struct spent;

/* Bytes of memory, BARs not among them, that a process has pinned now. */
uint64_t duplicates_pinned(struct json_object *process);

/* Bytes of distinct memory in the tables of @target: who is there twice, once. */
uint64_t duplicates_distinct(struct json_object *snap,
			     struct json_object *target, const char *debugfs);

/*
 * A cause, or NULL. Its time is taken from the lookups of @spent. @debugfs:
 * where the runs of @target's tables are read, NULL where they are by default.
 */
struct json_object *duplicates_judge(struct spent *spent,
				     const struct findings *findings,
				     struct json_object *snap,
				     struct json_object *target,
				     const char *debugfs);

#endif
