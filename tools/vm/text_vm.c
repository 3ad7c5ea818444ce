// SPDX-License-Identifier: GPL-2.0-only
/*
 * `memory` and `p2p`: the answer, the causes, then the bill, or which BAR is
 * mapped in which domain.
 */
#include <stdlib.h>

#include "base/human.h"
#include "base/table.h"
#include "base/tree.h"
#include "text_vm.h"
#include "why/text_why.h"

static void item(struct table *table, struct json_object *view,
		 const char *name, const char *key)
{
	if (!tree_get(view, key))
		return;
	table_cell(table, "%s", name);
	table_cell(table, "%s", human_key(view, key, "bytes").s);
}

static void print_items(FILE *out, struct json_object *view)
{
	struct table *table = table_new(2);

	table_row(table, "<BILL", "SIZE");
	item(table, view, "memory, as it is mapped", "memory_bytes");
	item(table, view, "of that, there", "resident_bytes");
	item(table, view, "private copies besides", "copied_bytes");
	item(table, view, "pinned", "pinned_bytes");
	item(table, view, "of that, twice or more", "twice_bytes");
	item(table, view, "IO page tables", "io_table_bytes");
	item(table, view, "of that, empty", "io_empty_bytes");
	item(table, view, "the CPU's page tables (VmPTE)", "cpu_table_bytes");
	item(table, view, "SecPageTables, of the whole host: KVM's, and from 6.11 on IOMMUs'",
	     "host_sec_table_bytes");
	table_end(table, out);
}

static void print_tables(FILE *out, struct json_object *view)
{
	struct table *table = table_new(5);

	table_row(table, "DOMAIN", "<DEVICE", "MAPPED", "TABLES", "EMPTY");
	tree_foreach(tree_get(view, "tables"), id, told) {
		(void)id;
		table_cell(table, "%s", tree_word(told, "domain"));
		table_cell(table, "%s", tree_word(told, "device"));
		table_cell(table, "%s",
			   human_key(told, "mapped_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(told, "full_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(told, "empty_bytes", "bytes").s);
	}
	table_end(table, out);
}

static void print_pools_asked(FILE *out, struct json_object *view)
{
	struct table *table = table_new(6);

	table_row(table, "HUGETLB", "NEEDED", "THERE", "TO COME", "FREE",
		  "<FREE BY NODE");
	tree_foreach(tree_get(view, "hugetlb"), size, pool) {
		struct json_object *nodes = tree_get(pool, "node_free_bytes");
		char line[256] = "", *at = line, *end = line + sizeof(line);

		(void)size;
		table_cell(table, "%s",
			   human_key(pool, "page_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(pool, "needed_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(pool, "resident_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(pool, "missing_bytes", "bytes").s);
		table_cell(table, "%s",
			   human_key(pool, "free_bytes", "bytes").s);
		tree_foreach(nodes, node, bytes) {
			(void)bytes;
			if (at < end)
				at += snprintf(at, end - at, "%s%s: %s",
					       at > line ? ", " : "", node,
					       human_key(nodes, node,
							 "bytes").s);
		}
		table_cell(table, "%s", line);
	}
	table_end(table, out);
}

static void print_sums(struct table *table, const char *name,
		       struct json_object *pinned, struct json_object *sums)
{
	table_cell(table, "%s", name);
	table_cell(table, "%s", human_key(pinned, "pinned_bytes", "bytes").s);
	table_cell(table, "%s", human_key(sums, "io_table_bytes", "bytes").s);
	table_cell(table, "%s", human_key(sums, "cpu_table_bytes", "bytes").s);
	table_cell(table, "%s", human_key(sums, "kvm_table_bytes", "bytes").s);
}

/* Other leaves do not change what is pinned. */
static void print_would(FILE *out, struct json_object *view)
{
	struct table *table = table_new(5);

	table_row(table, "<WITH", "PINNED", "IO TABLES", "THE CPU'S", "KVM'S");
	print_sums(table, "what is now", view, view);
	tree_foreach(tree_get(view, "would_be"), with, told)
		print_sums(table, with, tree_get(told, "pinned_bytes") ?
			   told : view, told);
	table_end(table, out);
	fputs("Tables of N bytes by 4K leaves: N/2M + N/1G + N/512G + 1, of 4 KiB each; by 2M without the first, by 1G without the second.\n",
	      out);
}

/* A limit is a number of bytes or a word. */
static void print_locked(FILE *out, struct json_object *process)
{
	uint64_t limit;

	fprintf(out, "\nLocked: %s, and pinned by iommufd %s, of %s%s.\n",
		human_key(process, "locked_bytes", "bytes").s,
		human_key(process, "pinned_bytes", "bytes").s,
		tree_u64(process, "limit_bytes", &limit) ?
		human_bytes(limit).s : tree_word(process, "limit_bytes"),
		tree_u64_or_0(process, "ipc_lock") ?
		" (which CAP_IPC_LOCK lifts)" : "");
}

void text_memory(FILE *out, struct json_object *view,
		 struct json_object *schema)
{
	(void)schema;
	print_findings(out, view);
	print_items(out, view);
	print_tables(out, view);
	print_pools_asked(out, view);
	print_locked(out, tree_get(view, "process"));
	print_would(out, view);
	print_missing(out, view);
}

static void print_bar(struct table *table, struct json_object *domain,
		      struct json_object *bar)
{
	char *devices = tree_join(domain, "devices");

	table_cell(table, "%s", tree_word(domain, "domain"));
	table_cell(table, "%s (%s)", tree_word(domain, "comm"),
		   tree_word(domain, "pid"));
	table_cell(table, "%s", devices);
	table_cell(table, "%s", tree_word(bar, "device"));
	table_cell(table, "%s", tree_word(bar, "bar"));
	table_cell(table, "%s", human_key(bar, "bar_bytes", "bytes").s);
	table_cell(table, "%s", human_key(bar, "mapped_bytes", "bytes").s);
	table_cell(table, "%s%s", tree_word(bar, "state"),
		   tree_u64_or_0(bar, "peers") ? "" : ", itself only");
	free(devices);
}

void text_p2p(FILE *out, struct json_object *view, struct json_object *schema)
{
	struct json_object *domains = tree_get(view, "domains");
	struct table *table = table_new(8);

	(void)schema;
	print_findings(out, view);
	table_row(table, "DOMAIN", "<OWNER", "<DEVICES THAT REACH", "<WHOSE",
		  "BAR", "SIZE", "MAPPED", "<STATE");
	for (size_t i = 0; i < tree_length(domains); i++) {
		struct json_object *domain = tree_at(domains, i);
		struct json_object *bars = tree_get(domain, "bars");

		for (size_t j = 0; j < tree_length(bars); j++)
			print_bar(table, domain, tree_at(bars, j));
	}
	table_end(table, out);
	print_missing(out, view);
}
