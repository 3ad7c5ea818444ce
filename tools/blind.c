// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes that should see something and do not: left off (the module's
 * parameter skip), failed, or without their symbol on this kernel. What they
 * feed is not zero, it is not known. One that waits for its module misses
 * nothing, and one that is unused was not asked for.
 */
#include "blind.h"
#include "cause.h"
#include "tree.h"

bool probe_is_blind(struct json_object *probe)
{
	return !tree_is(probe, "state", "attached") &&
	       !tree_is(probe, "state", "waiting") &&
	       !tree_is(probe, "state", "unused");
}

/* A blind probe that feeds @feed, or NULL. */
const char *blind_probe(struct json_object *snap, const char *feed)
{
	json_object_object_foreach(tree_get(snap, "probes"), row, probe)
		if (probe_is_blind(probe) && tree_lists(probe, "feeds", feed))
			return row;
	return NULL;
}

/* What @feed would have told is missing in an answer. */
void blind_tell(struct json_object *view, struct json_object *snap,
		const char *feed)
{
	const char *row = blind_probe(snap, feed);

	if (row)
		missing_add(view, "%s: the probe %s is %s", feed, row,
			    tree_word(tree_get(tree_get(snap, "probes"), row),
				      "state"));
}
