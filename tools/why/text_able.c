// SPDX-License-Identifier: GPL-2.0-only
/*
 * `host --device --pid`: the answer, its causes, then the device and the process
 * by themselves. The machine's facts are those of `host` without options, and
 * are left to it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/table.h"
#include "base/tree.h"
#include "read/names.h"
#include "text_able.h"
#include "text_why.h"

static void print_members(FILE *out, struct json_object *device)
{
	struct table *table = table_new(2);

	table_row(table, "<GROUP HAS", "<DRIVER");
	tree_foreach(tree_get(device, "members"), name, driver)
		table_row(table, name, json_object_get_string(driver));
	table_end(table, out);
}

static void print_reserved(FILE *out, struct json_object *device)
{
	struct json_object *list = tree_get(device, "reserved");
	struct table *table = table_new(3);

	table_row(table, "RESERVED FROM", "TO", "<TYPE");
	for (size_t i = 0; i < tree_length(list); i++) {
		struct json_object *range = tree_at(list, i);

		table_cell(table, "0x%jx",
			   (uintmax_t)tree_u64_or_0(range, "first"));
		table_cell(table, "0x%jx",
			   (uintmax_t)tree_u64_or_0(range, "last"));
		table_cell(table, "%s", tree_word(range, "type"));
	}
	table_end(table, out);
}

static void print_device(FILE *out, struct json_object *device)
{
	char *resets = tree_join(device, "resets");

	fprintf(out, "\nDevice %s: driver %s, group %s%s, NUMA node %s\n",
		tree_word(device, "device"), tree_word(device, "driver"),
		tree_word(device, "group"),
		tree_u64_or_0(device, "alone") ? " of its own" : "",
		tree_word(device, "node"));
	if (tree_get(device, "holder"))
		fprintf(out, "Open by: %s (%s)\n",
			names_comm(tree_get(device, "holder")).s,
			tree_word(tree_get(device, "holder"), "pid"));
	fprintf(out, "Unit: %s, %s address bits; its BARs and the process' memory need %s; the CPU has %s\n",
		tree_word(device, "unit"), tree_word(device, "address_bits"),
		tree_word(device, "needed_bits"),
		tree_word(device, "cpu_bits"));
	fprintf(out, "Interrupts are remapped: %s\nReset by: %s\n",
		tree_word(device, "interrupt_remapping"), resets);
	free(resets);
	print_members(out, device);
	print_reserved(out, device);
}

/* A limit is a number of bytes or a word. */
static void print_process(FILE *out, struct json_object *process)
{
	uint64_t limit;

	fprintf(out, "\nProcess %s (%s): %s of memory, nodes %s\n",
		names_comm(process).s, tree_word(process, "pid"),
		human_key(process, "memory_bytes", "bytes").s,
		tree_word(process, "nodes_allowed"));
	fprintf(out, "Locked: %s of %s, pinned besides (iommufd) %s; CAP_IPC_LOCK: %s\n",
		human_key(process, "locked_bytes", "bytes").s,
		tree_u64(process, "limit_bytes", &limit) ?
		human_bytes(limit).s : tree_word(process, "limit_bytes"),
		human_key(process, "pinned_bytes", "bytes").s,
		tree_u64_or_0(process, "ipc_lock") ? "yes" : "no");
}

static void print_notes(FILE *out, struct json_object *view)
{
	struct json_object *notes = tree_get(view, "notes");

	if (tree_length(notes))
		fputc('\n', out);
	for (size_t i = 0; i < tree_length(notes); i++)
		fprintf(out, "Note: %s\n",
			json_object_get_string(tree_at(notes, i)));
}

void text_able(FILE *out, struct json_object *view, struct json_object *schema)
{
	if (!tree_get(view, "device") && !tree_get(view, "process")) {
		text_host(out, view, schema);
		return;
	}
	print_findings(out, view);
	if (tree_get(view, "device"))
		print_device(out, tree_get(view, "device"));
	if (tree_get(view, "process"))
		print_process(out, tree_get(view, "process"));
	print_pools(out, tree_get(view, "hugetlb"));
	print_notes(out, view);
	print_missing(out, view);
}
