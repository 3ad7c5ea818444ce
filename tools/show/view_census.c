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

	tree_foreach(record, key, val) {
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

	tree_foreach(record, key, val)
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

	tree_foreach(census, device, record) {
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
	tree_foreach(record, key, val)
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
	tree_foreach(tables, nr, table) {
		(void)nr;
		total_add_amounts(total, table);
	}
	tree_add(view, "total", total);
	tree_add(view, "tables", tree_sorted(tables, "bytes"));
	tree_share(view, snap, "census");
	json_object_put(tables);
	return view;
}

/* Of what there may be a million: not summed up in a tree. */
struct sum {
	uint64_t val;
	bool known;
};

struct run_sums {
	struct sum torn;
	struct sum runs;
	struct sum bytes;
	struct sum leaves;
	struct sum best_leaves;
};

/* A sum of counters of a broken tree must not wrap to something plausible. */
static void sum_add(struct sum *sum, uint64_t val)
{
	if (__builtin_add_overflow(sum->val, val, &sum->val))
		sum->val = UINT64_MAX;
	sum->known = true;
}

static void sum_tell(struct json_object *total, const char *key,
		     const struct sum *sum)
{
	if (sum->known)
		tree_add_u64(total, key, sum->val);
}

static void run_add(const char *iova, struct json_object *run, void *data)
{
	uint64_t first = strtoull(iova, NULL, 0), last;
	struct run_sums *sums = data;

	if (tree_u64_or_0(run, "torn") == 1) {
		sum_add(&sums->torn, 1);
		return;
	}
	sum_add(&sums->runs, 1);
	if (tree_u64(run, "last", &last) && last >= first)
		sum_add(&sums->bytes, last - first + 1);
	tree_foreach(run, key, val) {
		uint64_t leaves = json_object_get_uint64(val);

		if (!strncmp(key, "leaves_", strlen("leaves_")))
			sum_add(&sums->leaves, leaves);
		else if (!strncmp(key, "best_", strlen("best_")))
			sum_add(&sums->best_leaves, leaves);
	}
}

static struct json_object *total_of(struct json_object *runs)
{
	struct json_object *total = tree_new();
	struct run_sums sums = { 0 };

	tree_each(runs, run_add, &sums);
	sum_tell(total, "torn", &sums.torn);
	sum_tell(total, "runs", &sums.runs);
	sum_tell(total, "bytes", &sums.bytes);
	sum_tell(total, "leaves", &sums.leaves);
	sum_tell(total, "best_leaves", &sums.best_leaves);
	return total;
}

/* The device's runs, or as many of them as were asked for. */
struct json_object *view_runs(struct json_object *snap)
{
	struct json_object *view = view_new(snap);

	tree_share(view, snap, "device");
	tree_share(view, snap, "next");
	tree_add(view, "total", total_of(tree_get(snap, "runs")));
	tree_share(view, snap, "runs");
	return view;
}

/* How far a walk of all tables would go, as far as is known. */
struct walk {
	struct sum leaves;
	bool inexact;
};

static void walk_add(const char *id, struct json_object *domain, void *data)
{
	struct walk *walk = data;

	(void)id;
	walk->inexact |= tree_is(domain, "exact", "0");
	sum_add(&walk->leaves, tree_u64_or_0(domain, "live_4k_leaves"));
	sum_add(&walk->leaves, tree_u64_or_0(domain, "live_2m_leaves"));
	sum_add(&walk->leaves, tree_u64_or_0(domain, "live_1g_leaves"));
}

static struct walk walk_of(struct json_object *snap)
{
	struct walk walk = { 0 };

	tree_each(tree_get(snap, "domains"), walk_add, &walk);
	return walk;
}

static bool is_short(const struct walk *walk)
{
	return walk->leaves.val <= SHORT_LEAVES && !walk->inexact;
}

bool view_walk_is_short(struct json_object *snap)
{
	struct walk walk = walk_of(snap);

	return is_short(&walk);
}

static struct json_object *count_verdicts(struct json_object *check)
{
	struct json_object *verdicts = tree_new();

	tree_add_u64(verdicts, "equal", 0);
	tree_foreach(check, id, record) {
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
	struct walk walk;

	tree_add_u64(result, "made", !!check);
	if (check) {
		tree_add_u64(result, "domains",
			     json_object_object_length(check));
		tree_add(result, "verdicts", count_verdicts(check));
		return result;
	}
	walk = walk_of(snap);
	if (!is_short(&walk))
		tree_add_u64(result, "leaves", walk.leaves.val);
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
