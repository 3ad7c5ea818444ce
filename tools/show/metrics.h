/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_METRICS_H
#define IOVASCOPE_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;

/* With as many domains a host has less than 20 000 series. */
#define METRICS_LIMIT	500

/* Of so many VMs the memory is told: each costs a walk of its page tables. */
#define METRICS_VMS	200

/*
 * Of each kind of record at most @limit have series, and processes and the
 * memory of VMs only when that is said. What was left out is counted. @debugfs
 * is where the snapshot is from.
 */
struct metrics_scope {
	uint64_t limit;
	bool processes;
	bool memory;
	const char *debugfs;
};

/* A snapshot, as Prometheus reads it. */
void metrics_print(FILE *out, struct json_object *snap,
		   const struct metrics_scope *scope);

/* What is printed where nothing could be read. */
void metrics_print_down(FILE *out);

#endif
