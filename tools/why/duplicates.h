/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DUPLICATES_H
#define IOVASCOPE_DUPLICATES_H

struct findings;
struct json_object;
struct spent;

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
