// SPDX-License-Identifier: GPL-2.0-only
/*
 * `diff` of two recordings: what each phase took before, and takes after.
 *
 * Processes have the same role when each is what its recording is about: the
 * command, the process that was named, or of a host that which had most in VFIO.
 * Their PIDs are never the same. A phase is that of the same device and the same
 * backing; what one of the two has not took no time there, so that the changes
 * of the parts add up to that of the whole.
 *
 * What else is not the same is told: another kernel may be why.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/human.h"
#include "base/paper.h"
#include "base/table.h"
#include "base/tree.h"
#include "difference.h"
#include "timeline.h"

/* ---- the view ---- */

static bool same_word(struct json_object *one, struct json_object *other,
		      const char *key)
{
	struct json_object *a = tree_get(one, key), *b = tree_get(other, key);

	return !a == !b &&
	       (!a || !strcmp(tree_word(one, key), tree_word(other, key)));
}

static struct json_object *node_find(struct json_object *list,
				     struct json_object *node)
{
	for (size_t i = 0; i < tree_length(list); i++) {
		struct json_object *other = tree_at(list, i);

		if (same_word(node, other, "phase") &&
		    same_word(node, other, "device") &&
		    same_word(node, other, "backing"))
			return other;
	}
	return NULL;
}

static void both_add(struct json_object *view, const char *key,
		     struct json_object *before, struct json_object *after)
{
	struct json_object *both = tree_new();

	tree_add_u64(both, "before", tree_u64_or_0(before, key));
	tree_add_u64(both, "after", tree_u64_or_0(after, key));
	tree_add(view, key, both);
}

static struct json_object *list_new(struct json_object *before,
				    struct json_object *after);

/* Either may be NULL. */
static struct json_object *node_new(struct json_object *before,
				    struct json_object *after)
{
	static const char *const names[] = { "phase", "device", "backing" };
	static const char *const numbers[] = { "calls", "bytes" };
	struct json_object *any = before ?: after, *view = tree_new();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (tree_get(any, names[i]))
			tree_share(view, any, names[i]);
	both_add(view, "ns", before, after);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (tree_get(before, numbers[i]) || tree_get(after, numbers[i]))
			both_add(view, numbers[i], before, after);
	if (tree_get(any, "parts"))
		tree_add(view, "parts", list_new(tree_get(before, "parts"),
						 tree_get(after, "parts")));
	return view;
}

static struct json_object *list_new(struct json_object *before,
				    struct json_object *after)
{
	struct json_object *list = tree_new_list();

	for (size_t i = 0; i < tree_length(before); i++) {
		struct json_object *node = tree_at(before, i);

		tree_append(list, node_new(node, node_find(after, node)));
	}
	for (size_t i = 0; i < tree_length(after); i++)
		if (!node_find(before, tree_at(after, i)))
			tree_append(list, node_new(NULL, tree_at(after, i)));
	return list;
}

static struct json_object *side_new(struct json_object *timeline)
{
	static const char *const keys[] = { "recording", "process", "missing" };
	struct json_object *side = tree_new();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		tree_share(side, timeline, keys[i]);
	return side;
}

/* Of a command its words; to be freed. */
static char *told_of(struct json_object *obj, const char *key)
{
	struct json_object *val = tree_get(obj, key);
	struct paper paper;

	if (!val)
		return alloc_copy("none");
	if (!json_object_is_type(val, json_type_array))
		return alloc_copy(tree_word(obj, key));
	paper_open(&paper);
	for (size_t i = 0; i < tree_length(val); i++)
		fprintf(paper.out, "%s%s", i ? " " : "",
			json_object_get_string(tree_at(val, i)));
	return paper_close(&paper);
}

/* "kernel: 6.1 before, 6.12 after" */
static void differs(struct json_object *list, struct json_object *before,
		    struct json_object *after, const char *key)
{
	char *one, *other, *text;

	if (same_word(before, after, key))
		return;
	one = told_of(before, key);
	other = told_of(after, key);
	text = alloc_print("%s: %s before, %s after", key, one, other);
	tree_append_word(list, text);
	free(text);
	free(other);
	free(one);
}

static struct json_object *differing(struct json_object *before,
				     struct json_object *after)
{
	static const char *const keys[] = {
		"host", "kernel", "module", "version", "cpus", "end",
	};
	struct json_object *list = tree_new_list();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		differs(list, tree_get(before, "recording"),
			tree_get(after, "recording"), keys[i]);
	differs(list, tree_get(before, "process"), tree_get(after, "process"),
		"command");
	return list;
}

struct json_object *read_difference(const char *before, const char *after)
{
	struct json_object *one = timeline_load(before);
	struct json_object *other = timeline_load(after);
	struct json_object *view = tree_new();

	tree_add_u64(view, "format", 1);
	tree_add(view, "before", side_new(one));
	tree_add(view, "after", side_new(other));
	both_add(view, "wall_ns", one, other);
	tree_add(view, "phases", list_new(tree_get(one, "phases"),
					  tree_get(other, "phases")));
	tree_add(view, "differs", differing(one, other));
	json_object_put(other);
	json_object_put(one);
	return view;
}

/* ---- text ---- */

/* "-2.4 s": a human_ns() with a sign, or nothing. */
static struct human change_of(uint64_t before, uint64_t after)
{
	struct human change = {};

	if (before != after)
		snprintf(change.s, sizeof(change.s), "%c%.80s",
			 after > before ? '+' : '-',
			 human_ns(after > before ? after - before :
						   before - after).s);
	return change;
}

/* "8 -> 4", or "8" where it is the same. */
static struct human both_of(struct json_object *node, const char *key,
			    const char *unit)
{
	struct json_object *both = tree_get(node, key);
	struct human text = {};

	if (!both)
		return text;
	if (tree_u64_or_0(both, "before") == tree_u64_or_0(both, "after"))
		return human_key(both, "after", unit);
	snprintf(text.s, sizeof(text.s), "%.80s -> %.80s",
		 human_key(both, "before", unit).s,
		 human_key(both, "after", unit).s);
	return text;
}

static void node_print(struct table *table, struct json_object *node,
		       unsigned int depth)
{
	struct json_object *parts = tree_get(node, "parts");
	struct json_object *ns = tree_get(node, "ns");
	uint64_t before = tree_u64_or_0(ns, "before");
	uint64_t after = tree_u64_or_0(ns, "after");

	if (!before && !after && !tree_get(node, "calls") &&
	    !tree_length(parts))
		return;
	table_cell(table, "%*s%s%s%s", 2 * depth, "", timeline_says(node),
		   tree_get(node, "backing") ? " " : "",
		   tree_get(node, "backing") ? tree_word(node, "backing") : "");
	table_cell(table, "%s", both_of(node, "calls", "").s);
	table_cell(table, "%s", human_ns(before).s);
	table_cell(table, "%s", human_ns(after).s);
	table_cell(table, "%s", before == after ? "-" :
		   change_of(before, after).s);
	/* The only part of a phase that is called as that is. */
	if (tree_length(parts) == 1 &&
	    tree_is(tree_at(parts, 0), "phase", tree_word(node, "phase")))
		return;
	for (size_t i = 0; i < tree_length(parts); i++)
		node_print(table, tree_at(parts, i), depth + 1);
}

/* "145.0 s -> 98.0 s (-47.0 s): mapping memory -24.0 s, devices +1.0 s." */
static void sentence_print(FILE *out, struct json_object *view)
{
	struct json_object *wall = tree_get(view, "wall_ns");
	struct json_object *phases = tree_get(view, "phases");
	uint64_t before = tree_u64_or_0(wall, "before");
	uint64_t after = tree_u64_or_0(wall, "after");
	const char *mark = ": ";

	fprintf(out, "%s -> %s", human_ns(before).s, human_ns(after).s);
	if (before != after)
		fprintf(out, " (%s)", change_of(before, after).s);
	for (size_t i = 0; i < tree_length(phases); i++) {
		struct json_object *node = tree_at(phases, i);
		struct json_object *ns = tree_get(node, "ns");
		struct human change;

		change = change_of(tree_u64_or_0(ns, "before"),
				   tree_u64_or_0(ns, "after"));
		if (!*change.s)
			continue;
		fprintf(out, "%s%s %s", mark, timeline_says(node), change.s);
		mark = ", ";
	}
	fputs(".\n", out);
}

static void side_print(FILE *out, const char *name, struct json_object *side)
{
	struct json_object *recording = tree_get(side, "recording");
	struct json_object *missing = tree_get(side, "missing");

	fprintf(out, "%s: process %ju on %s, %s, kernel %s.\n", name,
		(uintmax_t)tree_u64_or_0(tree_get(side, "process"), "pid"),
		tree_word(recording, "host"), tree_word(recording, "time"),
		tree_word(recording, "kernel"));
	for (size_t i = 0; i < tree_length(missing); i++)
		fprintf(out, "%s, not known: %s.\n", name,
			json_object_get_string(tree_at(missing, i)));
}

void text_difference(FILE *out, struct json_object *view,
		     struct json_object *schema)
{
	struct json_object *phases = tree_get(view, "phases");
	struct json_object *list = tree_get(view, "differs");
	struct table *table = table_new(5);

	(void)schema;
	sentence_print(out, view);
	table_row(table, "<PHASE", "CALLS", "BEFORE", "AFTER", "CHANGE");
	for (size_t i = 0; i < tree_length(phases); i++)
		node_print(table, tree_at(phases, i), 0);
	table_end(table, out);
	side_print(out, "Before", tree_get(view, "before"));
	side_print(out, "After", tree_get(view, "after"));
	for (size_t i = 0; i < tree_length(list); i++)
		fprintf(out, "Not the same, %s.\n",
			json_object_get_string(tree_at(list, i)));
}
