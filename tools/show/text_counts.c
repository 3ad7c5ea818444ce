// SPDX-License-Identifier: GPL-2.0-only
/*
 * `counters`, `errors`, `hist` and `schema`: lists driven by the schema, with
 * no key known here by name. What is zero is counted and not listed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/errname.h"
#include "base/human.h"
#include "base/table.h"
#include "base/tree.h"
#include "hist.h"
#include "text_counts.h"
#include "text_records.h"

#define BAR_WIDTH	40

static void print_skipped(FILE *out, size_t skipped)
{
	if (skipped)
		fprintf(out, "(%zu %s 0)\n", skipped,
			skipped == 1 ? "is" : "are");
}

static const char *unit_of(struct json_object *schema, const char *key)
{
	return tree_word(tree_get(schema, key), "unit");
}

/* Time per time is a share; everything else is so much a second. */
static struct human rate_of(uint64_t val, uint64_t interval_ns,
			    const char *unit)
{
	double rate = val * 1e9 / interval_ns;
	struct human out;

	if (!strcmp(unit, "ns"))
		return human_percent(val, interval_ns);
	if (rate < 100)
		snprintf(out.s, sizeof(out.s), "%.1f", rate);
	else if (rate < 1e18)
		out = human_unit(rate, unit);
	else
		return (struct human){ "-" };
	strcat(out.s, "/s");
	return out;
}

void text_counters(FILE *out, struct json_object *view,
		   struct json_object *schema)
{
	uint64_t interval_ns = tree_u64_or_0(view, "interval_ns");
	struct json_object *counters = tree_get(view, "counters");
	struct table *table = table_new(interval_ns ? 3 : 2);
	size_t skipped = 0;

	text_interval(out, view);
	table_row(table, "=COUNTER", "VALUE", "RATE");
	tree_foreach(counters, key, val) {
		uint64_t number = json_object_get_uint64(val);
		const char *unit = unit_of(schema, key);

		if (!number) {
			skipped++;
			continue;
		}
		table_cell(table, "%s", key);
		table_cell(table, "%s", human_unit(number, unit).s);
		if (interval_ns)
			table_cell(table, "%s",
				   rate_of(number, interval_ns, unit).s);
	}
	table_end(table, out);
	print_skipped(out, skipped);
}

static void error_row(struct table *table, const char *op, const char *err,
		      uint64_t count)
{
	unsigned long nr = strtoul(err, NULL, 10);
	const char *name = errname(nr);

	table_cell(table, "%s", op);
	table_cell(table, "%ju", (uintmax_t)count);
	table_cell(table, "%s", name ?: err);
	table_cell(table, "%s", name ? strerror(nr) : "other");
}

void text_errors(FILE *out, struct json_object *view,
		 struct json_object *schema)
{
	struct table *table = table_new(4);
	size_t errors = 0;

	(void)schema;
	text_interval(out, view);
	table_row(table, "<OPERATION", "CALLS", "<ERROR", "|MEANING");
	tree_foreach(tree_get(view, "errors"), op, counts) {
		tree_foreach(counts, err, count) {
			error_row(table, op, err,
				  json_object_get_uint64(count));
			errors++;
		}
	}
	table_end(table, out);
	if (!errors)
		fputs("No call failed.\n", out);
}

static void print_bar(FILE *out, uint64_t count, uint64_t max)
{
	int len = max ? (double)count * BAR_WIDTH / max + 0.5 : 0;

	fprintf(out, "%10ju |%.*s\n", (uintmax_t)count, len ?: !!count,
		"########################################");
}

static void print_buckets(FILE *out, const struct hist *hist, const char *unit)
{
	unsigned int nr, first = HIST_BUCKETS, last = 0;
	uint64_t max = 0;

	for (nr = 0; nr < HIST_BUCKETS; nr++) {
		if (!hist->bucket[nr])
			continue;
		if (first > nr)
			first = nr;
		last = nr;
		if (max < hist->bucket[nr])
			max = hist->bucket[nr];
	}
	for (nr = first; nr <= last; nr++) {
		fprintf(out, "  from %10s below %10s",
			human_unit(hist_lower(nr), unit).s,
			nr + 1 < HIST_BUCKETS ?
			human_unit(hist_lower(nr + 1), unit).s : "-");
		print_bar(out, hist->bucket[nr], max);
	}
}

static void print_hist(FILE *out, const char *key, const struct hist *hist,
		       struct json_object *desc)
{
	const char *unit = tree_word(desc, "unit");

	fprintf(out, "%s: %s\n", key, tree_word(desc, "help"));
	fprintf(out, "  %ju call%s, 50 %% below %s, 99 %% below %s\n",
		(uintmax_t)hist->count, human_s(hist->count),
		human_unit(hist_quantile(hist, 50), unit).s,
		human_unit(hist_quantile(hist, 99), unit).s);
	print_buckets(out, hist, unit);
	fputc('\n', out);
}

void text_hist(FILE *out, struct json_object *view, struct json_object *schema)
{
	size_t skipped = 0;

	text_interval(out, view);
	tree_foreach(tree_get(view, "hist"), key, counts) {
		struct hist hist = hist_load(counts);

		if (hist.count)
			print_hist(out, key, &hist, tree_get(schema, key));
		else
			skipped++;
	}
	print_skipped(out, skipped);
}

void text_schema(FILE *out, struct json_object *view,
		 struct json_object *schema)
{
	struct table *table = table_new(4);

	(void)schema;
	table_row(table, "=KEY", "<KIND", "<UNIT", "|MEANING");
	tree_foreach(tree_get(view, "schema"), key, desc) {
		table_cell(table, "%s", key);
		table_cell(table, "%s", tree_word(desc, "kind"));
		table_cell(table, "%s", tree_word(desc, "unit"));
		table_cell(table, "%s", tree_word(desc, "help"));
	}
	table_end(table, out);
}
