/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_REGIONS_H
#define IOVASCOPE_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* Those of a domain: a list of the snapshot's, NULL where there are none. */
struct json_object *regions_of(struct json_object *snap, const char *domain);

/**
 * struct mapper - the process that was looked up last, for regions in a row
 * @pid: its number, 0 for none yet
 * @start_ns: when it began
 * @lives: it is there
 */
struct mapper {
	uint64_t pid;
	uint64_t start_ns;
	bool lives;
};

/* Is the process that mapped the region there? Regions of one are asked once. */
bool region_is_owned(struct json_object *region, struct mapper *mapper);

#endif
