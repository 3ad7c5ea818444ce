// SPDX-License-Identifier: GPL-2.0-only
/*
 * `domains`, `processes`, `inflight` and `probes`: records, and the pieces of
 * them that `show` prints too. What a record has beyond its heading and its
 * cost is listed by its key, so that nothing the module counts stays unseen.
 */
#include <stdlib.h>
#include <string.h>

#include "base/errname.h"
#include "base/human.h"
#include "base/table.h"
#include "base/tree.h"
#include "cost.h"
#include "read/names.h"
#include "rows.h"
#include "text_label.h"
#include "text_records.h"

#define BASE_PAGE	4096

/* "domains" and "processes", but "1 domain" and "1 process". */
static int name_len(const char *section, size_t nr)
{
	int len = strlen(section);

	if (nr != 1)
		return len;
	return strcmp(section, "processes") ? len - 1 : len - 2;
}

void text_interval(FILE *out, struct json_object *view)
{
	struct json_object *gone = tree_get(view, "gone");
	uint64_t ns;

	if (!tree_u64(view, "interval_ns", &ns) || table_is_raw())
		return;
	fprintf(out, "In %s", human_ns(ns).s);
	tree_foreach(gone, section, ids) {
		size_t nr = tree_length(ids);

		if (nr)
			fprintf(out, ", %zu %.*s gone", nr,
				name_len(section, nr), section);
	}
	fputs(":\n", out);
}

static void cost_row(struct table *table, const char *op, const char *part,
		     struct json_object *facts)
{
	bool total = !strcmp(part, "total");
	uint64_t pages = tree_u64_or_0(facts, "bytes") / BASE_PAGE;

	if (!tree_u64_or_0(facts, "calls"))
		return;
	table_cell(table, "%s%s", total ? "" : "  ", total ? op : part);
	table_cell(table, "%s", human_key(facts, "calls", "calls").s);
	table_cell(table, "%s", human_key(facts, "errors", "calls").s);
	table_cell(table, "%s", human_key(facts, "bytes", "bytes").s);
	table_cell(table, "%s", human_key(facts, "ns", "ns").s);
	table_cell(table, "%s", human_key(facts, "max_ns", "ns").s);
	table_cell(table, "%s",
		   human_ratio(tree_u64_or_0(facts, "ns"), pages, "").s);
}

void text_cost(FILE *out, struct json_object *cost)
{
	struct table *table = table_new(7);

	table_row(table, "<COST", "CALLS", "ERRORS", "BYTES", "TIME", "MAX",
		  "NS/4K PAGE");
	tree_foreach(cost, op, parts) {
		tree_foreach(parts, part, facts)
			cost_row(table, op, part, facts);
	}
	table_end(table, out);
}

/* Every number of the record that the schema knows and its cost lacks. */
static void print_rest(FILE *out, struct json_object *record,
		       struct json_object *schema)
{
	struct table *table = table_new(2);

	table_row(table, "<KEY", "VALUE");
	tree_foreach(record, key, val) {
		struct json_object *desc = tree_get(schema, key);

		if (!desc || cost_has(record, key) ||
		    !json_object_get_uint64(val))
			continue;
		table_cell(table, "%s", key);
		table_cell(table, "%s",
			   human_key(record, key, tree_word(desc, "unit")).s);
	}
	table_end(table, out);
}

static void print_record(FILE *out, struct json_object *record,
			 struct json_object *schema)
{
	struct json_object *cost = cost_of(record);

	print_rest(out, record, schema);
	text_cost(out, cost);
	json_object_put(cost);
}

static void print_domain_head(FILE *out, const char *id,
			      struct json_object *domain)
{
	char *devices = tree_join(domain, "devices");
	char *reasons = tree_join(domain, "inexact");

	fprintf(out, "domain %s: %s, %s, backend %s, group %s, devices %s\n",
		id, names_owner(domain).s, tree_word(domain, "type"),
		tree_word(domain, "backend"), tree_word(domain, "group"),
		devices);
	if (*text_about(domain))
		fprintf(out, "inexact (%s): the numbers are not all of it\n",
			reasons);
	free(devices);
	free(reasons);
}

static void print_left_out(FILE *out, struct json_object *view)
{
	uint64_t more = tree_u64_or_0(view, "left_out");

	if (more && !table_is_raw())
		fprintf(out, "(%ju more: --all)\n", (uintmax_t)more);
}

/* Where every number of each goes. */
struct listing {
	FILE *out;
	struct json_object *schema;
	const char *gap;
};

static void print_domain(const char *id, struct json_object *domain, void *data)
{
	struct listing *listing = data;

	fputs(listing->gap, listing->out);
	print_domain_head(listing->out, id, domain);
	print_record(listing->out, domain, listing->schema);
	listing->gap = "\n";
}

static void print_process(const char *id, struct json_object *process,
			  void *data)
{
	struct listing *listing = data;

	fprintf(listing->out, "%sprocess %s: %s%s\n", listing->gap, id,
		names_owner(process).s,
		tree_is(process, "alive", "0") ? ", gone" : "");
	print_record(listing->out, process, listing->schema);
	listing->gap = "\n";
}

/* A row of each, or every number of each. */
static void print_records(FILE *out, struct json_object *records,
			  const struct rows *rows, struct json_object *schema,
			  tree_visit_fn *print)
{
	struct listing listing = { out, schema, "" };

	if (rows_long())
		tree_each(records, print, &listing);
	else
		rows_print(out, records, rows, schema, SIZE_MAX, NULL);
}

void text_domains(FILE *out, struct json_object *view,
		  struct json_object *schema)
{
	struct json_object *domains = tree_get(view, "domains");

	text_interval(out, view);
	if (!tree_count(domains))
		rows_say_none(out, "No domain has been used.");
	print_records(out, domains, &domain_rows, schema, print_domain);
	print_left_out(out, view);
}

void text_processes(FILE *out, struct json_object *view,
		    struct json_object *schema)
{
	struct json_object *processes = tree_get(view, "processes");

	text_interval(out, view);
	if (!tree_count(processes))
		rows_say_none(out, "No process has used VFIO.");
	print_records(out, processes, &process_rows, schema, print_process);
	print_left_out(out, view);
}

void text_inflight(FILE *out, struct json_object *view,
		   struct json_object *schema)
{
	struct json_object *inflight = tree_get(view, "inflight");

	text_interval(out, view);
	if (!json_object_object_length(inflight))
		rows_say_none(out, "Every call has returned.");
	rows_print(out, inflight, &inflight_rows, schema, SIZE_MAX, NULL);
	print_left_out(out, view);
}

static void probe_row(struct table *table, const char *row,
		      struct json_object *probe)
{
	uint64_t err = tree_u64_or_0(probe, "errno");
	char *feeds = tree_join(probe, "feeds");

	table_cell(table, "%s", row);
	table_cell(table, "%s%s%s", tree_word(probe, "state"), err ? " " : "",
		   err ? errname(err) ?: "?" : "");
	table_cell(table, "%s", tree_word(probe, "symbol"));
	table_cell(table, "%s", tree_word(probe, "module"));
	table_cell(table, "%s", human_key(probe, "missed", "calls").s);
	table_cell(table, "%s", feeds);
	free(feeds);
}

void text_probes(FILE *out, struct json_object *view,
		 struct json_object *schema)
{
	struct table *table = table_new(6);

	(void)schema;
	table_row(table, "=PROBE", "=STATE", "=SYMBOL", "<MODULE", "MISSED",
		  "|FEEDS");
	tree_foreach(tree_get(view, "probes"), row, probe)
		probe_row(table, row, probe);
	table_end(table, out);
}
