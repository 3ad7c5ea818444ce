// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two results of `bench` held against each other, figure by figure.
 *
 * A figure is worse when its new median is more than the threshold above the
 * old one, and the spreads of both do not touch: the best of the new is worse
 * than the worst of the old. Better is the same the other way round. What was
 * measured before and cannot be now is worse, too.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "command.h"
#include "fail.h"
#include "tree.h"

#define THRESHOLD_PERCENT	5

/* Of rows of costs, and of those of a node. */
static const char *const figures[] = { "map", "unmap", "start", "teardown" };

static const char *const verdict_words[] = {
	"worse", "better", "same", "gone"
};

/* What makes a row the same in both; each kind of row has some of them. */
static const char *const names[] = {
	"backing", "backend", "bytes", "align", "memory_bytes", "bars_bytes"
};

static bool is_same(struct json_object *a, struct json_object *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(tree_word(a, names[i]), tree_word(b, names[i])))
			return false;
	return true;
}

static struct json_object *find(struct json_object *rows,
				struct json_object *like)
{
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (is_same(row, like))
			return row;
	}
	return NULL;
}

struct figure {
	uint64_t ns;
	uint64_t min;
	uint64_t max;
};

static bool figure_of(struct json_object *row, const char *what,
		      struct figure *figure)
{
	char key[48];

	snprintf(key, sizeof(key), "%s_ns", what);
	if (!tree_u64(row, key, &figure->ns))
		return false;
	snprintf(key, sizeof(key), "%s_min_ns", what);
	if (!tree_u64(row, key, &figure->min))
		figure->min = figure->ns;
	snprintf(key, sizeof(key), "%s_max_ns", what);
	if (!tree_u64(row, key, &figure->max))
		figure->max = figure->ns;
	return true;
}

static bool is_above(const struct figure *high, const struct figure *low)
{
	return high->min > low->max &&
	       high->ns > low->ns * (1 + THRESHOLD_PERCENT / 100.0);
}

static const char *verdict_on(const struct figure *old,
			      const struct figure *new)
{
	if (is_above(new, old))
		return "worse";
	return is_above(old, new) ? "better" : "same";
}

/* What it was done for, to be put in proportion to that. */
static uint64_t bytes_of(struct json_object *row)
{
	return tree_u64_or_0(row, "bytes") + tree_u64_or_0(row, "memory_bytes") +
	       tree_u64_or_0(row, "bars_bytes");
}

static void add_change(struct json_object *view, struct json_object *was,
		       struct json_object *is, const char *what)
{
	struct json_object *change;
	struct figure old, new;
	const char *verdict;

	if (!figure_of(was, what, &old))
		return;
	change = tree_new();
	tree_share(change, was, "backing");
	tree_share(change, was, "backend");
	tree_share(change, was, "align");
	tree_add_u64(change, "bytes", bytes_of(was));
	tree_add(change, "figure", json_object_new_string(what));
	tree_add_u64(change, "old_ns", old.ns);
	if (figure_of(is, what, &new)) {
		tree_add_u64(change, "new_ns", new.ns);
		verdict = verdict_on(&old, &new);
	} else {
		verdict = "gone";
	}
	tree_add(change, "verdict", json_object_new_string(verdict));
	tree_add_sum(tree_get(view, "verdicts"), verdict, 1);
	json_object_array_add(tree_get(view, "changes"), change);
}

/* Instructions, emulated time and time are three different things. */
static void check_comparable(struct json_object *old, struct json_object *new)
{
	const char *was = tree_word(tree_get(old, "machine"), "time");
	const char *is = tree_word(tree_get(new, "machine"), "time");

	if (strcmp(was, is))
		fail(EXIT_RUNTIME, "not to be compared: the time of OLD is %s, that of NEW %s",
		     was, is);
}

static void add_changes(struct json_object *view, struct json_object *old,
			struct json_object *new)
{
	for (size_t i = 0; i < json_object_array_length(old); i++) {
		struct json_object *was = json_object_array_get_idx(old, i);
		struct json_object *is = find(new, was);

		for (size_t k = 0; k < ARRAY_SIZE(figures); k++)
			add_change(view, was, is, figures[k]);
	}
}

struct json_object *compare_results(struct json_object *old,
				    struct json_object *new)
{
	struct json_object *view = tree_new(), *verdicts = tree_new();

	check_comparable(old, new);
	tree_add_u64(view, "bench", tree_u64_or_0(new, "bench"));
	tree_add(view, "old_machine",
		 json_object_get(tree_get(old, "machine")));
	tree_add(view, "new_machine",
		 json_object_get(tree_get(new, "machine")));
	tree_add_u64(view, "threshold_percent", THRESHOLD_PERCENT);
	for (size_t i = 0; i < ARRAY_SIZE(verdict_words); i++)
		tree_add_u64(verdicts, verdict_words[i], 0);
	tree_add(view, "verdicts", verdicts);
	tree_add(view, "changes", json_object_new_array());
	add_changes(view, tree_get(old, "rows"), tree_get(new, "rows"));
	add_changes(view, tree_get(old, "node"), tree_get(new, "node"));
	return view;
}

void judge_bench(struct json_object *view)
{
	struct json_object *verdicts = tree_get(view, "verdicts");
	uint64_t bad = tree_u64_or_0(verdicts, "worse") +
		       tree_u64_or_0(verdicts, "gone");

	if (bad)
		fail(EXIT_RUNTIME, "bench: %ju figure%s worse or gone",
		     (uintmax_t)bad, bad == 1 ? " is" : "s are");
}
