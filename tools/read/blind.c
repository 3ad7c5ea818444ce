// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes that should see something and do not: left off (the module's
 * parameter skip), failed, or without their symbol on this kernel. What they
 * feed is not zero, it is not known. One that waits for its module misses
 * nothing, and one that is unused was not asked for.
 */
#include "base/tree.h"
#include "blind.h"

bool probe_is_blind(struct json_object *probe)
{
	return !tree_is(probe, "state", "attached") &&
	       !tree_is(probe, "state", "waiting") &&
	       !tree_is(probe, "state", "unused");
}

const char *blind_probe(struct json_object *snap, const char *feed)
{
	tree_foreach(tree_get(snap, "probes"), row, probe)
		if (probe_is_blind(probe) && tree_lists(probe, "feeds", feed))
			return row;
	return NULL;
}
