/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_HOLDER_H
#define IOVASCOPE_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* A process that has one of VFIO's files open. */
struct holder {
	uint64_t pid;
	char comm[32];
};

/* Who has /dev/vfio/@name open now, as far as it can be seen from here. */
bool holder_find(const char *name, struct holder *holder);

/* Has this process /dev/vfio/@name open? */
bool holder_is(const char *name, uint64_t pid);

/* The devices of a group, each with its driver ("none"): to be freed. */
struct json_object *holder_members(const char *group);

#endif
