// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables with a row for each record: which columns, which records, in which
 * order. What is chosen is chosen from the view, so that JSON has the same
 * records; columns are for text, and so is the unit that numbers are scaled to.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bdf.h"
#include "base/clean.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/paper.h"
#include "base/request.h"
#include "base/table.h"
#include "base/tree.h"
#include "command.h"
#include "rows.h"

#define MAX_COLUMNS	64

/* What the user asked for: renderers are handed views, not requests. */
static struct {
	const char *output;
	size_t limit;
	bool filtered;
	bool verbose;
} asked;

void rows_say_none(FILE *out, const char *why)
{
	/* Tables for programs have rows and nothing else. */
	if (!table_is_raw())
		fprintf(out, "%s\n", asked.filtered ? "None of them matches." :
			why);
}

bool rows_long(void)
{
	return asked.verbose;
}

size_t rows_max(size_t usual)
{
	return asked.limit ?: usual;
}

static bool same_name(const char *column, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++, column++) {
		char c = *column == ' ' || *column == '-' ? '_' : *column;
		char w = word[i] == '-' ? '_' : word[i];

		if (!c || (c | 0x20) != (w | 0x20))
			return false;
	}
	return !*column;
}

/* NULL behind the last. */
static const struct row_column *column_at(const struct rows *rows, size_t i)
{
	const struct row_column *column;

	for (column = rows->columns; column->name; column++)
		if (!i--)
			return column;
	for (column = owner_columns; column->name; column++)
		if (!i--)
			return column;
	return NULL;
}

static __noreturn void fail_column(const struct rows *rows, const char *word,
				   size_t len)
{
	const struct row_column *column;
	struct paper paper;

	paper_open(&paper);
	for (size_t i = 0; (column = column_at(rows, i)); i++)
		fprintf(paper.out, "%s%s", i ? "," : "",
			column->name);
	fail(EXIT_USAGE, "no such column: '%.*s': there are %s, and keys (`iovascope schema`)",
	     (int)len, word, paper_close(&paper));
}

/* By its name, or a key that the record has; what is made is never freed. */
static struct row_column column_find(const struct rows *rows,
				     struct json_object *schema,
				     const char *word, size_t len)
{
	const struct row_column *column;
	struct json_object *desc;
	char *key;

	for (size_t i = 0; (column = column_at(rows, i)); i++)
		if (same_name(column->name, word, len))
			return *column;
	key = alloc_print("%.*s", (int)len, word);
	desc = tree_get(schema, key);
	if (!tree_lists(desc, "in", rows->section))
		fail_column(rows, word, len);
	return (struct row_column){ key, key, tree_word(desc, "unit"),
				    NULL, true, false };
}

/* Integers and lists as they are; of what else there is what it is called. */
static char *raw_cell(const struct row_column *column, const char *id,
		      struct json_object *record)
{
	struct json_object *val;

	if (!column->key)
		return alloc_copy(id);
	val = tree_get(record, column->key);
	if (json_object_is_type(val, json_type_array))
		return tree_join(record, column->key);
	if (column->cell && !json_object_is_type(val, json_type_int))
		return alloc_copy(column->cell(record).s);
	return alloc_copy(json_object_get_string(val) ?: "");
}

static char *cell_of(const struct row_column *column, const char *id,
		     struct json_object *record)
{
	if (table_is_raw() || !column->key)
		return raw_cell(column, id, record);
	if (column->cell)
		return alloc_copy(column->cell(record).s);
	if (column->unit)
		return alloc_copy(human_key(record, column->key,
					    column->unit).s);
	return tree_get(record, column->key) ? raw_cell(column, id, record) :
	       alloc_copy("-");
}

static bool list_matches(struct json_object *list, const char *pattern)
{
	for (size_t i = 0; i < tree_length(list); i++)
		if (!fnmatch(pattern, json_object_get_string(tree_at(list, i))
			     ?: "", 0))
			return true;
	return false;
}

static bool column_matches(const struct row_column *column, const char *id,
			   struct json_object *record, const char *pattern)
{
	char *cell = raw_cell(column, id, record);
	bool found = !fnmatch(pattern, cell, 0) ||
		     (column->key &&
		      list_matches(tree_get(record, column->key), pattern));

	free(cell);
	return found;
}

struct filter {
	const struct row_column *column;
	const char *pattern;
};

static bool record_matches(const struct rows *rows, const struct filter *filter,
			   const char *id, struct json_object *record)
{
	const struct row_column *column;

	if (filter->column)
		return column_matches(filter->column, id, record,
				      filter->pattern);
	for (size_t i = 0; (column = column_at(rows, i)); i++)
		if (column->match &&
		    column_matches(column, id, record, filter->pattern))
			return true;
	return false;
}

static void choose_matching(const struct rows *rows, struct json_object *view,
			    struct json_object *schema, const char *word)
{
	struct json_object *records = tree_get(view, rows->section);
	const char *equals = strchr(word, '=');
	struct json_object *chosen = tree_new();
	struct filter filter = { NULL, word };
	struct row_column column;
	char *device;

	if (equals) {
		column = column_find(rows, schema, word, equals - word);
		filter = (struct filter){ &column, equals + 1 };
	}
	device = bdf_of(filter.pattern);
	filter.pattern = device ?: filter.pattern;
	tree_foreach(records, id, record)
		if (record_matches(rows, &filter, id, record))
			tree_add(chosen, id, json_object_get(record));
	tree_add(view, rows->section, chosen);
	free(device);
}

/* What records are sorted by; qsort() hands its function nothing of ours. */
static struct row_column sort_column;

static int entries_compare(const void *a, const void *b)
{
	struct lh_entry *const *x = a, *const *y = b;
	struct json_object *one = (struct json_object *)lh_entry_v(*x);
	struct json_object *two = (struct json_object *)lh_entry_v(*y);
	char *left = raw_cell(&sort_column, lh_entry_k(*x), one);
	char *right = raw_cell(&sort_column, lh_entry_k(*y), two);
	uint64_t m = 0, n = 0;
	int order;

	if (sort_column.unit) {
		m = strtoull(left, NULL, 10);
		n = strtoull(right, NULL, 10);
		order = (m < n) - (m > n);
	} else {
		order = strverscmp(left, right);
	}
	free(left);
	free(right);
	return order;
}

static void sort_records(const struct rows *rows, struct json_object *view)
{
	struct json_object *records = tree_get(view, rows->section);
	size_t nr = json_object_object_length(records), i = 0;
	struct lh_entry **entries = alloc_zeroed(nr, sizeof(*entries));
	struct json_object *sorted = tree_new();
	struct lh_entry *entry;

	lh_foreach(json_object_get_object(records), entry)
		entries[i++] = entry;
	qsort(entries, nr, sizeof(*entries), entries_compare);
	for (i = 0; i < nr; i++)
		tree_share(sorted, records, lh_entry_k(entries[i]));
	tree_add(view, rows->section, sorted);
	free(entries);
}

/* The first @limit; how many have been left out is told in their place. */
static void cut_records(const struct rows *rows, struct json_object *view,
			size_t limit)
{
	struct json_object *records = tree_get(view, rows->section);
	size_t nr = json_object_object_length(records);
	struct json_object *first = tree_new();

	if (nr <= limit)
		return;
	tree_foreach(records, id, record)
		if (limit) {
			tree_add(first, id, json_object_get(record));
			limit--;
		}
	tree_add_u64(view, "left_out", nr - json_object_object_length(first));
	tree_add(view, rows->section, first);
}

void rows_choose(const struct request *request, struct json_object *view,
		 struct json_object *schema)
{
	const struct rows *rows = request->command->rows;

	asked.output = request->output;
	asked.limit = request->given & BIT(OPT_ALL) ? SIZE_MAX : request->limit;
	asked.filtered = request->filter;
	asked.verbose = request->given & BIT(OPT_LONG);
	if (!rows)
		return;
	if (request->filter)
		choose_matching(rows, view, schema, request->filter);
	if (request->sort) {
		sort_column = column_find(rows, schema, request->sort,
					  strlen(request->sort));
		sort_records(rows, view);
	}
	if (asked.limit)
		cut_records(rows, view, asked.limit);
}

struct choice {
	struct table *table;
	size_t nr;
	struct row_column columns[MAX_COLUMNS];
};

static void choice_add(struct choice *choice, struct row_column column)
{
	if (choice->nr == MAX_COLUMNS)
		fail(EXIT_USAGE, "more than %d columns", MAX_COLUMNS);
	choice->columns[choice->nr++] = column;
}

static void choose_columns(struct choice *choice, const struct rows *rows,
			   struct json_object *schema, bool shown_only)
{
	const char *word = shown_only ? NULL : asked.output;
	const struct row_column *column;

	if (!word || *word == '+')
		for (size_t i = 0; (column = column_at(rows, i)); i++)
			if (column->shown)
				choice_add(choice, *column);
	if (word && *word == '+')
		word++;
	while (word) {
		size_t len = strcspn(word, ",");

		choice_add(choice, column_find(rows, schema, word, len));
		word = word[len] ? word + len + 1 : NULL;
	}
}

static void print_heads(struct table *table, const struct choice *choice)
{
	for (size_t i = 0; i < choice->nr; i++)
		table_cell(table, "%s%s", choice->columns[i].unit ? "" : "<",
			   choice->columns[i].name);
}

static void print_row(const char *id, struct json_object *record, void *data)
{
	const struct choice *choice = data;

	for (size_t i = 0; i < choice->nr; i++) {
		char *cell = cell_of(&choice->columns[i], id, record);

		table_cell(choice->table, "%s", cell);
		free(cell);
	}
}

void rows_print(FILE *out, struct json_object *records, const struct rows *rows,
		struct json_object *schema, size_t max, const char *command)
{
	size_t nr = tree_count(records);
	struct choice choice = { 0 };

	choose_columns(&choice, rows, schema, command);
	choice.table = table_new(choice.nr);
	print_heads(choice.table, &choice);
	tree_each_first(records, max, print_row, &choice);
	table_end(choice.table, out);
	if (nr > max && command)
		fprintf(out, "(%zu more: iovascope %s)\n", nr - max, command);
}
