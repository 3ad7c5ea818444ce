// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of causes. A table of a million holes has a million causes, and nobody
 * reads them: of each kind the largest few are told, with the sum of all.
 *
 * Which are the largest is known in the end, so more are kept than are told.
 * What comes when so many are there is counted in the sum of its kind only.
 */
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/tree.h"
#include "kind.h"

#define MAX_TOLD	3
#define MAX_KEPT	1024

void kind_add(struct kind *kind, uint64_t bytes, uint64_t iova, uint64_t last)
{
	if (!kind->runs++ || iova < kind->iova)
		kind->iova = iova;
	if (last > kind->last)
		kind->last = last;
	kind->bytes += bytes;
}

bool kind_has_room(const struct kinds *kinds, const struct kind *kind)
{
	return kinds->all || kind->causes < MAX_KEPT;
}

static struct json_object *kind_tell(const struct kind *kind, enum cause cause,
				     bool fixable)
{
	struct json_object *told = tree_new();

	tree_add_word(told, "cause", cause_id(cause));
	tree_add_u64(told, "fixable", fixable);
	tree_add_u64(told, "bytes", kind->bytes);
	tree_add_u64(told, "runs", kind->runs);
	tree_add_u64(told, "iova", kind->iova);
	tree_add_u64(told, "last", kind->last);
	/* Where some were not kept, nobody knows how many there are. */
	if (!kind->left_runs)
		tree_add_u64(told, "causes", kind->causes);
	tree_add_u64(told, "more_bytes", kind->left_bytes);
	tree_add_u64(told, "more_runs", kind->left_runs);
	return told;
}

static struct json_object *kinds_list(const struct kinds *kinds)
{
	struct json_object *list = tree_new_list();

	for (int cause = 0; cause < NR_CAUSES; cause++)
		for (int fixable = 0; fixable < 2; fixable++)
			if (kinds->kind[cause][fixable].runs)
				tree_append(list,
					    kind_tell(&kinds->kind[cause][fixable],
						      cause, fixable));
	tree_sort(list, "fixable", "bytes");
	return list;
}

static bool is_of_kind(struct json_object *cause, struct json_object *kind)
{
	return tree_u64_or_0(cause, "fixable") ==
	       tree_u64_or_0(kind, "fixable") &&
	       !strcmp(tree_word(cause, "cause"), tree_word(kind, "cause"));
}

static struct json_object *kind_find(struct json_object *kinds,
				     struct json_object *cause)
{
	for (size_t i = 0; i < tree_length(kinds); i++)
		if (is_of_kind(cause, tree_at(kinds, i)))
			return tree_at(kinds, i);
	return NULL;
}

struct json_object *kind_of(struct json_object *answer,
			    struct json_object *cause)
{
	return kind_find(tree_get(answer, "kinds"), cause);
}

/* The causes of one kind, largest first; what is too much is left out. */
static void kind_choose(struct json_object *told, struct json_object *causes,
			struct json_object *kind, bool all)
{
	size_t nr = 0;

	for (size_t i = 0; i < tree_length(causes); i++) {
		struct json_object *cause = tree_at(causes, i);

		if (!is_of_kind(cause, kind))
			continue;
		if (all || nr++ < MAX_TOLD) {
			tree_append(told, json_object_get(cause));
			continue;
		}
		if (tree_get(kind, "causes"))
			tree_add_sum(kind, "more_causes", 1);
		tree_add_sum(kind, "more_bytes", tree_u64_or_0(cause, "bytes"));
		tree_add_sum(kind, "more_runs", tree_u64_or_0(cause, "runs"));
	}
}

/* Causes that concern no run: in front of those that cannot be fixed. */
static void others_choose(struct json_object *told, struct json_object *causes,
			  struct json_object *kinds)
{
	for (size_t i = 0; i < tree_length(causes); i++)
		if (!kind_find(kinds, tree_at(causes, i)))
			tree_append(told, json_object_get(tree_at(causes, i)));
}

void kinds_tell(const struct kinds *kinds, struct json_object *answer)
{
	struct json_object *list = kinds_list(kinds), *told = tree_new_list();
	struct json_object *causes = tree_get(answer, "causes");
	size_t i = 0;

	tree_sort(causes, "fixable", "bytes");
	for (; i < tree_length(list) &&
	     tree_u64_or_0(tree_at(list, i), "fixable"); i++)
		kind_choose(told, causes, tree_at(list, i), kinds->all);
	others_choose(told, causes, list);
	for (; i < tree_length(list); i++)
		kind_choose(told, causes, tree_at(list, i), kinds->all);
	tree_add(answer, "causes", told);
	tree_add(answer, "kinds", list);
}
