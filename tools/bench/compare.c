// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two results of `bench` held against each other, figure by figure; or two runs
 * of `make bench`, which are many results, each of a part of the bench on a
 * kernel: then part by part.
 *
 * A figure is worse when its new median is more than the threshold above the
 * old one, and the spreads of both do not touch: the best of the new is worse
 * than the worst of the old. Better is the same the other way round. What was
 * measured before and cannot be now is worse, too.
 */
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/fail.h"
#include "base/tree.h"
#include "compare.h"

#define THRESHOLD_PERCENT	5

/* Of rows of costs, of those of a node, and of anything else. */
static const char *const figures[] = {
	"map", "unmap", "start", "teardown", "time"
};

static const char *const lists[] = { "rows", "node", "times" };

static const char *const verdict_words[] = {
	"worse", "better", "same", "gone"
};

/* What makes a row the same in both; each kind of row has some of them. */
static const char *const names[] = {
	"backing", "backend", "bytes", "align", "memory_bytes", "bars_bytes",
	"work", "op", "by"
};

static bool is_same(struct json_object *a, struct json_object *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(tree_word(a, names[i]), tree_word(b, names[i])))
			return false;
	return true;
}

static struct json_object *row_like(struct json_object *rows,
				    struct json_object *like)
{
	for (size_t i = 0; i < tree_length(rows); i++) {
		struct json_object *row = tree_at(rows, i);

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

/* One part of a run on one kernel; @part is NULL outside of runs. */
struct both {
	struct json_object *view;
	struct json_object *part;
	struct json_object *old;
	struct json_object *new;
};

static void change_add(const struct both *both, struct json_object *was,
		       struct json_object *is, const char *what)
{
	static const char *const told[] = {
		"backing", "backend", "align", "work", "op", "by"
	};
	struct json_object *change;
	struct figure old, new;
	const char *verdict;

	if (!figure_of(was, what, &old))
		return;
	change = tree_new();
	tree_share(change, both->part, "kernel");
	tree_share(change, both->part, "part");
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		tree_share(change, was, told[i]);
	tree_add_u64(change, "bytes", bytes_of(was));
	tree_add_word(change, "figure", what);
	tree_add_u64(change, "old_ns", old.ns);
	if (figure_of(is, what, &new)) {
		tree_add_u64(change, "new_ns", new.ns);
		verdict = verdict_on(&old, &new);
	} else {
		verdict = "gone";
	}
	tree_add_word(change, "verdict", verdict);
	tree_add_sum(tree_get(both->view, "verdicts"), verdict, 1);
	tree_append(tree_get(both->view, "changes"), change);
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

static void changes_add_list(const struct both *both, const char *list)
{
	struct json_object *old = tree_get(both->old, list);
	struct json_object *new = tree_get(both->new, list);

	for (size_t i = 0; i < tree_length(old); i++) {
		struct json_object *was = tree_at(old, i);
		struct json_object *is = row_like(new, was);

		for (size_t k = 0; k < ARRAY_SIZE(figures); k++)
			change_add(both, was, is, figures[k]);
	}
}

/* @both->new may be NULL: then everything is gone. */
static void changes_add(const struct both *both)
{
	if (both->new)
		check_comparable(both->old, both->new);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		changes_add_list(both, lists[i]);
}

/* The result of the same part on the same kernel. */
static struct json_object *result_like(struct json_object *parts,
				       struct json_object *part)
{
	for (size_t i = 0; i < tree_length(parts); i++) {
		struct json_object *one = tree_at(parts, i);

		if (tree_is(one, "kernel", tree_word(part, "kernel")) &&
		    tree_is(one, "part", tree_word(part, "part")))
			return tree_get(one, "result");
	}
	return NULL;
}

static void compare_runs(struct both *both, struct json_object *old,
			 struct json_object *new)
{
	struct json_object *parts = tree_get(old, "parts");

	for (size_t i = 0; i < tree_length(parts); i++) {
		both->part = tree_at(parts, i);
		both->old = tree_get(both->part, "result");
		both->new = result_like(tree_get(new, "parts"), both->part);
		changes_add(both);
	}
}

static void share_as(struct json_object *view, const char *name,
		     struct json_object *from, const char *key)
{
	if (tree_get(from, key))
		tree_add(view, name, json_object_get(tree_get(from, key)));
}

struct json_object *compare_results(struct json_object *old,
				    struct json_object *new)
{
	struct json_object *view = tree_new(), *verdicts = tree_new();
	struct both both = { .view = view, .old = old, .new = new };

	if (!tree_get(old, "parts") != !tree_get(new, "parts"))
		fail(EXIT_RUNTIME, "not to be compared: one is a run of make bench, the other one result");
	tree_add_u64(view, "bench", tree_u64_or_0(new, "bench"));
	share_as(view, "old_machine", old, "machine");
	share_as(view, "new_machine", new, "machine");
	share_as(view, "old_version", old, "iovascope");
	share_as(view, "new_version", new, "iovascope");
	tree_add_u64(view, "threshold_percent", THRESHOLD_PERCENT);
	for (size_t i = 0; i < ARRAY_SIZE(verdict_words); i++)
		tree_add_u64(verdicts, verdict_words[i], 0);
	tree_add(view, "verdicts", verdicts);
	tree_add(view, "changes", tree_new_list());
	if (tree_get(old, "parts"))
		compare_runs(&both, old, new);
	else
		changes_add(&both);
	return view;
}

/* Has anything been measured? */
static bool is_empty(struct json_object *view)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (tree_length(tree_get(view, lists[i])))
			return false;
	return !tree_get(view, "parts");
}

void judge_bench(struct json_object *view)
{
	struct json_object *verdicts = tree_get(view, "verdicts");
	uint64_t bad = tree_u64_or_0(verdicts, "worse") +
		       tree_u64_or_0(verdicts, "gone");

	if (bad)
		fail(EXIT_RUNTIME, "bench: %ju figure%s worse or gone",
		     (uintmax_t)bad, bad == 1 ? " is" : "s are");
	if (!verdicts && is_empty(view))
		fail(EXIT_RUNTIME, "bench: nothing could be measured");
}
