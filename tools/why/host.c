// SPDX-License-Identifier: GPL-2.0-only
/*
 * `host`: is this machine able to map by large leaves, and what keeps it? The
 * units are the module's; command line, module parameters, hugetlb pools and
 * backends are the kernel's own files. What is no cause is told as a fact.
 *
 * Without the module the units are those of /sys, and what only the module sees
 * is missing: the question can be asked before anything is installed. With
 * --device and --pid it is another one: is this device, this process able? Then
 * what only makes leaves small is told, and does not decide.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/alloc.h"
#include "base/bdf.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/leaf.h"
#include "base/request.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "finding.h"
#include "host.h"
#include "host_device.h"
#include "host_units.h"
#include "read/blind.h"
#include "read/snapshot.h"
#include "refusals.h"
#include "task.h"
#include "vtd.h"

#define MAX_NODES	1024

/* VT-d specification, Capability Register: MGAW, bits 21:16, less one. */
static uint64_t address_bits(uint64_t cap)
{
	return (cap >> 16 & 0x3f) + 1;
}

/* VT-d specification, Extended Capability Register: SMTS, bit 43; SSTS, 46. */
static uint64_t knows_scalable(uint64_t ecap)
{
	return ecap >> 43 & 1;
}

static uint64_t knows_second(uint64_t ecap)
{
	return ecap >> 46 & 1;
}

/*
 * The stage that the kernel takes for VFIO's tables: the second where there is
 * a choice, but newer kernels, which have a function for it, the first.
 */
static const char *stage_of(struct json_object *unit)
{
	uint64_t ecap = tree_u64_or_0(unit, "ecap");

	if (!tree_is(unit, "mode", "scalable") ||
	    !tree_u64_or_0(unit, "first_2m"))
		return "second";
	return !knows_second(ecap) ||
	       system_has_symbol("intel_iommu_domain_alloc_first_stage") ?
	       "first" : "second";
}

static struct json_object *leaves_of(struct json_object *unit,
				     const char *stage)
{
	struct json_object *list = tree_new_list();
	char key[32];

	tree_append_word(list, leaf_words[LEAF_4K]);
	for (int leaf = LEAF_2M; leaf < NR_LEAVES; leaf++) {
		snprintf(key, sizeof(key), "%s_%s", stage, leaf_words[leaf]);
		if (tree_u64_or_0(unit, key))
			tree_append_word(list, leaf_words[leaf]);
	}
	return list;
}

static struct json_object *unit_decode(struct json_object *unit)
{
	struct json_object *told = tree_new();
	uint64_t cap, ecap;

	tree_foreach(unit, key, val)
		tree_add(told, key, json_object_get(val));
	if (tree_u64(unit, "cap", &cap))
		tree_add_u64(told, "address_bits", address_bits(cap));
	if (tree_u64(unit, "ecap", &ecap))
		tree_add_u64(told, "scalable", knows_scalable(ecap));
	tree_add_word(told, "stage", stage_of(unit));
	tree_add(told, "second_leaves", leaves_of(unit, "second"));
	/* A unit that knows the first stage knows its 2M leaves. */
	tree_add(told, "first_leaves", tree_u64_or_0(unit, "first_2m") ?
		 leaves_of(unit, "first") : tree_new_list());
	return told;
}

static struct json_object *cause_add(struct json_object *view, enum cause cause)
{
	struct json_object *found = cause_new(cause);

	tree_append(tree_get(view, "causes"), found);
	return found;
}

static void judge_unit(struct json_object *view, const char *name,
		       struct json_object *unit)
{
	static const enum cause lacks[NR_LEAVES] = {
		[LEAF_2M] = CAUSE_HW_NO_2M, [LEAF_1G] = CAUSE_HW_NO_1G
	};

	const char *stage = tree_word(unit, "stage");
	bool first = !strcmp(stage, "first");

	for (int leaf = LEAF_2M; leaf < NR_LEAVES; leaf++) {
		struct json_object *found;

		if (tree_lists(unit, first ? "first_leaves" : "second_leaves",
			       leaf_words[leaf]))
			continue;
		found = cause_add(view, lacks[leaf]);
		tree_add_word(found, "unit", name);
		cause_says(found, "remapping unit %s has no %s leaves in %s-stage tables",
			   name, leaf_names[leaf], stage);
		vtd_tell_lack(found, unit, stage, leaf);
	}
}

/* Neither the module nor /sys tells whether there is VT-d: a container. */
static bool is_hidden(struct json_object *snap)
{
	return !tree_get(snap, "info") && !system_has("/sys/class/iommu") &&
	       !system_has("/sys/firmware/acpi/tables");
}

static struct json_object *judge_hidden(void)
{
	struct json_object *found = cause_new(CAUSE_NOT_KNOWN);

	cause_says(found, "whether there is a VT-d is not to be seen from here");
	cause_evidence(found, "neither /sys/class/iommu nor /sys/firmware/acpi/tables is there, as in a container that hides them");
	cause_fix(found, "ask on the host, or give the container its /sys");
	return found;
}

static void judge_units(struct json_object *view, struct json_object *snap)
{
	struct json_object *found = is_hidden(snap) ? judge_hidden() :
						      vtd_lacking(snap);
	struct json_object *units = tree_new();

	tree_add(view, "units", units);
	tree_foreach(tree_get(snap, "units"), name, unit) {
		tree_add(units, name, unit_decode(unit));
		if (tree_is(unit, "translation", "1"))
			judge_unit(view, name, tree_get(units, name));
	}
	if (found)
		tree_append(tree_get(view, "causes"), found);
}

static void judge_cmdline(struct json_object *view)
{
	struct findings findings = findings_of(view);
	struct json_object *words = system_cmdline();

	if (!words) {
		findings_miss(&findings, "the kernel's command line: /proc/cmdline is not there");
		words = tree_new_list();
	}
	tree_add(view, "cmdline", words);
	if (system_cmdline_has("intel_iommu", "sp_off"))
		cause_evidence(cause_add(view, CAUSE_SP_OFF),
			       "/proc/cmdline has sp_off in intel_iommu=");
}

static void parameter_add(struct json_object *parameters, const char *module,
			  const char *name)
{
	char *word = system_line("/sys/module/%s/parameters/%s", module, name);

	if (word)
		tree_add_word(parameters, name, word);
	free(word);
}

static void judge_parameters(struct json_object *view)
{
	static const char *const type1_names[] = {
		"disable_hugepages", "dma_entry_limit",
		"allow_unsafe_interrupts"
	};
	static const char *const hugepath_names[] = {
		"takeover", "leaf", "dma_entry_limit",
		"allow_unsafe_interrupts", "share_domains"
	};
	struct json_object *type1 = tree_new(), *hugepath = tree_new();
	struct json_object *all = tree_new();

	for (size_t i = 0; i < ARRAY_SIZE(type1_names); i++)
		parameter_add(type1, "vfio_iommu_type1", type1_names[i]);
	tree_add(all, "vfio_iommu_type1", type1);
	for (size_t i = 0; i < ARRAY_SIZE(hugepath_names); i++)
		parameter_add(hugepath, HUGEPATH_MODULE, hugepath_names[i]);
	tree_add(all, HUGEPATH_MODULE, hugepath);
	tree_add(view, "parameters", all);
	if (tree_is(type1, "disable_hugepages", "Y"))
		cause_evidence(cause_add(view, CAUSE_DISABLE_HUGEPAGES),
			       "/sys/module/vfio_iommu_type1/parameters/disable_hugepages is Y");
	if (tree_get(hugepath, "leaf") && !tree_is(hugepath, "leaf", "1G"))
		cause_evidence(cause_add(view, CAUSE_LEAVES_CAPPED),
			       HUGEPATH_LEAF " is %s",
			       tree_word(hugepath, "leaf"));
}

static void count_add(struct json_object *pool, const char *key,
		      const char *dir, unsigned int kb, const char *file)
{
	uint64_t val;

	if (system_u64(&val, "%s/hugepages-%ukB/%s", dir, kb, file))
		tree_add_u64(pool, key, val);
}

static struct json_object *counts_of(const char *dir, unsigned int kb)
{
	struct json_object *pool = tree_new();

	count_add(pool, "total", dir, kb, "nr_hugepages");
	count_add(pool, "free", dir, kb, "free_hugepages");
	count_add(pool, "reserved", dir, kb, "resv_hugepages");
	count_add(pool, "surplus", dir, kb, "surplus_hugepages");
	return pool;
}

static struct json_object *pool_of(unsigned int kb)
{
	struct json_object *pool = counts_of("/sys/kernel/mm/hugepages", kb);
	struct json_object *nodes = tree_new();
	char dir[80], name[16];

	for (unsigned int nr = 0; nr < MAX_NODES; nr++) {
		snprintf(dir, sizeof(dir),
			 "/sys/devices/system/node/node%u/hugepages", nr);
		snprintf(name, sizeof(name), "%u", nr);
		if (system_has("%s", dir))
			tree_add(nodes, name, counts_of(dir, kb));
	}
	tree_add(pool, "nodes", nodes);
	return pool;
}

static void judge_pools(struct json_object *view)
{
	struct findings findings = findings_of(view);
	struct json_object *pools = tree_new(), *found;

	tree_add(pools, "1g", pool_of(1 << 20));
	tree_add(pools, "2m", pool_of(1 << 11));
	tree_add(view, "hugetlb", pools);
	if (tree_u64_or_0(tree_get(pools, "1g"), "total"))
		return;
	if (!system_has("/sys/kernel/mm/hugepages")) {
		findings_miss(&findings, "hugetlb pools: /sys/kernel/mm/hugepages is not there");
		return;
	}
	found = cause_add(view, CAUSE_NO_1G_PAGES);
	if (system_has("/sys/kernel/mm/hugepages/hugepages-1048576kB"))
		cause_evidence(found, "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages is 0");
	else
		cause_evidence(found, "/sys/kernel/mm/hugepages/hugepages-1048576kB is not there: the CPU has no 1 GiB pages");
}

static void limit_add(struct json_object *view, const char *key,
		      const char *word)
{
	if (*word == 'u')
		tree_add_word(view, key, word);
	else
		tree_add_u64(view, key, strtoull(word, NULL, 10));
}

/* The limit of who asks is that of what is started from here. */
static void memlock_add(struct json_object *view, const struct task *task)
{
	struct findings findings = findings_of(view);
	char pid[32] = "self", soft[32], hard[32];
	char *of = NULL;

	if (task) {
		snprintf(pid, sizeof(pid), "%ju", (uintmax_t)task->pid);
		of = alloc_print("%s (%s)", task->comm, pid);
	}
	tree_add_word(view, "memlock_of", of ?: "who asks");
	free(of);
	if (task_limits(pid, soft, hard)) {
		limit_add(view, "memlock_bytes", soft);
		limit_add(view, "memlock_hard_bytes", hard);
	} else if (!task) {
		findings_miss(&findings, "the limit of locked memory: /proc/self/limits does not tell");
	}
}

/* "none [integrity] confidentiality": the one that holds. */
static void lockdown_add(struct json_object *view)
{
	char *line = system_line("/sys/kernel/security/lockdown"), word[32];
	char *begin = line ? strchr(line, '[') : NULL;

	if (begin && sscanf(begin, "[%31[^]]", word) == 1)
		tree_add_word(view, "lockdown", word);
	free(line);
}

static void judge_backends(struct json_object *view)
{
	struct json_object *backends = tree_new();
	bool type1 = system_has("/sys/module/vfio_iommu_type1");
	bool iommufd = system_has("/dev/iommu");

	tree_add_u64(backends, "vfio", system_has("/sys/module/vfio") ||
		     system_has("/dev/vfio/vfio"));
	tree_add_u64(backends, "vfio_iommu_type1", type1);
	tree_add_u64(backends, HUGEPATH_MODULE,
		     system_has("/sys/module/" HUGEPATH_MODULE));
	tree_add_u64(backends, "iommufd", iommufd);
	tree_add(view, "backends", backends);
	if (!type1 && !iommufd)
		cause_evidence(cause_add(view, CAUSE_NO_BACKEND),
			       "neither /sys/module/vfio_iommu_type1 nor /dev/iommu is there");
}

static void judge_probe(struct json_object *view, const char *row,
			struct json_object *probe)
{
	struct findings findings = findings_of(view);
	struct json_object *found;

	if (!probe_is_blind(probe))
		return;
	/* A kernel without the function: no setting brings it back. */
	if (tree_is(probe, "state", "missing") &&
	    !tree_u64_or_0(probe, "required")) {
		findings_miss(&findings, "what %s feeds: the probe is missing", row);
		return;
	}
	found = cause_add(view, CAUSE_BLIND_PROBE);
	tree_add_word(found, "probe", row);
	cause_says(found, "the module cannot see all: its probe %s is %s", row,
		   tree_word(probe, "state"));
	cause_evidence(found, "its symbol is %s, and `iovascope probes` says what it feeds",
		       tree_word(probe, "symbol"));
}

static void judge_probes(struct json_object *view, struct json_object *snap)
{
	struct json_object *states = tree_new();

	tree_foreach(tree_get(snap, "probes"), row, probe) {
		tree_add_sum(states, tree_word(probe, "state"), 1);
		judge_probe(view, row, probe);
	}
	tree_add(view, "probes", states);
}

/* Where there is no VT-d and can be none, nothing else is worth a change. */
static void causes_drop_rest(struct json_object *causes)
{
	struct json_object *first = tree_at(causes, 0);
	size_t nr = tree_length(causes);

	if (nr > 1 && tree_is(first, "cause", "not-vtd") &&
	    !tree_u64_or_0(first, "fixable"))
		json_object_array_del_idx(causes, 1, nr - 1);
}

static void host_answer(struct json_object *view)
{
	struct json_object *causes = tree_get(view, "causes"), *top;
	bool fix;

	causes_drop_rest(causes);
	tree_sort(causes, "fixable", "bytes");
	top = tree_at(causes, 0);
	fix = causes_to_fix(causes);
	tree_add_u64(view, "able", !top);
	if (top)
		answer_give(view, fix, "%s (%s): %s.",
			    fix ? "Something to fix" :
				  "Nothing to fix, but not able",
			    tree_word(top, "cause"), tree_word(top, "says"));
	else
		answer_give(view, fix, "Able: this machine can map memory and BARs by 1G leaves.");
}

/* ---- of one device, and one process ---- */

/* Without a backend nothing is mapped; the rest is about leaves. */
static void causes_block(struct json_object *causes)
{
	for (size_t i = 0; i < tree_length(causes); i++) {
		struct json_object *cause = tree_at(causes, i);

		if (tree_is(cause, "cause", "no-backend"))
			tree_add_u64(cause, "blocks", 1);
	}
}

/* "0000:3b:00.0 and qemu (4242)", to be freed. */
static char *subject_of(struct json_object *view)
{
	struct json_object *device = tree_get(view, "device");
	struct json_object *process = tree_get(view, "process");

	return alloc_print("%s%s%s%s%s%s",
			   device ? tree_word(device, "device") : "",
			   device && process ? " and " : "",
			   process ? tree_word(process, "comm") : "",
			   process ? " (" : "",
			   process ? tree_word(process, "pid") : "",
			   process ? ")" : "");
}

static void subject_answer(struct json_object *view)
{
	struct json_object *causes = tree_get(view, "causes"), *top;
	char *subject = subject_of(view);
	uint64_t blocks;

	causes_block(causes);
	tree_sort(causes, "blocks", "fixable");
	top = tree_at(causes, 0);
	blocks = tree_u64_or_0(top, "blocks");
	tree_add_u64(view, "able", !blocks);
	if (blocks)
		answer_give(view, true, "Not able (%s): %s: %s.",
			    tree_word(top, "cause"), subject,
			    tree_word(top, "says"));
	else if (top)
		answer_give(view, false, "Able: %s; not all of it by 1G leaves (%s): %s.",
			    subject, tree_word(top, "cause"),
			    tree_word(top, "says"));
	else
		answer_give(view, false, "Able: %s.", subject);
	free(subject);
	if (!tree_get(view, "refusals"))
		return;
	refusals_answer(view);
	if (refusals_nr(tree_get(view, "refusals")))
		tree_add_u64(view, "able", 0);
}

static void judge_subjects(struct json_object *view,
			   const struct request *request,
			   struct json_object *snap, const struct task *task)
{
	char *bdf = request->device ? bdf_of(request->device) : NULL;

	if (request->device && !bdf)
		fail(EXIT_USAGE, "host takes one device: '%s'",
		     request->device);
	tree_add(view, "notes", tree_new_list());
	if (bdf)
		host_judge_device(view, bdf, task);
	if (task) {
		host_judge_process(view, task);
		tree_add(view, "refusals", refusals_of(snap, task->pid));
	}
	free(bdf);
}

/* ---- what is read ---- */

static void miss_module(struct json_object *view, struct json_object *snap)
{
	struct findings findings = findings_of(view);

	if (system_has("/sys/module/iovascope"))
		findings_miss(&findings, "what the module tells (its probes, what was refused): its files cannot be read (run as root, with debugfs mounted)");
	else
		findings_miss(&findings, "what the module would tell (its probes, what was refused): it is not loaded");
	tree_foreach(tree_get(snap, "units"), name, unit)
		if (!tree_get(unit, "mode"))
			findings_miss(&findings, "the mode of %s, and so the stage that VFIO gets: it can have scalable mode",
				      name);
}

/* Who names a directory means it. */
static struct json_object *snap_read(const struct request *request)
{
	struct json_object *snap;

	if (!request->debugfs && !snapshot_is_there(NULL)) {
		snap = tree_new();
		tree_add(snap, "units", host_units());
		tree_add(snap, "probes", tree_new());
		return snap;
	}
	snap = snapshot_read(request->debugfs, SECTION_PROBES | SECTION_UNITS);
	if (!request->pid)
		return snap;
	snapshot_add(snap, request->debugfs, SECTION_PROCESSES,
		     SECTION_REFUSALS);
	refusals_add_around(snap, request->debugfs);
	return snap;
}

struct json_object *read_host(const struct request *request)
{
	struct json_object *snap = snap_read(request);
	struct json_object *view = answer_new("host");
	struct task task;

	if (request->pid)
		task_read(request->pid, &task);
	if (!tree_get(snap, "info"))
		miss_module(view, snap);
	judge_units(view, snap);
	judge_cmdline(view);
	judge_parameters(view);
	judge_pools(view);
	memlock_add(view, request->pid ? &task : NULL);
	lockdown_add(view);
	judge_backends(view);
	judge_probes(view, snap);
	if (request->pid || request->device) {
		judge_subjects(view, request, snap,
			       request->pid ? &task : NULL);
		subject_answer(view);
	} else {
		host_answer(view);
	}
	json_object_put(snap);
	return view;
}
