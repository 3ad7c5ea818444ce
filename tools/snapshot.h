/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_SNAPSHOT_H
#define IOVASCOPE_SNAPSHOT_H

#include <stdint.h>

struct json_object;

/* Members of a snapshot, each a file of the module with the same name. */
enum section {
	SECTION_INFO	= 1 << 0,
	SECTION_SCHEMA	= 1 << 1,
	SECTION_COUNTERS = 1 << 2,
	SECTION_ERRORS	= 1 << 3,
	SECTION_HIST	= 1 << 4,
	SECTION_DOMAINS	= 1 << 5,
	SECTION_PROCESSES = 1 << 6,
	SECTION_INFLIGHT = 1 << 7,
	SECTION_PROBES	= 1 << 8,
	SECTION_UNITS	= 1 << 9,
	SECTION_CENSUS	= 1 << 10,
	SECTION_CHECK	= 1 << 11,
	/* What every module has, and what is read without a walk of tables. */
	SECTION_ALL	= (1 << 9) - 1,
	SECTION_WALKS	= SECTION_CENSUS | SECTION_CHECK,
};

/*
 * All of these end the program when they fail. A section that is only welcome
 * may be absent: an older module does not have it.
 */
struct json_object *snapshot_read(const char *dir, unsigned int sections);
void snapshot_add(struct json_object *snap, const char *dir,
		  unsigned int wanted, unsigned int welcome);
struct json_object *snapshot_runs(const char *dir, const char *device,
				  uint64_t from, uint64_t count);
struct json_object *snapshot_load(const char *path);
struct json_object *snapshot_diff(struct json_object *before,
				  struct json_object *after);
struct json_object *snapshot_of_pid(struct json_object *snap, uint64_t pid);

#endif
