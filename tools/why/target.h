/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TARGET_H
#define IOVASCOPE_TARGET_H

#include <stdint.h>

struct json_object;

/*
 * What a PID, a device or a domain's id means in this snapshot, as JSON:
 * kind, name, pid, comm, domains, devices. Ends the program if nothing.
 */
struct json_object *target_find(struct json_object *snap, const char *word);

/* The same, or NULL, and one that has nothing. */
struct json_object *target_try(struct json_object *snap, const char *word);
struct json_object *target_none(const char *word);

/* A list of every process that has a domain, and of domains that have none. */
struct json_object *targets_all(struct json_object *snap);

/* One device for each table of the target, as the census tells: to be freed. */
struct json_object *target_tables(struct json_object *snap,
				  struct json_object *target);

#endif
