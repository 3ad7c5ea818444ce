// SPDX-License-Identifier: GPL-2.0-only
/*
 * `why` and `host`: the answer, then each cause with its evidence and its fix,
 * then the facts it rests on. The first line is the answer.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/human.h"
#include "base/table.h"
#include "kind.h"
#include "read/names.h"
#include "refused.h"
#include "text_why.h"
#include "base/tree.h"

/* What was refused, and not how much of what is mapped it concerns. */
static void print_call(FILE *out, struct json_object *cause)
{
	char *call = refused_call(cause);

	fprintf(out, ": %s", call);
	free(call);
}

/* By the clock on the wall, as logs have it. */
static void print_when(FILE *out, struct json_object *cause)
{
	time_t when = tree_u64_or_0(cause, "wall_ns") / 1000000000;
	struct tm broken;
	char text[32];

	if (localtime_r(&when, &broken) &&
	    strftime(text, sizeof(text), "%F %T %Z", &broken))
		fprintf(out, "  when:     %s\n", text);
}

static void print_cause(FILE *out, struct json_object *cause)
{
	struct json_object *evidence = tree_get(cause, "evidence");

	fprintf(out, "\n%s", tree_word(cause, "cause"));
	if (tree_get(cause, "refusal"))
		print_call(out, cause);
	else if (tree_get(cause, "bytes"))
		fprintf(out, ": %s from 0x%jx on",
			human_key(cause, "bytes", "bytes").s,
			(uintmax_t)tree_u64_or_0(cause, "iova"));
	if (tree_u64_or_0(cause, "runs") > 1)
		fprintf(out, ", %ju runs",
			(uintmax_t)tree_u64_or_0(cause, "runs"));
	if (tree_get(cause, "ns"))
		fprintf(out, ": %s, %ju %%", human_key(cause, "ns", "ns").s,
			(uintmax_t)tree_u64_or_0(cause, "percent"));
	fputc('\n', out);
	if (tree_get(cause, "refusal"))
		print_when(out, cause);
	fprintf(out, "  cause:    %s\n", tree_word(cause, "says"));
	for (size_t i = 0; i < tree_length(evidence); i++)
		fprintf(out, "  evidence: %s\n",
			json_object_get_string(tree_at(evidence, i)));
	fprintf(out, "  fix:      %s\n", tree_word(cause, "fix"));
	if (tree_get(cause, "how"))
		fprintf(out, "  saves:    %s: %s\n",
			tree_get(cause, "saves_ns") ?
			human_key(cause, "saves_ns", "ns").s : "not known",
			tree_word(cause, "how"));
}

/* Of this kind there are others, which the answer has left out. */
static void print_more(FILE *out, struct json_object *kind)
{
	uint64_t runs = tree_u64_or_0(kind, "more_runs"), causes;
	struct human bytes = human_key(kind, "more_bytes", "bytes");

	if (!runs)
		return;
	if (tree_u64(kind, "more_causes", &causes))
		fprintf(out, "  and %ju more like it: %s (--all)\n",
			(uintmax_t)causes, bytes.s);
	else
		fprintf(out, "  and more like it in %ju runs: %s (--all)\n",
			(uintmax_t)runs, bytes.s);
}

static void print_causes(FILE *out, struct json_object *view)
{
	struct json_object *causes = tree_get(view, "causes");
	struct json_object *kind = NULL, *next;

	for (size_t i = 0; i < tree_length(causes); i++) {
		next = kind_of(view, tree_at(causes, i));
		if (next != kind)
			print_more(out, kind);
		kind = next;
		print_cause(out, tree_at(causes, i));
	}
	print_more(out, kind);
}

void print_findings(FILE *out, struct json_object *view)
{
	struct json_object *refusals = tree_get(view, "refusals");
	struct json_object *stale = tree_get(view, "stale");
	struct json_object *vmas = tree_get(view, "vmas");

	fprintf(out, "%s\n", tree_word(view, "answer"));
	for (size_t i = 0; i < tree_length(refusals); i++)
		print_cause(out, tree_at(refusals, i));
	/* The command `stale` has them among the causes. */
	for (size_t i = 0; i < tree_length(stale) && vmas; i++)
		if (tree_u64_or_0(tree_at(stale, i), "stale_bytes"))
			print_cause(out, tree_get(tree_at(stale, i), "cause"));
	print_causes(out, view);
}

void print_missing(FILE *out, struct json_object *view)
{
	struct json_object *missing = tree_get(view, "missing");

	if (tree_length(missing))
		fputc('\n', out);
	for (size_t i = 0; i < tree_length(missing); i++)
		fprintf(out, "Not known: %s\n",
			json_object_get_string(tree_at(missing, i)));
}

static void print_vmas(FILE *out, struct json_object *vmas)
{
	struct table *table = table_new(9);

	table_row(table, "<MAPPING", "SIZE", "PAGE", "HUGETLB", "THP",
		  "IOMMU: 1G", "2M", "4K", "<FILE");
	for (size_t i = 0; i < tree_length(vmas); i++) {
		struct json_object *vma = tree_at(vmas, i);

		table_cell(table, "0x%jx",
			   (uintmax_t)tree_u64_or_0(vma, "start"));
		table_cell(table, "%s", human_key(vma, "bytes", "bytes").s);
		table_cell(table, "%s", human_key(vma, "page_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(vma, "hugetlb_bytes", "bytes").s);
		table_cell(table, "%s", human_key(vma, "thp_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(vma, "iommu_1g_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(vma, "iommu_2m_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(vma, "iommu_4k_bytes", "bytes").s);
		table_cell(table, "%s", tree_word(vma, "name"));
	}
	table_end(table, out);
}

static void print_phases(FILE *out, struct json_object *view)
{
	struct json_object *phases = tree_get(view, "phases");
	struct json_object *backings = tree_get(view, "backings");
	struct table *table = table_new(2);

	table_row(table, "<PHASE", "TIME");
	tree_foreach(phases, phase, ns) {
		(void)ns;
		table_cell(table, "%.*s", (int)strlen(phase) - 3, phase);
		table_cell(table, "%s", human_key(phases, phase, "ns").s);
	}
	table_end(table, out);
	table = table_new(5);
	table_row(table, "<PINNED", "SIZE", "TIME", "NS PER 4K", "HEALTHY");
	tree_foreach(backings, backing, record) {
		table_cell(table, "%s", backing);
		table_cell(table, "%s", human_key(record, "bytes", "bytes").s);
		table_cell(table, "%s", human_key(record, "ns", "ns").s);
		table_cell(table, "%ju",
			   (uintmax_t)tree_u64_or_0(record, "ns_per_page"));
		table_cell(table, "%s",
			   tree_word(record, "healthy_ns_per_page"));
	}
	table_end(table, out);
}

static void print_target(FILE *out, struct json_object *target)
{
	fprintf(out, "\n%s", tree_word(target, "name"));
	if (tree_get(target, "comm"))
		fprintf(out, " (%s)", names_comm(target).s);
	fputs(": ", out);
}

void text_why(FILE *out, struct json_object *view, struct json_object *schema)
{
	struct json_object *targets = tree_get(view, "targets");

	print_findings(out, view);
	for (size_t i = 0; i < tree_length(targets); i++) {
		print_target(out, tree_get(tree_at(targets, i), "target"));
		text_why(out, tree_at(targets, i), schema);
	}
	if (tree_get(view, "phases"))
		print_phases(out, view);
	print_vmas(out, tree_get(view, "vmas"));
	print_missing(out, view);
}

static void print_host_units(FILE *out, struct json_object *units)
{
	struct table *table = table_new(10);

	table_row(table, "<UNIT", "<TRANSLATION", "<MODE", "<CAN SCALABLE",
		  "ADDRESS BITS", "<SECOND STAGE", "<FIRST STAGE", "<VFIO GETS",
		  "<COHERENT", "<CACHING MODE");
	tree_foreach(units, name, unit) {
		char *second = tree_join(unit, "second_leaves");
		char *first = tree_join(unit, "first_leaves");

		table_cell(table, "%s", name);
		table_cell(table, "%s", tree_is(unit, "translation", "1") ?
			   "on" : "off");
		table_cell(table, "%s", tree_word(unit, "mode"));
		table_cell(table, "%s", tree_is(unit, "scalable", "1") ?
			   "yes" : "no");
		table_cell(table, "%s", tree_word(unit, "address_bits"));
		table_cell(table, "%s", second);
		table_cell(table, "%s", *first ? first : "-");
		table_cell(table, "%s", tree_word(unit, "stage"));
		table_cell(table, "%s", tree_is(unit, "coherent", "1") ?
			   "yes" : "no");
		table_cell(table, "%s", tree_is(unit, "caching_mode", "1") ?
			   "yes" : "no");
		free(first);
		free(second);
	}
	table_end(table, out);
}

void print_pools(FILE *out, struct json_object *pools)
{
	struct table *table = table_new(6);

	table_row(table, "<HUGETLB", "<NODE", "TOTAL", "FREE", "RESERVED",
		  "SURPLUS");
	tree_foreach(pools, size, pool) {
		table_cell(table, "%s", size);
		table_cell(table, "all");
		table_cell(table, "%s", tree_word(pool, "total"));
		table_cell(table, "%s", tree_word(pool, "free"));
		table_cell(table, "%s", tree_word(pool, "reserved"));
		table_cell(table, "%s", tree_word(pool, "surplus"));
		tree_foreach(tree_get(pool, "nodes"), nr, node) {
			table_cell(table, "%s", size);
			table_cell(table, "%s", nr);
			table_cell(table, "%s", tree_word(node, "total"));
			table_cell(table, "%s", tree_word(node, "free"));
			table_cell(table, "-");
			table_cell(table, "%s", tree_word(node, "surplus"));
		}
	}
	table_end(table, out);
}

/* A limit is a number of bytes or a word. */
static void print_limit(FILE *out, struct json_object *view)
{
	static const char *const keys[] = {
		"memlock_bytes", "memlock_hard_bytes"
	};
	uint64_t bytes;

	fprintf(out, "Limit of locked memory, of %s:",
		tree_word(view, "memlock_of"));
	for (int i = 0; i < 2; i++)
		fprintf(out, "%s %s", i ? ", at most" : "",
			tree_u64(view, keys[i], &bytes) ?
			human_bytes(bytes).s : tree_word(view, keys[i]));
	fputc('\n', out);
}

static void print_settings(FILE *out, struct json_object *view)
{
	struct json_object *list = tree_get(view, "cmdline");

	fputs("\nCommand line:", out);
	for (size_t i = 0; i < tree_length(list); i++)
		fprintf(out, " %s", json_object_get_string(tree_at(list, i)));
	fputs(tree_length(list) ? "\n" : " nothing that matters here\n", out);
	tree_foreach(tree_get(view, "parameters"), module, set) {
		tree_foreach(set, name, value)
			fprintf(out, "Parameter: %s.%s=%s\n", module, name,
				json_object_get_string(value));
	}
	print_limit(out, view);
	fprintf(out, "Lockdown: %s\n", tree_word(view, "lockdown"));
	fputs("Backends:", out);
	tree_foreach(tree_get(view, "backends"), backend, there)
		fprintf(out, " %s %s", backend,
			json_object_get_uint64(there) ? "yes" : "no");
	fputs(json_object_object_length(tree_get(view, "probes")) ?
	      "\nProbes:" : "\nProbes: not known", out);
	tree_foreach(tree_get(view, "probes"), state, nr)
		fprintf(out, " %ju %s", (uintmax_t)json_object_get_uint64(nr),
			state);
	fputc('\n', out);
}

void text_refusals(FILE *out, struct json_object *view,
		   struct json_object *schema)
{
	(void)schema;
	print_findings(out, view);
	print_missing(out, view);
}

void text_host(FILE *out, struct json_object *view, struct json_object *schema)
{
	(void)schema;
	print_findings(out, view);
	print_host_units(out, tree_get(view, "units"));
	print_pools(out, tree_get(view, "hugetlb"));
	print_settings(out, view);
	print_missing(out, view);
}
