// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command tells, cut out of a snapshot: the one tree that text and JSON
 * are both printed from. A view has the snapshot's `format`, its `interval_ns`
 * when it is a difference, and the facts; every figure that takes a judgement
 * (what is live, what a walk cost, whether the numbers can be trusted) is made
 * here and not while printing.
 */
#include <fnmatch.h>

#include "base/fail.h"
#include "base/tree.h"
#include "view.h"

struct json_object *view_new(struct json_object *snap)
{
	struct json_object *view = tree_new();

	tree_share(view, snap, "format");
	tree_share(view, snap, "interval_ns");
	tree_share(view, snap, "gone");
	return view;
}

static bool key_matches(const char *key, char *const *patterns)
{
	bool found = !*patterns;

	for (; *patterns; patterns++)
		found |= !fnmatch(*patterns, key, 0);
	return found;
}

struct json_object *view_section(struct json_object *snap, const char *name,
				 char *const *patterns)
{
	struct json_object *section = tree_get(snap, name);
	struct json_object *view = view_new(snap);
	struct json_object *chosen = tree_new();

	json_object_object_foreach(section, key, val) {
		(void)val;
		if (key_matches(key, patterns))
			tree_share(chosen, section, key);
	}
	if (*patterns && !json_object_object_length(chosen))
		fail(EXIT_USAGE, "%s: no such key (`iovascope %s` lists them)",
		     *patterns, name);
	tree_add(view, name, chosen);
	return view;
}
