/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DIFF_H
#define IOVASCOPE_DIFF_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* Are both of one load of the module, so that they can be compared? */
bool snapshot_same_load(struct json_object *before, struct json_object *after);

/* Has the module seen the process? */
bool snapshot_has_pid(struct json_object *snap, uint64_t pid);

/* Both end the program when what they are given does not fit. */
struct json_object *snapshot_diff(struct json_object *before,
				  struct json_object *after);
struct json_object *snapshot_of_pid(struct json_object *snap, uint64_t pid);

#endif
