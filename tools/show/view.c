// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command tells, cut out of a snapshot: the one tree that text and JSON
 * are both printed from. A view has the snapshot's `format`, its `interval_ns`
 * when it is a difference, and the facts; every figure that takes a judgement
 * (what is live, what a walk cost, whether the numbers can be trusted) is made
 * here and not while printing.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/bdf.h"
#include "base/fail.h"
#include "base/near.h"
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

/* People name processes by PID or name: their ids are the module's own. */
static bool record_matches(const char *section, const char *key,
			   struct json_object *record, const char *pattern)
{
	if (strcmp(section, "processes"))
		return !fnmatch(pattern, key, 0);
	return !fnmatch(pattern, tree_word(record, "pid"), 0) ||
	       !fnmatch(pattern, tree_word(record, "comm"), 0);
}

static void choose(struct json_object *chosen, struct json_object *section,
		   const char *name, const char *word)
{
	char *device = strcmp(name, "census") ? NULL : bdf_of(word);
	const char *pattern = device ?: word;
	bool found = false;

	tree_foreach(section, key, val) {
		if (!record_matches(name, key, val, pattern))
			continue;
		tree_share(chosen, section, key);
		found = true;
	}
	free(device);
	if (!found)
		fail(EXIT_USAGE, "%s: no such key%s (`iovascope %s` lists them)",
		     word, near_member(section, word).s, name);
}

/* Each pattern must choose something: a name that is not there is a mistake. */
struct json_object *view_section(struct json_object *snap, const char *name,
				 char *const *patterns)
{
	struct json_object *section = tree_get(snap, name);
	struct json_object *view = view_new(snap), *chosen;

	if (!*patterns) {
		tree_add(view, name, json_object_get(section) ?: tree_new());
		return view;
	}
	chosen = tree_new();
	for (; *patterns; patterns++)
		choose(chosen, section, name, *patterns);
	tree_add(view, name, chosen);
	return view;
}
