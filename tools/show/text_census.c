// SPDX-License-Identifier: GPL-2.0-only
/*
 * `units`, `census`, `runs` and `check`: what the remapping hardware is, what
 * its tables hold, and whether that is what has been counted. The first line
 * is the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/leaf.h"
#include "base/table.h"
#include "base/tree.h"
#include "text_census.h"
#include "text_label.h"

/* One cell for each leaf size: prefix, size and suffix make the key. */
static void size_cells(struct table *table, struct json_object *record,
		       const char *prefix, const char *suffix,
		       const char *unit)
{
	char key[64];

	for (int leaf = LEAF_1G; leaf >= LEAF_4K; leaf--) {
		snprintf(key, sizeof(key), "%s%s%s", prefix, leaf_words[leaf],
			 suffix);
		table_cell(table, "%s", human_key(record, key, unit).s);
	}
}

static void hex_cell(struct table *table, struct json_object *record,
		     const char *key)
{
	uint64_t val;

	if (tree_u64(record, key, &val))
		table_cell(table, "0x%jx", (uintmax_t)val);
	else
		table_cell(table, "-");
}

/* The leaf sizes that the unit's tables of one stage may have. */
static void stage_cell(struct table *table, struct json_object *unit,
		       const char *huge, const char *giant)
{
	table_cell(table, "4K%s%s", tree_is(unit, huge, "1") ? ",2M" : "",
		   tree_is(unit, giant, "1") ? ",1G" : "");
}

static const char *translation_of(struct json_object *unit)
{
	if (tree_is(unit, "present", "0"))
		return "gone";
	return tree_is(unit, "translation", "1") ? "on" :
	       tree_is(unit, "translation", "0") ? "off" : "-";
}

static void unit_row(struct table *table, const char *name,
		     struct json_object *unit)
{
	char *levels = tree_join(unit, "levels");

	table_cell(table, "%s", name);
	table_cell(table, "%s", tree_word(unit, "segment"));
	hex_cell(table, unit, "address");
	table_cell(table, "%s", translation_of(unit));
	table_cell(table, "%s", tree_word(unit, "mode"));
	table_cell(table, "%s", levels);
	stage_cell(table, unit, "second_2m", "second_1g");
	/* A unit that knows the first stage knows its 2M leaves. */
	if (tree_is(unit, "first_2m", "1"))
		stage_cell(table, unit, "first_2m", "first_1g");
	else
		table_cell(table, "-");
	hex_cell(table, unit, "cap");
	hex_cell(table, unit, "ecap");
	free(levels);
}

static void print_units(FILE *out, struct json_object *units)
{
	uint64_t all = json_object_object_length(units), on = 0;

	tree_foreach(units, name, unit) {
		(void)name;
		on += tree_is(unit, "translation", "1");
	}
	if (all)
		fprintf(out, "%ju remapping unit%s, %ju with translation on.\n",
			(uintmax_t)all, human_s(all), (uintmax_t)on);
	else
		fputs("No remapping unit: the firmware describes no VT-d.\n",
		      out);
}

void text_units(FILE *out, struct json_object *view,
		struct json_object *schema)
{
	struct json_object *units = tree_get(view, "units");
	struct table *table = table_new(10);

	(void)schema;
	print_units(out, units);
	table_row(table, "<UNIT", "SEGMENT", "ADDRESS", "<TRANSLATION",
		  "<MODE", "<LEVELS", "<SECOND STAGE", "<FIRST STAGE", "CAP",
		  "ECAP");
	tree_foreach(units, name, unit)
		unit_row(table, name, unit);
	table_end(table, out);
}

static void print_held(FILE *out, struct json_object *total)
{
	uint64_t tables = tree_u64_or_0(total, "page_tables");
	uint64_t devices = tree_u64_or_0(total, "devices");
	char key[32];

	if (!tables) {
		fprintf(out, "No page table: %ju device%s.\n",
			(uintmax_t)devices, human_s(devices));
		return;
	}
	fprintf(out, "%s mapped in %ju page table%s:",
		human_key(total, "bytes", "bytes").s, (uintmax_t)tables,
		human_s(tables));
	for (int leaf = LEAF_1G; leaf >= LEAF_4K; leaf--) {
		snprintf(key, sizeof(key), "%s_bytes", leaf_words[leaf]);
		fprintf(out, "%s %s in %s leaves", leaf < LEAF_1G ? "," : "",
			human_key(total, key, "bytes").s, leaf_names[leaf]);
	}
	fputs(".\n", out);
}

/* What contiguity is there, and what has been made of it. */
static void print_wasted(FILE *out, struct json_object *total)
{
	uint64_t runs = tree_u64_or_0(total, "runs");

	if (!runs)
		return;
	fprintf(out, "%ju run%s, leaves for %s: %s, at best %s",
		(uintmax_t)runs, human_s(runs), runs == 1 ? "it" : "them",
		human_key(total, "leaves", "leaves").s,
		human_key(total, "best_leaves", "leaves").s);
	if (tree_get(total, "table_bytes"))
		fprintf(out, "; tables: %s, at best %s",
			human_key(total, "table_bytes", "bytes").s,
			human_key(total, "best_table_bytes", "bytes").s);
	fputs(".\n", out);
}

static void table_cells(struct table *table, const char *nr,
			struct json_object *record)
{
	table_cell(table, "%s", nr);
	table_cell(table, "%s", text_devices(record).s);
	table_cell(table, "%s", human_key(record, "bytes", "bytes").s);
	size_cells(table, record, "", "_bytes", "bytes");
	table_cell(table, "%s", human_key(record, "ro_bytes", "bytes").s);
	table_cell(table, "%s", human_key(record, "mmio_bytes", "bytes").s);
	table_cell(table, "%s", human_key(record, "runs", "runs").s);
	table_cell(table, "%s", human_key(record, "leaves", "leaves").s);
	table_cell(table, "%s", human_key(record, "best_leaves", "leaves").s);
	table_cell(table, "%s", human_key(record, "table_bytes", "bytes").s);
	table_cell(table, "%s",
		   human_key(record, "best_table_bytes", "bytes").s);
}

static void print_tables(FILE *out, struct json_object *tables)
{
	struct table *table = table_new(13);

	table_row(table, "TABLE", "<DEVICES", "MAPPED", "1G", "2M", "4K",
		  "READ-ONLY", "MMIO", "RUNS", "LEAVES", "AT BEST", "TABLES",
		  "AT BEST");
	tree_foreach(tables, nr, record)
		table_cells(table, nr, record);
	table_end(table, out);
}

static void print_devices(FILE *out, struct json_object *census)
{
	struct table *table = table_new(6);

	table_row(table, "<DEVICE", "<UNIT", "<TYPE", "LEVELS", "DOMAIN ID",
		  "TABLE");
	tree_foreach(census, device, record)
		table_row(table, device, tree_word(record, "unit"),
			  tree_word(record, "type"),
			  tree_word(record, "levels"),
			  tree_word(record, "did"),
			  tree_word(record, "table"));
	table_end(table, out);
}

/* How far a table's numbers can be trusted. */
static void print_doubts(FILE *out, struct json_object *tables)
{
	tree_foreach(tables, nr, table) {
		uint64_t garbage = tree_u64_or_0(table, "garbage");

		if (tree_is(table, "readable", "0"))
			fprintf(out, "Table %s could not be read.\n", nr);
		if (tree_u64_or_0(table, "torn"))
			fprintf(out, "Table %s changed while it was read.\n",
				nr);
		if (garbage)
			fprintf(out, "Table %s: %ju entr%s of no known form.\n",
				nr, (uintmax_t)garbage,
				garbage == 1 ? "y" : "ies");
	}
}

void text_census(FILE *out, struct json_object *view,
		 struct json_object *schema)
{
	struct json_object *tables = tree_get(view, "tables");
	struct json_object *total = tree_get(view, "total");

	(void)schema;
	print_held(out, total);
	print_wasted(out, total);
	print_doubts(out, tables);
	print_tables(out, tables);
	print_devices(out, tree_get(view, "census"));
}

/* A million rows are tables of as many as are printed by themselves. */
#define TABLE_RUNS	1000

struct run_table {
	FILE *out;
	struct table *table;
	size_t rows;
};

static void run_table_begin(struct run_table *runs)
{
	runs->rows = 0;
	runs->table = table_new(12);
	table_row(runs->table, "IOVA", "LAST", "PHYS", "BYTES", "LEAVES: 1G",
		  "2M", "4K", "AT BEST: 1G", "2M", "4K", "<ACCESS", "<BACKING");
}

static void run_row(const char *iova, struct json_object *run, void *data)
{
	uint64_t first = strtoull(iova, NULL, 0), last;
	struct run_table *runs = data;
	struct table *table;

	if (runs->rows++ == TABLE_RUNS) {
		table_end(runs->table, runs->out);
		run_table_begin(runs);
		runs->rows = 1;
	}
	table = runs->table;
	table_cell(table, "%s", iova);
	hex_cell(table, run, "last");
	hex_cell(table, run, "phys");
	if (tree_u64(run, "last", &last))
		table_cell(table, "%s", human_bytes(last - first + 1).s);
	else
		table_cell(table, "-");
	size_cells(table, run, "leaves_", "", "leaves");
	size_cells(table, run, "best_", "", "leaves");
	table_cell(table, "%s", tree_is(run, "write", "0") ? "r" : "rw");
	table_cell(table, "%s", tree_is(run, "torn", "1") ? "torn" :
		   tree_is(run, "mmio", "1") ? "MMIO" : "RAM");
}

void text_runs(FILE *out, struct json_object *view, struct json_object *schema)
{
	struct json_object *total = tree_get(view, "total");
	struct run_table runs = { .out = out };
	uint64_t next;

	(void)schema;
	if (tree_u64_or_0(total, "runs"))
		fprintf(out, "%s: %s in these runs.\n",
			tree_word(view, "device"),
			human_bytes(tree_u64_or_0(total, "bytes")).s);
	else
		fprintf(out, "%s: nothing is mapped from there on.\n",
			tree_word(view, "device"));
	print_wasted(out, total);
	if (tree_get(total, "torn"))
		fprintf(out, "Ranges that kept changing while read: %s.\n",
			tree_word(total, "torn"));
	run_table_begin(&runs);
	tree_each(tree_get(view, "runs"), run_row, &runs);
	table_end(runs.table, out);
	if (tree_u64(view, "next", &next))
		fprintf(out, "(more: iovascope runs %s --from 0x%jx)\n",
			tree_word(view, "device"), (uintmax_t)next);
}

void text_verdicts(FILE *out, struct json_object *result)
{
	struct json_object *verdicts = tree_get(result, "verdicts");
	uint64_t domains = tree_u64_or_0(result, "domains");
	const char *gap = ":";

	if (!domains) {
		fputs("no domain to compare", out);
		return;
	}
	fprintf(out, "%ju domain%s", (uintmax_t)domains, human_s(domains));
	if (tree_u64_or_0(verdicts, "equal") == domains) {
		fputs(" equal", out);
		return;
	}
	tree_foreach(verdicts, verdict, val) {
		fprintf(out, "%s %s %s", gap, json_object_get_string(val),
			verdict);
		gap = ",";
	}
}

static void check_row(struct table *table, const char *id,
		      struct json_object *record)
{
	table_cell(table, "%s", id);
	table_cell(table, "%s", tree_word(record, "verdict"));
	table_cell(table, "%s", text_devices(record).s);
	size_cells(table, record, "flow_", "_leaves", "leaves");
	size_cells(table, record, "census_", "_leaves", "leaves");
	table_cell(table, "%s",
		   human_key(record, "flow_table_bytes", "bytes").s);
	table_cell(table, "%s",
		   human_key(record, "census_table_bytes", "bytes").s);
	hex_cell(table, record, "iova");
}

/*
 * What a domain needs tables for is known, and how many there are; but a driver
 * keeps tables that have become empty, and a verdict is on leaves.
 */
static void print_kept(FILE *out, struct json_object *check)
{
	uint64_t needed, there, kept = 0;

	tree_foreach(check, id, record) {
		(void)id;
		if (tree_is(record, "verdict", "equal") &&
		    tree_u64(record, "flow_table_bytes", &needed) &&
		    tree_u64(record, "census_table_bytes", &there) &&
		    there > needed)
			kept += there - needed;
	}
	if (kept)
		fprintf(out, "Equal is said of leaves; %s of tables hold none any more, drivers keep them until the domain goes.\n",
			human_bytes(kept).s);
}

void text_check(FILE *out, struct json_object *view,
		struct json_object *schema)
{
	struct table *table = table_new(12);

	(void)schema;
	fputs("Flow and census: ", out);
	text_verdicts(out, tree_get(view, "result"));
	fputs(".\n", out);
	print_kept(out, tree_get(view, "check"));
	table_row(table, "DOMAIN", "<VERDICT", "<DEVICES", "FLOW: 1G", "2M",
		  "4K", "CENSUS: 1G", "2M", "4K", "TABLES: FLOW", "CENSUS",
		  "FIRST AT");
	tree_foreach(tree_get(view, "check"), id, record)
		check_row(table, id, record);
	table_end(table, out);
	tree_foreach(tree_get(view, "check"), of, differs) {
		if (tree_get(differs, "meaning"))
			fprintf(out, "\nDomain %s: %s.\n", of,
				tree_word(differs, "meaning"));
	}
}
