// SPDX-License-Identifier: GPL-2.0-only
/*
 * What somebody who asks how a host is should hear first, the most urgent alone:
 * a pin that does not go on, a call that was refused lately, a domain whose
 * tables do not hold what has been counted, a client that is in 4K leaves.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/human.h"
#include "base/tree.h"
#include "incident.h"
#include "read/names.h"
#include "why/inflight.h"
#include "why/refusals.h"

/* Of less nobody's device will notice the leaves. */
#define MIN_SMALL_BYTES	0x40000000ull

static char *differs(struct json_object *snap)
{
	struct json_object *check = tree_get(snap, "check"), *domain;
	char *line;

	/* Walking may take long, so it may not have been made. */
	if (!check)
		return NULL;
	tree_foreach(check, id, record) {
		if (!tree_is(record, "verdict", "differs"))
			continue;
		domain = tree_find(tree_get(snap, "domains"), id);
		line = alloc_print("Differs: the IO page tables of domain %s, of %s, do not hold what has been counted (iovascope check).",
				   id, names_owner(domain).s);
		json_object_put(domain);
		return line;
	}
	return NULL;
}

struct small {
	uint64_t most;
	struct json_object *worst;
};

static void small_look(const char *id, struct json_object *domain, void *data)
{
	uint64_t bytes = tree_u64_or_0(domain, "live_4k_bytes");
	struct small *small = data;

	(void)id;
	if (bytes <= small->most || !tree_u64_or_0(domain, "pid") ||
	    tree_is(domain, "backend", "none") ||
	    bytes < tree_u64_or_0(domain, "live_bytes") / 2)
		return;
	small->most = bytes;
	json_object_put(small->worst);
	small->worst = json_object_get(domain);
}

/* The domain with most in 4K leaves, where that is most of it. */
static char *small_leaves(struct json_object *snap)
{
	struct small small = { .most = MIN_SMALL_BYTES - 1 };
	char *line;

	tree_each(tree_get(snap, "domains"), small_look, &small);
	if (!small.worst)
		return NULL;
	line = alloc_print("Small leaves: %s of the %s of %s are in 4K leaves (iovascope why %s).",
			   human_bytes(small.most).s,
			   human_key(small.worst, "live_bytes", "bytes").s,
			   names_owner(small.worst).s,
			   tree_word(small.worst, "pid"));
	json_object_put(small.worst);
	return line;
}

char *incident_of(struct json_object *snap)
{
	return inflight_incident(snap) ?: refusals_lately(snap) ?:
	       differs(snap) ?: small_leaves(snap);
}
