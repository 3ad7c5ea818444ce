// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views of what the IO page tables hold: `census`, `runs` and `check`.
 *
 * The module tells of devices. Those that share a table tell of the same
 * leaves, so sums are made over tables: each counts once, however many devices
 * use it.
 *
 * The tables are read by walking them, leaf by leaf. `show` is to answer at
 * once, so it has the self-check only where the module's own numbers say that
 * the walk is short; a domain with numbers that are not all of it may be of
 * any size.
 */
#include <stdlib.h>
#include <string.h>

#include "base/tree.h"
#include "differ.h"
#include "view.h"
#include "view_census.h"

/* A tenth of a second of walking, even where the machine is emulated. */
#define SHORT_LEAVES	(1 << 18)

static bool is_one_of(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

/* Numbers that name or tell yes from no; all others are amounts. */
static bool is_amount(const char *key, struct json_object *val)
{
	static const char *const others[] = {
		"table", "did", "levels", "readable", NULL
	};

	return json_object_is_type(val, json_type_int) &&
	       !is_one_of(others, key);
}

/* Leaves of every size: those that are there, or those that could be. */
static void table_add_leaves(struct json_object *table,
			     struct json_object *record)
{
	static const char *const now[] = {
		"4k_leaves", "2m_leaves", "1g_leaves", NULL
	};
	static const char *const best[] = {
		"best_4k_leaves", "best_2m_leaves", "best_1g_leaves", NULL
	};

	json_object_object_foreach(record, key, val) {
		uint64_t leaves = json_object_get_uint64(val);

		if (is_one_of(now, key))
			tree_add_sum(table, "leaves", leaves);
		else if (is_one_of(best, key))
			tree_add_sum(table, "best_leaves", leaves);
	}
}

static struct json_object *table_of(struct json_object *record)
{
	struct json_object *table = tree_new();

	json_object_object_foreach(record, key, val)
		if (strcmp(key, "table"))
			tree_add(table, key, json_object_get(val));
	tree_add(table, "devices", tree_new_list());
	table_add_leaves(table, record);
	return table;
}

/* The tables by number, each with the devices that use it. */
static struct json_object *tables_of(struct json_object *census)
{
	struct json_object *tables = tree_new();

	json_object_object_foreach(census, device, record) {
		const char *nr = tree_word(record, "table");

		if (!tree_get(record, "table"))
			continue;
		if (!tree_get(tables, nr))
			tree_add(tables, nr, table_of(record));
		tree_append_word(tree_get(tree_get(tables, nr), "devices"),
				 device);
	}
	return tables;
}

static void total_add_amounts(struct json_object *total,
			      struct json_object *record)
{
	json_object_object_foreach(record, key, val)
		if (is_amount(key, val))
			tree_add_sum(total, key, json_object_get_uint64(val));
}

struct json_object *view_census(struct json_object *snap)
{
	struct json_object *census = tree_get(snap, "census");
	struct json_object *tables = tables_of(census);
	struct json_object *total = tree_new();
	struct json_object *view = view_new(snap);

	tree_add_u64(total, "page_tables", json_object_object_length(tables));
	tree_add_u64(total, "devices", json_object_object_length(census));
	json_object_object_foreach(tables, nr, table) {
		(void)nr;
		total_add_amounts(total, table);
	}
	tree_add(view, "total", total);
	tree_add(view, "tables", tree_sorted(tables, "bytes"));
	tree_share(view, snap, "census");
	json_object_put(tables);
	return view;
}

static void total_add_run(struct json_object *total, const char *iova,
			  struct json_object *run)
{
	uint64_t first = strtoull(iova, NULL, 0), last;

	if (tree_is(run, "torn", "1")) {
		tree_add_sum(total, "torn", 1);
		return;
	}
	tree_add_sum(total, "runs", 1);
	if (tree_u64(run, "last", &last) && last >= first)
		tree_add_sum(total, "bytes", last - first + 1);
	json_object_object_foreach(run, key, val) {
		uint64_t leaves = json_object_get_uint64(val);

		if (!strncmp(key, "leaves_", strlen("leaves_")))
			tree_add_sum(total, "leaves", leaves);
		else if (!strncmp(key, "best_", strlen("best_")))
			tree_add_sum(total, "best_leaves", leaves);
	}
}

/* The device's runs, or as many of them as were asked for. */
struct json_object *view_runs(struct json_object *snap)
{
	struct json_object *total = tree_new();
	struct json_object *view = view_new(snap);

	tree_add_u64(total, "runs", 0);
	json_object_object_foreach(tree_get(snap, "runs"), iova, run)
		total_add_run(total, iova, run);
	tree_share(view, snap, "device");
	tree_share(view, snap, "next");
	tree_add(view, "total", total);
	tree_share(view, snap, "runs");
	return view;
}

static uint64_t leaves_of(struct json_object *domains, bool *inexact)
{
	struct json_object *sum = tree_new();
	uint64_t leaves;

	*inexact = false;
	json_object_object_foreach(domains, id, domain) {
		(void)id;
		*inexact |= tree_is(domain, "exact", "0");
		tree_add_sum(sum, "leaves",
			     tree_u64_or_0(domain, "live_4k_leaves"));
		tree_add_sum(sum, "leaves",
			     tree_u64_or_0(domain, "live_2m_leaves"));
		tree_add_sum(sum, "leaves",
			     tree_u64_or_0(domain, "live_1g_leaves"));
	}
	leaves = tree_u64_or_0(sum, "leaves");
	json_object_put(sum);
	return leaves;
}

bool view_walk_is_short(struct json_object *snap)
{
	bool inexact;

	return leaves_of(tree_get(snap, "domains"), &inexact) <=
	       SHORT_LEAVES && !inexact;
}

static struct json_object *count_verdicts(struct json_object *check)
{
	struct json_object *verdicts = tree_new();

	tree_add_u64(verdicts, "equal", 0);
	json_object_object_foreach(check, id, record) {
		(void)id;
		tree_add_sum(verdicts, tree_word(record, "verdict"), 1);
	}
	return verdicts;
}

/* How the self-check went; or, where it was not made, what kept it off. */
struct json_object *view_verdicts(struct json_object *snap)
{
	struct json_object *check = tree_get(snap, "check");
	struct json_object *result = tree_new();
	bool inexact;

	tree_add_u64(result, "made", !!check);
	if (check) {
		tree_add_u64(result, "domains",
			     json_object_object_length(check));
		tree_add(result, "verdicts", count_verdicts(check));
	} else if (!view_walk_is_short(snap)) {
		tree_add_u64(result, "leaves",
			     leaves_of(tree_get(snap, "domains"), &inexact));
	}
	return result;
}

struct json_object *view_check(struct json_object *snap)
{
	struct json_object *view = view_new(snap);

	tree_add(view, "result", view_verdicts(snap));
	differ_explain(tree_get(snap, "check"));
	tree_share(view, snap, "check");
	return view;
}
