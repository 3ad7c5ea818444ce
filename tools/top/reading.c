// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `top` reads of the module each time: no walk of tables but the first few
 * runs of the domains that somebody opened. Whatever has to look at the machine
 * is looked up here, so that the model needs nothing but what it is given.
 */
#include <stdlib.h>

#include "base/fail.h"
#include "base/request.h"
#include "base/tree.h"
#include "read/snapshot.h"
#include "reading.h"
#include "state.h"
#include "why/inflight.h"
#include "why/refusals.h"
#include "why/refused.h"

#define MAX_REGIONS	16

static void refusals_mark(struct json_object *snap)
{
	struct json_object *refusals = tree_get(snap, "refusals");

	tree_foreach(refusals, id, refusal) {
		(void)id;
		tree_add_u64(refusal, "matters", refused_matters(refusal));
	}
}

static void incident_add(struct json_object *snap)
{
	char *line = inflight_incident(snap) ?: refusals_lately(snap);

	if (line)
		tree_add_word(snap, "incident", line);
	free(line);
}

struct regions_read {
	const char *debugfs;
	const char *device;
	struct json_object *regions;
};

static void regions_read(void *data)
{
	struct regions_read *read = data;

	read->regions = snapshot_runs(read->debugfs, read->device, 0,
				      MAX_REGIONS);
}

/* A device may go between two files, and a module may have no census. */
static void device_read(struct json_object *regions, const char *debugfs,
			const char *device)
{
	struct regions_read read = { .debugfs = debugfs, .device = device };

	if (!tree_get(regions, device) && fail_survive(regions_read, &read))
		tree_add(regions, device, read.regions);
}

void reading_add_regions(struct json_object *snap,
			 const struct request *request,
			 const struct top_state *state)
{
	struct json_object *regions = tree_get(snap, "regions");

	for (size_t i = 0; i < state->nr_open; i++) {
		struct json_object *domain, *device;

		if (state->open[i][0] != 'd')
			continue;
		domain = tree_find(tree_get(snap, "domains"),
				   state->open[i] + 1);
		device = tree_at(tree_get(domain, "devices"), 0);
		if (device)
			device_read(regions, request->debugfs,
				    json_object_get_string(device));
		json_object_put(domain);
	}
}

struct json_object *reading_new(const struct request *request)
{
	/* What the model is made of, and what names are found by. */
	static const char *const keys[] = {
		"type", "backend", "devices", "pid", "comm", "exact", "alive",
		"start_ns", "first_ns", "live_*", "map_calls", "unmap_calls",
		"pin_calls", "map_bytes", "unmap_bytes", NULL
	};
	static const struct snapshot_many many = {
		.keys = keys,
		.packed = true,
	};
	struct json_object *snap;

	snap = snapshot_read_many(request->debugfs, SECTION_COUNTERS |
				  SECTION_DOMAINS | SECTION_PROCESSES |
				  SECTION_INFLIGHT, &many);
	snapshot_add(snap, request->debugfs, 0, SECTION_REFUSALS);
	refusals_mark(snap);
	incident_add(snap);
	tree_add(snap, "regions", tree_new());
	return snap;
}
