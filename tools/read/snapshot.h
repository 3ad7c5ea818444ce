/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_SNAPSHOT_H
#define IOVASCOPE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "keyed.h"

struct json_object;

/* Members of a snapshot, each a file of the module with the same name. */
enum section {
	SECTION_INFO	= BIT(0),
	SECTION_SCHEMA	= BIT(1),
	SECTION_COUNTERS = BIT(2),
	SECTION_ERRORS	= BIT(3),
	SECTION_HIST	= BIT(4),
	SECTION_DOMAINS	= BIT(5),
	SECTION_PROCESSES = BIT(6),
	SECTION_INFLIGHT = BIT(7),
	SECTION_PROBES	= BIT(8),
	SECTION_UNITS	= BIT(9),
	SECTION_CENSUS	= BIT(10),
	SECTION_CHECK	= BIT(11),
	SECTION_REFUSALS = BIT(12),
	SECTION_REFUSED = BIT(13),
	SECTION_REGIONS = BIT(14),
	/* What every module has, and what is read without a walk of tables. */
	SECTION_ALL	= BIT(9) - 1,
	/* Those with a record for each domain and each process. */
	SECTION_MANY	= SECTION_DOMAINS | SECTION_PROCESSES,
	/* And with one for each device. */
	SECTION_PACKED	= SECTION_MANY | SECTION_CENSUS,
	SECTION_WALKS	= SECTION_CENSUS | SECTION_CHECK,
};

/*
 * All of these end the program when they fail. A section that is only welcome
 * may be absent: an older module does not have it.
 */
struct json_object *snapshot_read(const char *dir, unsigned int sections);
void snapshot_add(struct json_object *snap, const char *dir,
		  unsigned int wanted, unsigned int welcome);

/*
 * How the sections that have many records are read: only these @keys of each, as
 * keyed_part has them, for who shows a few of a hundred (NULL: all); and
 * @packed, for who wants no more than tree_each(), tree_find(), tree_count(),
 * tree_sorted() and tree_print() of them.
 */
struct snapshot_many {
	const char *const *keys;
	bool packed;
};

struct json_object *snapshot_read_many(const char *dir, unsigned int sections,
				       const struct snapshot_many *many);
void snapshot_add_many(struct json_object *snap, const char *dir,
		       unsigned int wanted, unsigned int welcome,
		       const struct snapshot_many *many);

/* Hands each run of the device to @fn, as keyed_each() does. */
void snapshot_each_run(const char *dir, const char *device,
		       const struct keyed_part *part, keyed_fn *fn, void *data);

/* Is the device, whose files were there, no longer there? */
bool snapshot_lost_device(const char *dir, const char *device);

/* The member "runs" is made when it is asked for: see tree_each(). */
struct json_object *snapshot_runs(const char *dir, const char *device,
				  uint64_t from, uint64_t count);
struct json_object *snapshot_load(const char *path);

/* Could one be read now? It is for who waits: it never ends the program. */
bool snapshot_is_there(const char *dir);

#endif
