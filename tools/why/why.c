// SPDX-License-Identifier: GPL-2.0-only
/*
 * `why`: what keeps a process, a device or a domain from leaves of the wanted
 * size. The facts are the runs of its tables, the units, and what /proc and
 * /sys tell; judge.c makes causes of them. The answer is one tree:
 *
 *	{ "question": "why", "answer": "..", "fix_needed": 1, "target": {..},
 *	  "mapped_bytes": .., "short_bytes": .., "causes": [..], .. }
 *
 * The sum of the kinds' bytes is short_bytes, and that of the causes' bytes is,
 * when none is left out. Several targets are a list of such answers, "targets",
 * and one that says of how many there is something to fix.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/paper.h"
#include "base/request.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "finding.h"
#include "judge.h"
#include "kind.h"
#include "owner.h"
#include "part.h"
#include "read/runs.h"
#include "read/snapshot.h"
#include "record/asked.h"
#include "refusals.h"
#include "stale.h"
#include "start.h"
#include "target.h"
#include "vma.h"
#include "vtd.h"
#include "why.h"

static bool is_iommufd(const char *dir, const char *name)
{
	char *path = alloc_print("%s/%s", dir, name), target[64];
	ssize_t len;

	len = readlink(path, target, sizeof(target) - 1);
	free(path);
	if (len < 0)
		return false;
	target[len] = '\0';
	return !strcmp(target, "/dev/iommu");
}

/* Has the process iommufd's device open? */
static bool uses_iommufd(uint64_t pid)
{
	char *path = alloc_print("/proc/%ju/fd", (uintmax_t)pid);
	char *full = system_path(path);
	DIR *dir = opendir(full);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = is_iommufd(full, entry->d_name);
	if (dir)
		closedir(dir);
	free(full);
	free(path);
	return found;
}

static enum leaf wanted(const struct request *request)
{
	if (!request->want || !strcmp(request->want, "1g"))
		return LEAF_1G;
	if (!strcmp(request->want, "2m"))
		return LEAF_2M;
	fail(EXIT_USAGE, "--want is 1g or 2m, not '%s'", request->want);
}

static bool stage_has(struct json_object *unit, const char *stage,
		      const char *size)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_%s", stage, size);
	return tree_u64_or_0(unit, key);
}

/*
 * Kernels like 6.12 and older ones give a domain the leaves that all units have,
 * those like 7.2 what the unit of its device has. The former are seen by their
 * functions, the latter by leaves that a unit does not have.
 */
static bool takes_least(struct json_object *snap, const char *type,
			const char *leaves)
{
	tree_foreach(tree_get(snap, "census"), device, record) {
		(void)device;
		if (tree_is(record, "type", type) &&
		    tree_u64_or_0(record, leaves))
			return false;
	}
	return system_has_symbol("domain_update_iommu_superpage") ||
	       system_has_symbol("domain_update_iommu_cap");
}

static const char *find_weak(const struct facts *facts,
			     struct json_object *snap, const char *size)
{
	const char *weak = NULL;
	char leaves[32];

	tree_foreach(tree_get(snap, "units"), name, unit)
		if (tree_is(unit, "translation", "1") &&
		    !stage_has(unit, facts->stage, size))
			weak = name;
	snprintf(leaves, sizeof(leaves), "%s_leaves", size);
	return weak && takes_least(snap, facts->stage, leaves) ? weak : NULL;
}

static void find_hardware(struct facts *facts, struct json_object *snap,
			  struct json_object *record)
{
	struct json_object *units = tree_get(snap, "units");

	facts->units = units;
	facts->unit = tree_word(record, "unit");
	facts->stage = tree_is(record, "type", "first") ? "first" : "second";
	facts->has[LEAF_4K] = true;
	for (int leaf = LEAF_2M; leaf < NR_LEAVES; leaf++) {
		facts->has[leaf] = stage_has(tree_get(units, facts->unit),
					     facts->stage, leaf_words[leaf]);
		if (facts->has[leaf])
			facts->weak[leaf] = find_weak(facts, snap,
						      leaf_words[leaf]);
	}
}

static enum leaf hugepath_cap(void)
{
	char *value = system_line(HUGEPATH_LEAF);
	enum leaf leaf = LEAF_1G;

	while (value && leaf > LEAF_4K && strcmp(value, leaf_names[leaf]))
		leaf--;
	free(value);
	return leaf;
}

/* Who mapped, and how: from the domain that has the device. */
static void find_domain(struct facts *facts, struct json_object *snap,
			const char *device)
{
	tree_foreach(tree_get(snap, "domains"), id, domain) {
		(void)id;
		if (!tree_lists(domain, "devices", device))
			continue;
		facts->type1 = tree_is(domain, "backend", "type1");
		if (tree_is(domain, "backend", "hugepath"))
			facts->cap = hugepath_cap();
		facts->iommufd = tree_is(domain, "backend", "iommufd") ||
			(!facts->type1 &&
			 uses_iommufd(tree_u64_or_0(domain, "pid")));
		facts->map_calls = tree_u64_or_0(domain, "map_calls");
		facts->map_bytes = tree_u64_or_0(domain, "map_bytes");
		if (tree_is(domain, "exact", "0"))
			facts->map_calls = 0;
	}
}

static void amounts_add(struct json_object *view, const struct runs *runs,
			enum leaf want)
{
	struct json_object *leaves = tree_get(view, "leaf_bytes");
	uint64_t mapped = 0, used = 0, in_leaves[NR_LEAVES] = { 0 };

	for (size_t i = 0; i < runs->nr; i++) {
		struct run run = run_at(runs, i);

		if (run.torn)
			continue;
		mapped += run_bytes(&run);
		used += run_used(&run, want);
		for (int leaf = LEAF_4K; leaf < NR_LEAVES; leaf++)
			in_leaves[leaf] += run.leaves[leaf] * leaf_size(leaf);
	}
	tree_add_sum(view, "runs", runs->nr);
	tree_add_sum(view, "mapped_bytes", mapped);
	tree_add_sum(view, "wanted_bytes", used);
	tree_add_sum(view, "short_bytes", mapped - used);
	for (int leaf = LEAF_4K; leaf < NR_LEAVES; leaf++)
		tree_add_sum(leaves, leaf_words[leaf], in_leaves[leaf]);
}

static struct json_object *judge_identity(const char *device)
{
	struct json_object *found = cause_new(CAUSE_IDENTITY);

	tree_add_word(found, "device", device);
	cause_says(found, "%s passes through: it uses physical addresses, so there is no IO page table",
		   device);
	cause_evidence(found, "the context entry of %s in the remapping hardware says passthrough",
		       device);
	if (system_cmdline_has("iommu", "pt"))
		cause_evidence(found, "/proc/cmdline has iommu=pt");
	return found;
}

static void judge_table(struct json_object *view, const struct request *request,
			struct json_object *snap, struct kinds *kinds,
			const char *device)
{
	struct findings findings = findings_of(view);
	struct facts facts = {
		.findings = &findings, .want = wanted(request), .cap = LEAF_1G,
		.kinds = kinds,
	};
	struct json_object *record;
	struct runs *runs;
	uint64_t pid;

	record = tree_get(tree_get(snap, "census"), device);
	if (tree_is(record, "type", "identity")) {
		findings_add(&findings, judge_identity(device));
		return;
	}
	if (!tree_get(record, "table"))
		return;
	if (tree_is(record, "readable", "0")) {
		findings_miss(&findings, "the table of %s could not be read", device);
		return;
	}
	runs = runs_try(request->debugfs, device);
	if (!runs) {
		findings_miss(&findings, "the table of %s: it is gone", device);
		return;
	}
	find_hardware(&facts, snap, record);
	find_domain(&facts, snap, device);
	facts.runs = runs;
	amounts_add(view, runs, facts.want);
	judge_runs(&facts);
	/* Beside one table only: others map the same memory again. */
	if (tree_u64(tree_get(view, "target"), "pid", &pid) &&
	    !tree_get(view, "vmas"))
		tree_add(view, "vmas", vmas_of(pid, runs, &findings));
	runs_free(runs);
}

static void refusals_add(struct json_object *view, struct json_object *snap)
{
	struct json_object *target = tree_get(view, "target");
	uint64_t pid;

	tree_add(view, "refusals",
		 tree_u64(target, "pid", &pid) ?
		 refusals_of(snap, pid) : tree_new_list());
}

/* A few pages of each region; all of one where they differ. */
static void stale_add(struct json_object *view, const struct request *request,
		      struct json_object *snap)
{
	struct findings findings = findings_of(view);

	tree_add(view, "stale", stale_regions(&findings, snap,
					      tree_get(view, "target"),
					      request->debugfs, false));
}

/* What the sentence of the largest cause leaves out. */
static void print_others(FILE *out, struct json_object *kinds)
{
	struct json_object *top = tree_at(kinds, 0);
	uint64_t causes;

	if (!tree_u64(top, "causes", &causes))
		fputs(", and many more like it", out);
	else if (causes > 1)
		fprintf(out, ", and %ju more like it", (uintmax_t)causes - 1);
	for (size_t i = 1; i < tree_length(kinds); i++)
		fprintf(out, "%s %s", i > 1 ? "," : "; also",
			tree_word(tree_at(kinds, i), "cause"));
}

static char *others_text(struct json_object *view)
{
	struct json_object *kinds = tree_get(view, "kinds");
	struct paper paper;

	paper_open(&paper);
	if (tree_length(kinds))
		print_others(paper.out, kinds);
	return paper_close(&paper);
}

static void why_answer_short(struct json_object *view, struct json_object *top,
			     const char *size, bool fix)
{
	struct human mapped = human_key(view, "mapped_bytes", "bytes");
	char *others = others_text(view);

	if (tree_u64_or_0(top, "fixable"))
		answer_give(view, fix, "%s of %s are not in %s leaves (%s): %s%s.",
			    human_key(view, "short_bytes", "bytes").s,
			    mapped.s, size, tree_word(top, "cause"),
			    tree_word(top, "says"), others);
	else
		answer_give(view, fix, "Nothing to fix: %s of %s are in %s leaves; the rest cannot be (%s): %s%s.",
			    human_key(view, "wanted_bytes", "bytes").s,
			    mapped.s, size, tree_word(top, "cause"),
			    tree_word(top, "says"), others);
	free(others);
}

/* A domain with devices and no memory: what that means is said. */
static void answer_nothing(struct json_object *view)
{
	struct json_object *target = tree_get(view, "target");
	char *devices = tree_join(target, "devices");
	bool any = tree_length(tree_get(target, "devices")) &&
		   tree_length(tree_get(target, "domains"));

	answer_give(view, false, "Nothing is mapped for %s%s%s%s.",
		    tree_word(target, "name"), any ? ": no memory for " : "",
		    any ? devices : "", any ? " to reach" : "");
	free(devices);
}

static void why_answer(struct json_object *view, enum leaf want)
{
	struct json_object *causes = tree_get(view, "causes");
	struct json_object *top = tree_at(causes, 0);
	bool fix = causes_to_fix(causes) > 0;
	const char *size = leaf_names[want];

	if (!top && tree_u64_or_0(view, "mapped_bytes"))
		answer_give(view, fix, "Nothing to fix: all %s are in %s leaves.",
			    human_key(view, "mapped_bytes", "bytes").s, size);
	else if (!top)
		answer_nothing(view);
	else if (!tree_get(top, "bytes"))
		answer_give(view, fix, "Not in %s leaves (%s): %s.", size,
			    tree_word(top, "cause"), tree_word(top, "says"));
	else
		why_answer_short(view, top, size, fix);
}

/* What is being mapped is neither there nor absent. */
static void inflight_miss(struct json_object *view, struct json_object *snap)
{
	struct json_object *target = tree_get(view, "target");
	struct findings findings = findings_of(view);
	uint64_t pid;

	if (!tree_u64(target, "pid", &pid))
		return;
	tree_foreach(tree_get(snap, "inflight"), call, record)
		if (tree_u64_or_0(record, "pid") == pid &&
		    tree_is(record, "op", "region_map"))
			findings_miss(&findings, "a region that is still being mapped (call %s, IOVA 0x%jx, %s, for %s)",
				      call,
				      (uintmax_t)tree_u64_or_0(record, "iova"),
				      human_key(record, "bytes", "bytes").s,
				      human_key(record, "age_ns", "ns").s);
}

static void zeros_add(struct json_object *view)
{
	struct json_object *leaves = tree_new();

	for (int leaf = LEAF_4K; leaf < NR_LEAVES; leaf++)
		tree_add_u64(leaves, leaf_words[leaf], 0);
	tree_add(view, "leaf_bytes", leaves);
	tree_add_u64(view, "mapped_bytes", 0);
	tree_add_u64(view, "wanted_bytes", 0);
	tree_add_u64(view, "short_bytes", 0);
	tree_add_u64(view, "runs", 0);
}

static void judge_tables(struct json_object *view,
			 const struct request *request,
			 struct json_object *snap, struct kinds *kinds)
{
	struct json_object *tables = target_tables(snap,
						   tree_get(view, "target"));

	tree_foreach(tables, table, device) {
		(void)table;
		judge_table(view, request, snap, kinds,
			    json_object_get_string(device));
	}
	json_object_put(tables);
}

/* The answer for one target, which it takes over. */
static struct json_object *why_target(const struct request *request,
				      struct json_object *snap,
				      struct json_object *target)
{
	struct json_object *view = answer_new("why"), *lacking;
	bool every = request->given & BIT(OPT_ALL) && *request->args;
	struct kinds kinds = { .all = every };
	enum leaf want = wanted(request);

	tree_add_word(view, "want", leaf_words[want]);
	tree_add(view, "target", target);
	refusals_add(view, snap);
	zeros_add(view);
	inflight_miss(view, snap);
	answer_blind(view, snap, "devices");
	answer_blind(view, snap, "backend");
	lacking = vtd_lacking(snap);
	/* Where nothing translates, there are no tables. */
	if (lacking)
		tree_append(tree_get(view, "causes"), lacking);
	else
		judge_tables(view, request, snap, &kinds);
	if (!tree_get(view, "vmas"))
		tree_add(view, "vmas", tree_new_list());
	kinds_tell(&kinds, view);
	why_answer(view, want);
	owner_judge(view, snap, request->debugfs);
	owner_answer(view);
	stale_add(view, request, snap);
	stale_answer(view);
	refusals_answer(view);
	return view;
}

static struct json_object *targets_of(struct json_object *snap,
				      char *const *words)
{
	struct json_object *targets = tree_new_list();

	/* One of several may well have nothing: `pidof` does not know. */
	for (; *words; words++)
		tree_append(targets, target_try(snap, *words) ?:
			    target_none(*words));
	return targets;
}

/* Nothing about any of them is left out but what each leaves out itself. */
static struct json_object *why_targets(const struct request *request,
				       struct json_object *snap,
				       struct json_object *targets)
{
	struct json_object *view = answer_new("why"), *list = tree_new_list();
	size_t nr = tree_length(targets), to_fix = 0;

	for (size_t i = 0; i < nr; i++) {
		struct json_object *target = tree_at(targets, i);
		struct json_object *told = why_target(request, snap,
						      json_object_get(target));

		to_fix += tree_u64_or_0(told, "fix_needed");
		tree_append(list, told);
	}
	tree_add(view, "targets", list);
	if (!nr)
		answer_give(view, false, "Nothing is mapped for VFIO.");
	else if (!to_fix)
		answer_give(view, false, "Nothing to fix in %zu target%s.", nr,
			    human_s(nr));
	else
		answer_give(view, true, "Something to fix in %zu of %zu target%s.",
			    to_fix, nr, human_s(nr));
	json_object_put(targets);
	return view;
}

static struct json_object *why_snapshot(const char *debugfs)
{
	static const char *const keys[] = {
		"type", "backend", "devices", "pid", "comm", "exact",
		"map_calls", "map_bytes", "start_ns", "teardown_bytes",
		"region_map_bytes", "region_unmap_bytes", NULL
	};
	static const struct snapshot_many many = { .keys = keys };
	struct json_object *snap;

	snap = snapshot_read_many(debugfs, SECTION_DOMAINS | SECTION_UNITS |
				  SECTION_CENSUS | SECTION_INFLIGHT |
				  SECTION_PROBES, &many);
	snapshot_add_many(snap, debugfs, 0,
			  SECTION_PROCESSES | SECTION_REFUSALS, &many);
	snapshot_add(snap, debugfs, 0, SECTION_REGIONS);
	return snap;
}

struct json_object *read_why(const struct request *request)
{
	struct json_object *view, *snap;

	if (request->end_file)
		return read_recorded_end(request);
	if (request->start || request->start_file)
		return read_start(request);
	if (!*request->args && !(request->given & BIT(OPT_ALL)))
		fail(EXIT_USAGE, "why needs a PID, device or domain, or --all: %s",
		     "`iovascope domains` lists them");
	wanted(request);
	snap = why_snapshot(request->debugfs);
	if (!*request->args)
		view = why_targets(request, snap, targets_all(snap));
	else if (request->args[1])
		view = why_targets(request, snap,
				   targets_of(snap, request->args));
	else
		view = why_target(request, snap,
				  target_find(snap, request->args[0]));
	json_object_put(snap);
	return view;
}
