/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DIFF_H
#define IOVASCOPE_DIFF_H

#include <stdint.h>

struct json_object;

/* Both end the program when what they are given does not fit. */
struct json_object *snapshot_diff(struct json_object *before,
				  struct json_object *after);
struct json_object *snapshot_of_pid(struct json_object *snap, uint64_t pid);

#endif
