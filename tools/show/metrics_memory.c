// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `iovascope memory` tells of one VM, of all of them: a series each for a
 * sum of its bill. It reads /proc/PID/smaps, for which the kernel walks the
 * process' page tables, so it is for who asks for it.
 *
 * What the IO page tables hold is there where they have been walked anyway. A
 * process that ended meanwhile is left out.
 */
#include "base/compiler.h"
#include "base/tree.h"
#include "exposition.h"
#include "metrics_memory.h"
#include "metrics_records.h"
#include "vm/memory.h"

/* @walked: only where the IO page tables were. */
static const struct part {
	struct expo_groups how;
	bool walked;
} parts[] = {
	{ .how = { .metric = "vm_memory_bytes", .key = "memory_bytes",
		   .help = "What of the process may be mapped for devices." } },
	{ .how = { .metric = "vm_resident_bytes", .key = "resident_bytes",
		   .help = "Of that, what is there." } },
	{ .how = { .metric = "vm_copied_bytes", .key = "copied_bytes",
		   .help = "Private copies of pages that a file has, too." } },
	{ .how = { .metric = "vm_pinned_bytes", .key = "pinned_bytes",
		   .help = "What is pinned, as often as it is." } },
	{ .how = { .metric = "vm_cpu_table_bytes", .key = "cpu_table_bytes",
		   .help = "The process' own page tables." } },
	{ .how = { .metric = "vm_twice_bytes", .key = "twice_bytes",
		   .help = "What is pinned again of what is pinned." },
	  .walked = true },
	{ .how = { .metric = "vm_io_table_bytes", .key = "io_table_bytes",
		   .help = "IO page tables of its devices." },
	  .walked = true },
	{ .how = { .metric = "vm_io_empty_bytes", .key = "io_empty_bytes",
		   .help = "Of these, tables that have no entry." },
	  .walked = true },
};

/* By PID: only the sums, for a bill has a line for each mapping. */
static struct json_object *bills_of(struct json_object *owners,
				    const char *debugfs)
{
	struct json_object *bills = tree_new();

	tree_foreach(owners, pid, owner) {
		struct json_object *bill = memory_bill(owner, debugfs, pid);
		struct json_object *sums;

		if (!bill)
			continue;
		sums = tree_new();
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
			tree_share(sums, bill, parts[i].how.key);
		tree_add(bills, pid, sums);
		json_object_put(bill);
	}
	return bills;
}

void memory_print(FILE *out, struct json_object *snap,
		  const struct chosen *chosen, const char *debugfs)
{
	struct json_object *bills = bills_of(chosen_owners(chosen), debugfs);

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct expo_groups how = parts[i].how;

		how.type = "gauge";
		how.label = "pid";
		if (!parts[i].walked || tree_get(snap, "census"))
			expo_groups(out, &how, bills);
	}
	json_object_put(bills);
}
