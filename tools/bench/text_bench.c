// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of `bench`. Costs are per GiB and per 4 KiB page, because that is
 * how they grow where huge pages are not made use of; what they are beside
 * type1's of the same run is a column of its own, for on an emulated machine
 * nothing else means anything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/table.h"
#include "base/tree.h"
#include "text_bench.h"

#define REFERENCE	"type1"

static void print_time(FILE *out, struct json_object *machine)
{
	if (tree_is(machine, "time", "emulated"))
		fprintf(out, "Times are EMULATED (%s): hold them against each other, not against a clock.\n",
			tree_word(machine, "hypervisor"));
	else if (tree_is(machine, "time", "instructions"))
		fprintf(out, "Times are INSTRUCTIONS of an emulated processor (%s), 1 ns each: no caches, no noise.\n",
			tree_word(machine, "hypervisor"));
	else if (!tree_is(machine, "hypervisor", ""))
		fprintf(out, "Measured in a virtual machine (%s).\n",
			tree_word(machine, "hypervisor"));
}

static void print_head(FILE *out, struct json_object *view)
{
	struct json_object *machine = tree_get(view, "machine");
	char *devices = tree_join(machine, "devices");

	fprintf(out, "Kernel %s, %s: medians of %s round%s%s. Module iovascope: %s.\n",
		tree_word(machine, "kernel"), devices,
		tree_word(view, "rounds"),
		tree_is(view, "rounds", "1") ? "" : "s",
		tree_length(tree_get(view, "rows")) ? " after two to warm up" : "",
		tree_word(machine, "module"));
	print_time(out, machine);
	free(devices);
}

/* 12.3, of a duration and what it was for. */
static struct human ms_per_gib(uint64_t ns, uint64_t bytes)
{
	double ms = bytes ? ns / 1e6 / (bytes / 0x1p30) : 0;
	struct human out;

	snprintf(out.s, sizeof(out.s), "%.*f",
		 ms < 0.001 ? 6 : ms < 0.1 ? 4 : ms < 10 ? 3 :
		 ms < 1000 ? 1 : 0, ms);
	return out;
}

static uint64_t figure(struct json_object *row, const char *what,
		       const char *which)
{
	char key[48];

	snprintf(key, sizeof(key), "%s_%sns", what, which);
	return tree_u64_or_0(row, key);
}

static void spread_cells(struct table *table, struct json_object *row,
			 const char *what)
{
	uint64_t bytes = tree_u64_or_0(row, "bytes");

	table_cell(table, "%s", ms_per_gib(figure(row, what, ""), bytes).s);
	table_cell(table, "%s-%s",
		   ms_per_gib(figure(row, what, "min_"), bytes).s,
		   ms_per_gib(figure(row, what, "max_"), bytes).s);
}

static struct json_object *reference_of(struct json_object *rows,
					struct json_object *row)
{
	for (size_t i = 0; i < tree_length(rows); i++)
		if (tree_is(tree_at(rows, i), "backend", REFERENCE) &&
		    tree_is(tree_at(rows, i), "backing", tree_word(row, "backing")) &&
		    tree_is(tree_at(rows, i), "bytes", tree_word(row, "bytes")))
			return tree_at(rows, i);
	return NULL;
}

/* How many times the reference takes. */
static void ratio_cell(struct table *table, struct json_object *row,
		       struct json_object *reference, const char *what)
{
	if (!reference || row == reference)
		table_cell(table, "-");
	else
		table_cell(table, "%s",
			   human_ratio(figure(reference, what, ""),
				       figure(row, what, ""), "x").s);
}

static void per_page_cell(struct table *table, struct json_object *row,
			  const char *what)
{
	table_cell(table, "%s", human_ratio(figure(row, what, ""),
					    tree_u64_or_0(row, "bytes") >> 12,
					    "").s);
}

static void cost_row(struct table *table, struct json_object *rows,
		     struct json_object *row)
{
	struct json_object *reference = reference_of(rows, row);

	table_cell(table, "%s", tree_word(row, "backing"));
	table_cell(table, "%s", human_key(row, "bytes", "bytes").s);
	table_cell(table, "%s", tree_word(row, "backend"));
	spread_cells(table, row, "map");
	ratio_cell(table, row, reference, "map");
	spread_cells(table, row, "unmap");
	ratio_cell(table, row, reference, "unmap");
	per_page_cell(table, row, "map");
	per_page_cell(table, row, "unmap");
	table_cell(table, "%s", tree_word(row, "1g_leaves"));
	table_cell(table, "%s", tree_word(row, "2m_leaves"));
	table_cell(table, "%s", tree_word(row, "4k_leaves"));
	table_cell(table, "%s", human_key(row, "table_bytes", "bytes").s);
}

static void print_costs(FILE *out, struct json_object *rows)
{
	struct table *table = table_new(15);

	table_row(table, "<BACKING", "SIZE", "<BACKEND", "MAP MS/GIB", "SPREAD",
		  "FASTER", "UNMAP MS/GIB", "SPREAD", "FASTER",
		  "NS/4K: MAP", "UNMAP", "LEAVES: 1G", "2M", "4K", "TABLES");
	for (size_t i = 0; i < tree_length(rows); i++)
		cost_row(table, rows, tree_at(rows, i));
	table_end(table, out);
}

static void slope_cell(struct table *table, struct json_object *row,
		       const char *key)
{
	int64_t ns = json_object_get_int64(tree_get(row, key));

	table_cell(table, "%s%s", ns < 0 ? "-" : "",
		   ms_per_gib(ns < 0 ? -ns : ns, 1 << 30).s);
}

static void print_slopes(FILE *out, struct json_object *slopes)
{
	struct table *table = table_new(4);

	table_row(table, "<EACH GIB MORE", "<BACKEND", "MAP MS", "UNMAP MS");
	for (size_t i = 0; i < tree_length(slopes); i++) {
		table_cell(table, "%s", tree_word(tree_at(slopes, i), "backing"));
		table_cell(table, "%s", tree_word(tree_at(slopes, i), "backend"));
		slope_cell(table, tree_at(slopes, i), "map_ns_per_gib");
		slope_cell(table, tree_at(slopes, i), "unmap_ns_per_gib");
	}
	table_end(table, out);
}

static void print_touch(FILE *out, struct json_object *touch)
{
	struct table *table = table_new(5);

	table_row(table, "<FIRST TOUCH", "<BY", "BYTES", "MS/GIB", "SPREAD");
	for (size_t i = 0; i < tree_length(touch); i++) {
		table_cell(table, "%s", tree_word(tree_at(touch, i), "backing"));
		table_cell(table, "%s", tree_get(tree_at(touch, i), "backend") ?
			   tree_word(tree_at(touch, i), "backend") : "itself");
		table_cell(table, "%s",
			   human_key(tree_at(touch, i), "bytes", "bytes").s);
		spread_cells(table, tree_at(touch, i), "touch");
	}
	table_end(table, out);
}

static struct json_object *like_reference(struct json_object *node,
					  struct json_object *row)
{
	for (size_t i = 0; i < tree_length(node); i++)
		if (tree_is(tree_at(node, i), "backend", REFERENCE) &&
		    tree_is(tree_at(node, i), "align", tree_word(row, "align")))
			return tree_at(node, i);
	return NULL;
}

static void node_row(struct table *table, struct json_object *node,
		     struct json_object *row)
{
	struct json_object *reference = like_reference(node, row);

	table_cell(table, "%s", tree_word(row, "backend"));
	table_cell(table, "%s", tree_is(row, "align", "1g") ? "1 GiB" :
		   "2 MiB");
	table_cell(table, "%s", human_key(row, "bar_map_ns", "ns").s);
	table_cell(table, "%s", human_key(row, "memory_map_ns", "ns").s);
	table_cell(table, "%s", human_key(row, "start_ns", "ns").s);
	ratio_cell(table, row, reference, "start");
	table_cell(table, "%s", human_key(row, "bar_unmap_ns", "ns").s);
	table_cell(table, "%s", human_key(row, "memory_unmap_ns", "ns").s);
	table_cell(table, "%s", human_key(row, "teardown_ns", "ns").s);
	ratio_cell(table, row, reference, "teardown");
}

static void print_node(FILE *out, struct json_object *node)
{
	struct table *table = table_new(10);
	struct json_object *first = tree_at(node, 0);

	if (tree_length(node))
		fprintf(out, "\nA VM of %s (%s) with %s device%s, BARs of %s in all, mapped and unmapped:\n",
			human_key(first, "memory_bytes", "bytes").s,
			tree_word(first, "backing"), tree_word(first, "bars"),
			tree_is(first, "bars", "1") ? "" : "s",
			human_key(first, "bars_bytes", "bytes").s);
	table_row(table, "<BACKEND", "ALIGNED TO", "MAP A BAR", "MEMORY",
		  "START", "FASTER", "UNMAP A BAR", "MEMORY", "TEARDOWN",
		  "FASTER");
	for (size_t i = 0; i < tree_length(node); i++)
		node_row(table, node, tree_at(node, i));
	table_end(table, out);
}

static bool same_refusal(struct json_object *a, struct json_object *b)
{
	return tree_is(a, "backend", tree_word(b, "backend")) &&
	       tree_is(a, "bytes", tree_word(b, "bytes")) &&
	       tree_is(a, "reason", tree_word(b, "reason"));
}

static bool told_before(struct json_object *refused, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (same_refusal(tree_at(refused, i), tree_at(refused, nr)))
			return true;
	return false;
}

/* All that were refused for the same reason. */
static char *backings_like(struct json_object *refused, size_t nr)
{
	struct json_object *list = tree_new_list();
	struct json_object *obj = tree_new();
	char *joined;

	tree_add(obj, "list", list);
	for (size_t i = nr; i < tree_length(refused); i++) {
		struct json_object *row = tree_at(refused, i);

		if (same_refusal(row, tree_at(refused, nr)))
			tree_append(list, json_object_get(tree_get(row, "backing")));
	}
	joined = tree_join(obj, "list");
	json_object_put(obj);
	return joined;
}

static void refusal_row(struct table *table, struct json_object *refused,
			size_t nr)
{
	struct json_object *row = tree_at(refused, nr);
	char *backings = backings_like(refused, nr);

	table_cell(table, "%s", tree_get(row, "backend") ?
		   tree_word(row, "backend") : "all");
	table_cell(table, "%s", tree_get(row, "bytes") ?
		   human_key(row, "bytes", "bytes").s : "all");
	table_cell(table, "%s", tree_word(row, "reason"));
	table_cell(table, "%s", backings);
	free(backings);
}

static void print_refused(FILE *out, struct json_object *refused)
{
	struct table *table = table_new(4);

	table_row(table, "<DID NOT RUN", "SIZE", "<REASON", "<BACKINGS");
	for (size_t i = 0; i < tree_length(refused); i++)
		if (!told_before(refused, i))
			refusal_row(table, refused, i);
	table_end(table, out);
}

/* Work that is told by its time, whatever it is. */
static void print_times(FILE *out, struct json_object *times)
{
	struct table *table = table_new(6);

	table_row(table, "<WORK", "<OPERATION", "<BY", "TIME", "LEAST",
		  "GREATEST");
	for (size_t i = 0; i < tree_length(times); i++) {
		struct json_object *row = tree_at(times, i);

		table_cell(table, "%s", tree_word(row, "work"));
		table_cell(table, "%s", tree_word(row, "op"));
		table_cell(table, "%s", tree_word(row, "by"));
		table_cell(table, "%s", human_key(row, "time_ns", "ns").s);
		table_cell(table, "%s", human_key(row, "time_min_ns", "ns").s);
		table_cell(table, "%s", human_key(row, "time_max_ns", "ns").s);
	}
	table_end(table, out);
}

static bool is_of_runs(struct json_object *view)
{
	return tree_get(view, "new_version");
}

static void print_against(FILE *out, struct json_object *view)
{
	struct json_object *old = tree_get(view, "old_machine");
	struct json_object *new = tree_get(view, "new_machine");

	if (is_of_runs(view))
		fprintf(out, "A run of %s against one of %s: ",
			tree_word(view, "new_version"),
			tree_word(view, "old_version"));
	else
		fprintf(out, "Kernel %s against %s: ",
			tree_word(new, "kernel"), tree_word(old, "kernel"));
	fprintf(out, "%s worse, %s better, %s the same, %s gone.\n",
		human_key(tree_get(view, "verdicts"), "worse", "").s,
		human_key(tree_get(view, "verdicts"), "better", "").s,
		human_key(tree_get(view, "verdicts"), "same", "").s,
		human_key(tree_get(view, "verdicts"), "gone", "").s);
	if (new)
		print_time(out, new);
}

/* Of what has a size per GiB, as everywhere; else as it is. */
static void figure_cell(struct table *table, uint64_t ns, uint64_t bytes)
{
	if (bytes)
		table_cell(table, "%s ms/GiB", ms_per_gib(ns, bytes).s);
	else
		table_cell(table, "%s", human_ns(ns).s);
}

/* "6.1 costs": where in a run. */
static void place_cell(struct table *table, struct json_object *change)
{
	if (tree_get(change, "kernel"))
		table_cell(table, "%s %s", tree_word(change, "kernel"),
			   tree_word(change, "part"));
	else
		table_cell(table, "-");
}

static const char *either(struct json_object *change, const char *key,
			  const char *other)
{
	return tree_word(change, tree_get(change, key) ? key : other);
}

static void change_row(struct table *table, struct json_object *change)
{
	uint64_t bytes = tree_u64_or_0(change, "bytes");
	uint64_t old = tree_u64_or_0(change, "old_ns"), new;

	table_cell(table, "%s", tree_word(change, "verdict"));
	place_cell(table, change);
	table_cell(table, "%s", either(change, "work", "backing"));
	table_cell(table, "%s", either(change, "by", "backend"));
	table_cell(table, "%s", bytes ? human_bytes(bytes).s : "-");
	table_cell(table, "%s", either(change, "op", "figure"));
	figure_cell(table, old, bytes);
	if (!tree_u64(change, "new_ns", &new)) {
		table_cell(table, "-");
		table_cell(table, "-");
		return;
	}
	figure_cell(table, new, bytes);
	table_cell(table, "%s", human_ratio(new, old, "x").s);
}

/* What is the same is not worth a line. */
static void text_changes(FILE *out, struct json_object *view)
{
	struct json_object *changes = tree_get(view, "changes");
	struct table *table = table_new(9);

	print_against(out, view);
	table_row(table, "<VERDICT", "<WHERE", "<WHAT", "<BY", "SIZE",
		  "<FIGURE", "OLD", "NEW", "RATIO");
	for (size_t i = 0; i < tree_length(changes); i++)
		if (!tree_is(tree_at(changes, i), "verdict", "same"))
			change_row(table, tree_at(changes, i));
	table_end(table, out);
}

static void print_result(FILE *out, struct json_object *view)
{
	print_head(out, view);
	print_costs(out, tree_get(view, "rows"));
	print_slopes(out, tree_get(view, "slopes"));
	print_touch(out, tree_get(view, "first_touch"));
	print_node(out, tree_get(view, "node"));
	print_times(out, tree_get(view, "times"));
	print_refused(out, tree_get(view, "refused"));
}

static void print_run(FILE *out, struct json_object *parts)
{
	for (size_t i = 0; i < tree_length(parts); i++) {
		struct json_object *part = tree_at(parts, i);

		fprintf(out, "%s== Kernel %s, %s\n", i ? "\n" : "",
			tree_word(part, "kernel"), tree_word(part, "part"));
		print_result(out, tree_get(part, "result"));
	}
}

void text_bench(FILE *out, struct json_object *view, struct json_object *schema)
{
	(void)schema;
	if (tree_get(view, "changes"))
		text_changes(out, view);
	else if (tree_get(view, "parts"))
		print_run(out, tree_get(view, "parts"));
	else
		print_result(out, view);
}
