/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_MODEL_H
#define IOVASCOPE_TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/leaf.h"

struct json_object;

/* Each second; NAN where it is not known. */
enum top_rate {
	RATE_MAP,
	RATE_UNMAP,
	RATE_PIN,
	RATE_MAP_BYTES,
	RATE_UNMAP_BYTES,
	NR_RATES
};

/*
 * What is told of a VM, of a domain and of all: what is mapped, how fast that
 * changes, and what is amiss. Calls are made by processes: a domain has none in
 * flight and none refused.
 */
struct top_facts {
	uint64_t bytes;
	uint64_t leaf_bytes[NR_LEAVES];
	bool leaves_known;
	bool inexact;
	double rate[NR_RATES];
	uint64_t inflight;
	uint64_t oldest_ns;
	uint64_t refused;
};

/* PIDs that no process has, for domains that belong to none. */
#define PID_UNKNOWN	UINT64_MAX
#define PID_HOST	(UINT64_MAX - 1)

struct top_item {
	uint64_t pid;
	/* Of the domain; NULL for a VM. */
	const char *id;
	/* For people: clean, to be freed. */
	char *name;
	struct top_facts facts;
};

struct top {
	struct json_object *snap;
	/* Between the two readings; 0 when there is but one. */
	double seconds;
	struct top_facts all;
	struct top_item *vms;
	size_t nr_vms;
	struct top_item *domains;
	size_t nr_domains;
};

/**
 * top_new() - what two readings of the module tell
 * @before: the earlier one, or NULL; also of another load of the module, with
 *	    which nothing can be compared
 * @after: the later one, which is kept
 *
 * VMs are in the order of their PIDs, domains in that of the module. A VM is
 * any process that uses VFIO. Those that are gone are left out.
 *
 * Return: to be freed with top_free().
 */
struct top *top_new(struct json_object *before, struct json_object *after);

/* NULL when there is none. */
struct top_item *top_vm(const struct top *top, uint64_t pid);

/* What the module says of a domain, to be put. */
struct json_object *top_record(const struct top *top,
			       const struct top_item *domain);
void top_free(struct top *top);

#endif
