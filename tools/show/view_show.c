// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views of what happens and of whom it happens to: `show` and `inflight`.
 */
#include <stdlib.h>
#include <string.h>

#include "base/tree.h"
#include "cost.h"
#include "incident.h"
#include "read/blind.h"
#include "view.h"
#include "view_census.h"
#include "view_show.h"

/* What text_show() prints of records, and what is summed up here. */
const char *const show_keys[] = {
	"pid", "comm", "first_ns", "last_ns",
	/* domains */
	"type", "backend", "devices", "exact", "inexact", "live_*",
	/* processes */
	"alive", "start_ns", "region_map_calls", "region_map_bytes",
	"region_map_ns", "added_*", "pin_ns", "map_ns", "teardown_calls",
	"teardown_ns", NULL
};

/*
 * The host's own, which is another matter. Of a domain that is older than the
 * module nobody saw the backend, but the DMA API's are not unmanaged.
 */
bool view_is_dma_api(struct json_object *domain)
{
	return tree_is(domain, "backend", "none") &&
	       !tree_is(domain, "type", "unmanaged");
}

static void live_add(struct json_object *live, struct json_object *domain)
{
	tree_foreach(domain, key, val)
		if (!strncmp(key, "live_", 5) &&
		    json_object_is_type(val, json_type_int))
			tree_add_sum(live, key, json_object_get_uint64(val));
	tree_add_sum(live, "domains", 1);
	if (tree_is(domain, "exact", "0"))
		tree_add_sum(live, "inexact_domains", 1);
}

/* What all domains together are: each is looked at once. */
struct domain_sums {
	struct json_object *live;
	struct json_object *inexact;
};

static void domain_look(const char *id, struct json_object *domain, void *data)
{
	struct domain_sums *sums = data;

	if (!view_is_dma_api(domain))
		live_add(sums->live, domain);
	if (tree_is(domain, "exact", "0"))
		tree_add(sums->inexact, id,
			 json_object_get(tree_get(domain, "inexact")) ?:
			 tree_new_list());
}

/* What VFIO has mapped, and of which domains that is not all. */
static struct domain_sums sums_of(struct json_object *domains)
{
	struct domain_sums sums = { tree_new(), tree_new() };

	tree_add_u64(sums.live, "domains", 0);
	tree_add_u64(sums.live, "inexact_domains", 0);
	tree_each(domains, domain_look, &sums);
	return sums;
}

/*
 * Teardown finds every page's frame in the IO page table before it unmaps and
 * unpins: that walk is what is left of its time. Nothing is said when the
 * parts do not fit into the whole, as when maps were undone meanwhile.
 */
static struct json_object *teardown_of(struct json_object *counters)
{
	struct json_object *teardown = tree_new();
	uint64_t ns, unmap_ns, unpin_ns, flush_ns = 0, known;

	/* On some kernels a flush cannot be told from an unmap. */
	if (tree_u64(counters, "flush_ns", &known))
		flush_ns = known;
	if (!tree_u64(counters, "teardown_ns", &ns) ||
	    !tree_u64(counters, "unmap_ns", &unmap_ns) ||
	    !tree_u64(counters, "unpin_ns", &unpin_ns) ||
	    unmap_ns > ns || unpin_ns > ns - unmap_ns ||
	    flush_ns > ns - unmap_ns - unpin_ns)
		return teardown;
	tree_add_u64(teardown, "ns", ns);
	tree_add_u64(teardown, "unmap_ns", unmap_ns);
	tree_add_u64(teardown, "unpin_ns", unpin_ns);
	tree_share(teardown, counters, "flush_ns");
	tree_add_u64(teardown, "walk_ns", ns - unmap_ns - unpin_ns - flush_ns);
	return teardown;
}

/* What is neither a cost nor a leaf happened to the instrument or the core. */
static void quality_add_events(struct json_object *quality,
			       struct json_object *counters,
			       struct json_object *schema)
{
	tree_foreach(counters, key, val) {
		(void)val;
		if (!cost_has(counters, key) &&
		    !tree_is(tree_get(schema, key), "unit", "leaves"))
			tree_share(quality, counters, key);
	}
}

/* Probes that should see something and do not: what they feed is missing. */
static struct json_object *blind_of(struct json_object *probes)
{
	struct json_object *blind = tree_new();

	tree_foreach(probes, row, probe)
		if (probe_is_blind(probe))
			tree_add(blind, row, json_object_get(probe));
	return blind;
}

/* Modules whose loading probes wait for, and how many do. */
static struct json_object *waiting_of(struct json_object *probes)
{
	struct json_object *waiting = tree_new();

	tree_foreach(probes, row, probe) {
		(void)row;
		if (tree_is(probe, "state", "waiting"))
			tree_add_sum(waiting, tree_word(probe, "module"), 1);
	}
	return waiting;
}

static struct json_object *quality_of(struct json_object *snap,
				      struct json_object *inexact)
{
	struct json_object *quality = tree_new();

	quality_add_events(quality, tree_get(snap, "counters"),
			   tree_get(snap, "schema"));
	tree_add(quality, "inexact", inexact);
	tree_add(quality, "blind", blind_of(tree_get(snap, "probes")));
	tree_add(quality, "waiting", waiting_of(tree_get(snap, "probes")));
	return quality;
}

static void incident_add(struct json_object *view, struct json_object *snap)
{
	char *line = incident_of(snap);

	if (line)
		tree_add_word(view, "incident", line);
	free(line);
}

/* How long the numbers have been counted. */
static void watched_add(struct json_object *view, struct json_object *snap)
{
	struct json_object *info = tree_get(snap, "info");
	uint64_t now, loaded;

	if (tree_u64(info, "now_ns", &now) &&
	    tree_u64(info, "loaded_ns", &loaded) && loaded <= now)
		tree_add_u64(view, "watched_ns", now - loaded);
}

struct json_object *view_show(struct json_object *snap)
{
	struct json_object *counters = tree_get(snap, "counters");
	struct json_object *domains = tree_get(snap, "domains");
	struct domain_sums sums = sums_of(domains);
	struct json_object *view = view_new(snap);

	tree_share(view, snap, "info");
	tree_share(view, snap, "host");
	watched_add(view, snap);
	incident_add(view, snap);
	tree_add(view, "live", sums.live);
	tree_add(view, "domains", tree_sorted(domains, "live_bytes"));
	tree_add(view, "processes",
		 tree_sorted(tree_get(snap, "processes"), "last_ns"));
	tree_add(view, "cost", cost_of(counters));
	tree_add(view, "teardown", teardown_of(counters));
	tree_add(view, "quality", quality_of(snap, sums.inexact));
	tree_add(view, "check", view_verdicts(snap));
	tree_add(view, "inflight",
		 tree_sorted(tree_get(snap, "inflight"), "age_ns"));
	return view;
}

struct json_object *view_inflight(struct json_object *snap)
{
	struct json_object *view = view_new(snap);

	tree_add(view, "inflight",
		 tree_sorted(tree_get(snap, "inflight"), "age_ns"));
	return view;
}
