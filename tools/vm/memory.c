// SPDX-License-Identifier: GPL-2.0-only
/*
 * `memory`: the bill. What a VM's memory costs besides itself: pages that are
 * pinned more than once, private copies of pages that a file has too, and the
 * page tables by which devices, the CPU and KVM see it; and what it still asks
 * for: huge pages of the pools, and its limit of locked memory.
 *
 * What is of the whole host is said to be. What it would be with other leaves
 * is arithmetic: a table has 512 entries, so N bytes in leaves of 4K need N/2M
 * tables with leaves, N/1G above them, N/512G above those, and a root; in leaves
 * of 2M the first are not there, and in leaves of 1G neither are the second.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "areas.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/leaf.h"
#include "base/request.h"
#include "base/system.h"
#include "base/tree.h"
#include "memory.h"
#include "read/snapshot.h"
#include "why/answer.h"
#include "why/cause.h"
#include "why/duplicates.h"
#include "why/finding.h"
#include "why/target.h"
#include "why/task.h"

#define TABLE_BYTES	4096ull
#define TOP_TABLE	(512ull << 30)
#define NEGLIGIBLE	(1ull << 20)
#define MAX_NODES	1024

/* What is asked about, and where what is found goes. */
struct bill {
	struct json_object *snap;
	struct json_object *view;
	struct findings findings;
	struct task task;
	struct areas areas;
	const char *debugfs;
	uint64_t memory_bytes;
	uint64_t pinned_bytes;
	uint64_t distinct_bytes;
	uint64_t tables;
};

/* ---- the process' memory ---- */

static void area_tell(struct json_object *list, const struct area *area)
{
	struct json_object *told = tree_new();

	tree_add_u64(told, "start", area->start);
	tree_add_u64(told, "last", area->end - 1);
	tree_add_word(told, "name", area->name);
	tree_add_u64(told, "private", area->is_private);
	tree_add_u64(told, "page_bytes", area->page_bytes);
	tree_add_u64(told, "mapped_bytes", area->end - area->start);
	tree_add_u64(told, "resident_bytes", area->resident_bytes);
	tree_add_u64(told, "copied_bytes", area_copies(area));
	tree_append(list, told);
}

static void judge_copies(struct bill *bill, uint64_t copied)
{
	struct json_object *found;

	tree_add_u64(bill->view, "copied_bytes", copied);
	if (copied < NEGLIGIBLE)
		return;
	found = cause_new(CAUSE_PRIVATE_COPIES);
	tree_add_u64(found, "copied_bytes", copied);
	for (size_t i = 0; i < bill->areas.nr; i++) {
		const struct area *area = &bill->areas.area[i];

		if (area_copies(area))
			cause_evidence(found, "%s of %s at 0x%jx are copies: MAP_PRIVATE in /proc/%ju/maps",
				       human_bytes(area_copies(area)).s,
				       area->name, (uintmax_t)area->start,
				       (uintmax_t)bill->task.pid);
	}
	findings_add(&bill->findings, found);
}

static void judge_areas(struct bill *bill)
{
	struct json_object *list = tree_new_list();
	uint64_t resident = 0, copied = 0;

	if (!areas_read(bill->task.pid, &bill->areas))
		findings_miss(&bill->findings, "the process' mappings: /proc/%ju/smaps: %s",
			      (uintmax_t)bill->task.pid, strerror(errno));
	for (size_t i = 0; i < bill->areas.nr; i++) {
		const struct area *area = &bill->areas.area[i];

		bill->memory_bytes += area->end - area->start;
		resident += area->resident_bytes;
		copied += area_copies(area);
		area_tell(list, area);
		if (area->unknown)
			findings_miss(&bill->findings, "whether %s at 0x%jx is there twice: its map_files and pagemap are for root to read",
				      area->name, (uintmax_t)area->start);
	}
	tree_add(bill->view, "areas", list);
	tree_add_u64(bill->view, "memory_bytes", bill->memory_bytes);
	tree_add_u64(bill->view, "resident_bytes", resident);
	judge_copies(bill, copied);
}

/* ---- what is pinned ---- */

/* The one that came last, if its number has been used again. */
static struct json_object *process_of(const struct bill *bill)
{
	struct json_object *found = NULL;

	tree_foreach(tree_get(bill->snap, "processes"), id, record) {
		(void)id;
		if (tree_u64_or_0(record, "pid") == bill->task.pid &&
		    (!found || tree_u64_or_0(record, "first_ns") >=
			       tree_u64_or_0(found, "first_ns")))
			found = record;
	}
	return found;
}

/* Were all of its pins counted: is no domain older than the module? */
static bool pins_are_counted(const struct bill *bill)
{
	struct json_object *ids = tree_get(tree_get(bill->view, "target"),
					   "domains");
	struct json_object *domains = tree_get(bill->snap, "domains");

	for (size_t i = 0; i < tree_length(ids); i++) {
		const char *id = json_object_get_string(tree_at(ids, i));
		struct json_object *domain = tree_get(domains, id);

		if (tree_u64_or_0(domain, "baseline") ||
		    !tree_u64_or_0(domain, "exact"))
			return false;
	}
	return tree_length(ids);
}

static void find_pinned(struct bill *bill)
{
	struct json_object *record = process_of(bill);

	if (tree_get(record, "pin_bytes") && pins_are_counted(bill)) {
		bill->pinned_bytes = duplicates_pinned(record);
		tree_add_word(bill->view, "pinned_by", "module");
	} else {
		bill->pinned_bytes = bill->task.locked_bytes +
				     bill->task.pinned_bytes;
		tree_add_word(bill->view, "pinned_by", "status");
		findings_miss(&bill->findings, "what is pinned, exactly: the module has not seen all of its pins, so it is VmLck and VmPin of /proc/%ju/status, with what mlock() locked",
			      (uintmax_t)bill->task.pid);
	}
	tree_add_u64(bill->view, "pinned_bytes", bill->pinned_bytes);
}

static void judge_pinned(struct bill *bill)
{
	uint64_t twice, distinct;
	struct json_object *found;

	find_pinned(bill);
	if (!tree_get(bill->snap, "census"))
		return;
	distinct = duplicates_distinct(bill->snap,
				       tree_get(bill->view, "target"),
				       bill->debugfs);
	twice = bill->pinned_bytes > distinct && distinct ?
		bill->pinned_bytes - distinct : 0;
	bill->distinct_bytes = distinct;
	tree_add_u64(bill->view, "distinct_bytes", distinct);
	tree_add_u64(bill->view, "twice_bytes", twice);
	if (twice < NEGLIGIBLE || twice < distinct / 2)
		return;
	found = cause_new(CAUSE_DUPLICATE_PINS);
	tree_add_u64(found, "twice_bytes", twice);
	cause_evidence(found, "%s are pinned, but the tables hold %s of distinct memory",
		       human_bytes(bill->pinned_bytes).s,
		       human_bytes(distinct).s);
	findings_add(&bill->findings, found);
}

/* ---- page tables ---- */

static uint64_t up(uint64_t bytes, uint64_t unit)
{
	return bytes / unit + !!(bytes % unit);
}

/* Bytes of the tables that map @bytes by leaves of one size. */
static uint64_t tables_for(uint64_t bytes, enum leaf leaf)
{
	uint64_t tables = 1 + up(bytes, TOP_TABLE);

	if (!bytes)
		return 0;
	if (leaf < LEAF_1G)
		tables += up(bytes, leaf_size(LEAF_1G));
	if (leaf < LEAF_2M)
		tables += up(bytes, leaf_size(LEAF_2M));
	return tables * TABLE_BYTES;
}

static void table_tell(struct bill *bill, const char *table,
		       const char *device)
{
	struct json_object *tables = tree_get(bill->view, "tables");
	struct json_object *census = tree_get(bill->snap, "census");
	struct json_object *record = tree_get(census, device);
	struct json_object *told = tree_new();
	uint64_t empty = tree_u64_or_0(record, "empty_tables") * TABLE_BYTES;
	uint64_t all = tree_u64_or_0(record, "table_bytes");

	tree_add_word(told, "device", device);
	tree_foreach(tree_get(bill->snap, "domains"), id, domain)
		if (tree_lists(domain, "devices", device))
			tree_add_word(told, "domain", id);
	tree_add_u64(told, "mapped_bytes", tree_u64_or_0(record, "bytes"));
	tree_add_u64(told, "full_bytes", all > empty ? all - empty : 0);
	tree_add_u64(told, "empty_bytes", empty);
	tree_add(tables, table, told);
	tree_add_sum(bill->view, "io_table_bytes", all);
	tree_add_sum(bill->view, "io_empty_bytes", empty);
	bill->tables++;
	if (tree_is(record, "readable", "0") || tree_u64_or_0(record, "torn"))
		findings_miss(&bill->findings, "all of the IO page table of %s: it could not be read, or changed while it was",
			      device);
}

static void judge_empty(struct bill *bill)
{
	uint64_t empty = tree_u64_or_0(bill->view, "io_empty_bytes");
	struct json_object *found;

	if (empty < NEGLIGIBLE)
		return;
	found = cause_new(CAUSE_EMPTY_TABLES);
	tree_add_u64(found, "empty_bytes", empty);
	cause_evidence(found, "%s of %s of its IO page tables have no entry",
		       human_bytes(empty).s,
		       human_key(bill->view, "io_table_bytes", "bytes").s);
	findings_add(&bill->findings, found);
}

static void judge_tables(struct bill *bill)
{
	struct json_object *view = bill->view;
	struct json_object *tables;

	tree_add(view, "tables", tree_new());
	tree_add_u64(view, "io_table_bytes", 0);
	tree_add_u64(view, "io_empty_bytes", 0);
	tables = target_tables(bill->snap, tree_get(view, "target"));
	tree_foreach(tables, table, device) {
		const char *name = json_object_get_string(device);

		/* What passes through, or is gone, has none. */
		if (tree_get(tree_get(tree_get(bill->snap, "census"), name),
			     "table"))
			table_tell(bill, table, name);
	}
	json_object_put(tables);
	judge_empty(bill);
	tree_add_u64(view, "cpu_table_bytes", bill->task.table_bytes);
}

/* Of all VMs there are, and of newer kernels those of IOMMUs as well. */
static void tell_host(struct bill *bill)
{
	FILE *info = system_open("/proc/meminfo");
	uintmax_t kb = 0;
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	while (info && !found && getline(&line, &size, info) > 0)
		found = sscanf(line, "SecPageTables: %ju kB", &kb) == 1;
	free(line);
	if (info)
		fclose(info);
	if (found)
		tree_add_u64(bill->view, "host_sec_table_bytes", kb << 10);
	else
		findings_miss(&bill->findings, "KVM's page tables: /proc/meminfo of this kernel has no SecPageTables (mainline 6.0)");
}

/* ---- what it still asks for ---- */

static uint64_t pool_count(const char *dir, uint64_t page, const char *file)
{
	uint64_t nr = 0;

	system_u64(&nr, "%s/hugepages-%jukB/%s", dir, (uintmax_t)page >> 10,
		   file);
	return nr;
}

/* Free pages of the nodes that the process may use, in bytes. */
static uint64_t pool_add_nodes(const struct bill *bill,
			       struct json_object *pool, uint64_t page)
{
	struct json_object *nodes = tree_new();
	char dir[80], name[16];
	uint64_t bytes, free = 0;

	for (unsigned int nr = 0; nr < MAX_NODES; nr++) {
		snprintf(dir, sizeof(dir),
			 "/sys/devices/system/node/node%u/hugepages", nr);
		if (!system_has("%s", dir) || !task_may_use(&bill->task, nr))
			continue;
		snprintf(name, sizeof(name), "%u", nr);
		bytes = page * pool_count(dir, page, "free_hugepages");
		tree_add_u64(nodes, name, bytes);
		free += bytes;
	}
	tree_add(pool, "node_free_bytes", nodes);
	return free;
}

static void judge_pool(struct bill *bill, struct json_object *pool,
		       uint64_t page)
{
	static const char dir[] = "/sys/kernel/mm/hugepages";
	uint64_t needed = tree_u64_or_0(pool, "needed_bytes");
	uint64_t got = tree_u64_or_0(pool, "resident_bytes");
	uint64_t missing = needed > got ? needed - got : 0;
	uint64_t free = pool_add_nodes(bill, pool, page);
	uint64_t most = pool_count(dir, page, "nr_overcommit_hugepages");
	uint64_t surplus = pool_count(dir, page, "surplus_hugepages");
	struct json_object *found;

	tree_add_u64(pool, "missing_bytes", missing);
	tree_add_u64(pool, "free_bytes", free);
	tree_add_u64(pool, "reserved_bytes",
		     page * pool_count(dir, page, "resv_hugepages"));
	free += most > surplus ? (most - surplus) * page : 0;
	if (missing <= free)
		return;
	found = cause_new(CAUSE_POOL_SHORT);
	tree_add_u64(found, "short_bytes", missing - free);
	cause_says(found, "the process has still to touch %s of %s pages, and %s are free on the nodes that it may use",
		   human_bytes(missing).s, human_bytes(page).s,
		   human_bytes(free).s);
	cause_evidence(found, "%s of %s are there (/proc/%ju/smaps)",
		       human_bytes(got).s, human_bytes(needed).s,
		       (uintmax_t)bill->task.pid);
	cause_fix(found, "%ju more pages: echo N > /sys/kernel/mm/hugepages/hugepages-%jukB/nr_hugepages (each node has its own in /sys/devices/system/node)",
		  (uintmax_t)up(missing - free, page), (uintmax_t)page >> 10);
	findings_add(&bill->findings, found);
}

static void judge_pools(struct bill *bill)
{
	struct json_object *pools = tree_new();
	char name[32];

	for (size_t i = 0; i < bill->areas.nr; i++) {
		const struct area *area = &bill->areas.area[i];
		struct json_object *pool;

		if (area->page_bytes <= leaf_size(LEAF_4K))
			continue;
		snprintf(name, sizeof(name), "%ju",
			 (uintmax_t)area->page_bytes);
		pool = tree_get(pools, name);
		if (!pool) {
			pool = tree_new();
			tree_add_u64(pool, "page_bytes", area->page_bytes);
			tree_add(pools, name, pool);
		}
		tree_add_sum(pool, "needed_bytes", area->end - area->start);
		tree_add_sum(pool, "resident_bytes", area->hugetlb_bytes);
	}
	tree_add(bill->view, "hugetlb", pools);
	tree_foreach(pools, size, record) {
		(void)size;
		judge_pool(bill, record, tree_u64_or_0(record, "page_bytes"));
	}
}

/* What is pinned already needs no more: its limit was another then. */
static void judge_limit(struct bill *bill)
{
	const struct task *task = &bill->task;
	uint64_t charged = task->locked_bytes + task->pinned_bytes;
	uint64_t over = task_over_limit(task, 1);
	struct json_object *found;

	if (!over || charged >= task->memory_bytes)
		return;
	found = cause_new(CAUSE_MEMLOCK);
	tree_add_u64(found, "over_bytes", over);
	cause_says(found, "the process may lock %s, and has %s of memory: %s too much",
		   human_bytes(task->limit_bytes).s,
		   human_bytes(task->memory_bytes).s, human_bytes(over).s);
	cause_evidence(found, "%s are charged to it now, and it has no CAP_IPC_LOCK",
		       human_bytes(charged).s);
	findings_add(&bill->findings, found);
}

/* ---- what it would be ---- */

static void would_add(struct bill *bill, struct json_object *would,
		      enum leaf leaf)
{
	struct json_object *told = tree_new();
	uint64_t io = 0;

	tree_foreach(tree_get(bill->view, "tables"), id, table) {
		(void)id;
		io += tables_for(tree_u64_or_0(table, "mapped_bytes"), leaf);
	}
	tree_add_u64(told, "io_table_bytes", io);
	tree_add_u64(told, "cpu_table_bytes",
		     tables_for(bill->memory_bytes, leaf));
	tree_add_u64(told, "kvm_table_bytes",
		     tables_for(bill->memory_bytes, leaf));
	tree_add(would, leaf_words[leaf], told);
}

/* One container: pinned once, and the largest table serves all. */
static void would_add_one(struct bill *bill, struct json_object *would)
{
	struct json_object *told = tree_new();
	uint64_t most = 0, bytes;

	tree_foreach(tree_get(bill->view, "tables"), id, table) {
		(void)id;
		bytes = tree_u64_or_0(table, "full_bytes") +
			tree_u64_or_0(table, "empty_bytes");
		most = bytes > most ? bytes : most;
	}
	tree_add_u64(told, "pinned_bytes", bill->distinct_bytes);
	tree_add_u64(told, "io_table_bytes", most);
	tree_add(would, "one_container", told);
}

static void tell_would(struct bill *bill)
{
	struct json_object *would = tree_new();

	for (int leaf = LEAF_4K; leaf < NR_LEAVES; leaf++)
		would_add(bill, would, leaf);
	if (bill->tables > 1)
		would_add_one(bill, would);
	tree_add(bill->view, "would_be", would);
}

/* ---- what is read ---- */

static struct json_object *target_of(struct bill *bill)
{
	struct json_object *target = tree_new();

	tree_add(target, "domains", tree_new_list());
	tree_add(target, "devices", tree_new_list());
	tree_foreach(tree_get(bill->snap, "domains"), id, domain) {
		struct json_object *devices = tree_get(domain, "devices");

		if (tree_u64_or_0(domain, "pid") != bill->task.pid ||
		    tree_is(domain, "backend", "none"))
			continue;
		tree_append_word(tree_get(target, "domains"), id);
		for (size_t i = 0; i < tree_length(devices); i++)
			tree_append(tree_get(target, "devices"),
				    json_object_get(tree_at(devices, i)));
	}
	return target;
}

static struct json_object *snap_read(const struct request *request,
				     struct bill *bill)
{
	struct json_object *snap;

	if (!request->debugfs && !snapshot_is_there(NULL)) {
		snap = tree_new();
		tree_add(snap, "domains", tree_new());
		tree_add(snap, "processes", tree_new());
		findings_miss(&bill->findings, "IO page tables, and what is pinned twice: the module is not loaded, or its files cannot be read");
		return snap;
	}
	snap = snapshot_read(request->debugfs,
			     SECTION_PROCESSES | SECTION_DOMAINS);
	snapshot_add(snap, request->debugfs, 0, SECTION_CENSUS);
	if (!tree_get(snap, "census"))
		findings_miss(&bill->findings, "IO page tables, and what is pinned twice: this module has no census");
	return snap;
}

static uint64_t asked_pid(const struct request *request)
{
	const char *word = request->args[0];
	uint64_t pid = 0;
	char *end = NULL;

	if (word)
		pid = strtoull(word, &end, 10);
	if (!pid || *end || *word < '0' || *word > '9' || request->args[1])
		fail(EXIT_USAGE, "memory needs one PID");
	return pid;
}

static void bill_answer(struct bill *bill)
{
	struct json_object *view = bill->view;
	struct json_object *causes = tree_get(view, "causes"), *top;
	bool fix;

	tree_sort(causes, "fixable", NULL);
	fix = causes_to_fix(causes);
	top = tree_at(causes, 0);
	answer_give(view, fix, "%s of memory: %s pinned, IO page tables of %s, the CPU's of %s%s%s%s%s.",
		    human_bytes(bill->memory_bytes).s,
		    human_bytes(bill->pinned_bytes).s,
		    human_key(view, "io_table_bytes", "bytes").s,
		    human_bytes(bill->task.table_bytes).s,
		    fix ? "; to fix (" : "",
		    fix ? tree_word(top, "cause") : "", fix ? "): " : "",
		    fix ? tree_word(top, "says") : "");
}

static void bill_make(struct bill *bill)
{
	tree_add(bill->view, "target", target_of(bill));
	tree_add(bill->view, "process", task_told(&bill->task));
	judge_areas(bill);
	judge_pinned(bill);
	judge_tables(bill);
	tell_host(bill);
	judge_pools(bill);
	judge_limit(bill);
	tell_would(bill);
	bill_answer(bill);
	areas_free(&bill->areas);
}

struct json_object *read_memory(const struct request *request)
{
	struct bill bill = {
		.view = answer_new("memory"), .debugfs = request->debugfs,
	};

	bill.findings = findings_of(bill.view);
	task_read(asked_pid(request), &bill.task);
	bill.snap = snap_read(request, &bill);
	bill_make(&bill);
	json_object_put(bill.snap);
	return bill.view;
}

static void bill_try(void *data)
{
	struct bill *bill = data;

	task_read(bill->task.pid, &bill->task);
	bill_make(bill);
}

struct json_object *memory_bill(struct json_object *snap, const char *debugfs,
				const char *pid)
{
	struct bill bill = {
		.view = answer_new("memory"),
		.snap = snap,
		.debugfs = debugfs,
		.task.pid = strtoull(pid, NULL, 10),
	};

	bill.findings = findings_of(bill.view);
	if (fail_survive(bill_try, &bill))
		return bill.view;
	json_object_put(bill.view);
	return NULL;
}
