// SPDX-License-Identifier: GPL-2.0-only
/*
 * `why`: what keeps a process, a device or a domain from leaves of the wanted
 * size. The facts are the runs of its tables, the units, and what /proc and
 * /sys tell; judge.c makes causes of them. The answer is one tree:
 *
 *	{ "question": "why", "answer": "..", "fix_needed": 1, "target": {..},
 *	  "mapped_bytes": .., "short_bytes": .., "causes": [..], .. }
 *
 * The sum of the causes' bytes is short_bytes.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blind.h"
#include "cause.h"
#include "command.h"
#include "fail.h"
#include "human.h"
#include "judge.h"
#include "snapshot.h"
#include "system.h"
#include "target.h"
#include "tree.h"
#include "view.h"
#include "vma.h"
#include "vtd.h"
#include "why.h"

struct json_object *answer_new(const char *question)
{
	struct json_object *view = tree_new();

	tree_add_u64(view, "format", 1);
	tree_add(view, "question", json_object_new_string(question));
	tree_add(view, "answer", json_object_new_string(""));
	tree_add_u64(view, "fix_needed", 0);
	tree_add(view, "causes", json_object_new_array());
	tree_add(view, "missing", json_object_new_array());
	return view;
}

void answer_says(struct json_object *view, struct json_object *word)
{
	tree_add(view, "answer", word);
}

static bool is_iommufd(const char *dir, const char *name)
{
	char target[64], *path;
	ssize_t len;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		fail(EXIT_RUNTIME, "out of memory");
	len = readlink(path, target, sizeof(target) - 1);
	free(path);
	if (len < 0)
		return false;
	target[len] = '\0';
	return !strcmp(target, "/dev/iommu");
}

bool uses_iommufd(uint64_t pid)
{
	struct dirent *entry;
	char *path, *full;
	bool found = false;
	DIR *dir;

	if (asprintf(&path, "/proc/%ju/fd", (uintmax_t)pid) < 0)
		fail(EXIT_RUNTIME, "out of memory");
	full = system_path(path);
	dir = opendir(full);
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
	json_object_object_foreach(tree_get(snap, "census"), device, record) {
		(void)device;
		if (tree_is(record, "type", type) &&
		    tree_u64_or_0(record, leaves))
			return false;
	}
	return system_has_symbol("domain_update_iommu_superpage") ||
	       system_has_symbol("domain_update_iommu_cap");
}

static const char *find_weak(const struct judge *judge,
			     struct json_object *snap, const char *size)
{
	const char *weak = NULL;
	char leaves[32];

	json_object_object_foreach(tree_get(snap, "units"), name, unit)
		if (tree_is(unit, "translation", "1") &&
		    !stage_has(unit, judge->stage, size))
			weak = name;
	snprintf(leaves, sizeof(leaves), "%s_leaves", size);
	return weak && takes_least(snap, judge->stage, leaves) ? weak : NULL;
}

static void find_hardware(struct judge *judge, struct json_object *snap,
			  struct json_object *record)
{
	struct json_object *units = tree_get(snap, "units");

	judge->units = units;
	judge->unit = tree_word(record, "unit");
	judge->stage = tree_is(record, "type", "first") ? "first" : "second";
	judge->has[LEAF_4K] = true;
	for (int leaf = LEAF_2M; leaf < NR_LEAVES; leaf++) {
		judge->has[leaf] = stage_has(tree_get(units, judge->unit),
					     judge->stage, leaf_words[leaf]);
		if (judge->has[leaf])
			judge->weak[leaf] = find_weak(judge, snap,
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
static void find_domain(struct judge *judge, struct json_object *snap,
			const char *device)
{
	json_object_object_foreach(tree_get(snap, "domains"), id, domain) {
		(void)id;
		if (!tree_lists(domain, "devices", device))
			continue;
		judge->type1 = tree_is(domain, "backend", "type1");
		if (tree_is(domain, "backend", "hugepath"))
			judge->cap = hugepath_cap();
		judge->iommufd = tree_is(domain, "backend", "iommufd") ||
			(!judge->type1 &&
			 uses_iommufd(tree_u64_or_0(domain, "pid")));
		judge->map_calls = tree_u64_or_0(domain, "map_calls");
		judge->map_bytes = tree_u64_or_0(domain, "map_bytes");
		if (tree_is(domain, "exact", "0"))
			judge->map_calls = 0;
	}
}

static void add_amounts(struct json_object *view, const struct runs *runs,
			enum leaf want)
{
	struct json_object *leaves = tree_get(view, "leaf_bytes");

	tree_add_sum(view, "runs", runs->nr);
	for (size_t i = 0; i < runs->nr; i++) {
		const struct run *run = &runs->run[i];
		uint64_t used = run_used(run, want);

		if (run->torn)
			continue;
		tree_add_sum(view, "mapped_bytes", run_bytes(run));
		tree_add_sum(view, "wanted_bytes", used);
		tree_add_sum(view, "short_bytes", run_bytes(run) - used);
		for (int leaf = LEAF_4K; leaf < NR_LEAVES; leaf++)
			tree_add_sum(leaves, leaf_words[leaf],
				     run->leaves[leaf] * leaf_size(leaf));
	}
}

static void passes_through(struct json_object *view, const char *device)
{
	struct json_object *found = cause_new(CAUSE_IDENTITY);

	tree_add(found, "device", json_object_new_string(device));
	cause_says(found, "%s passes through: it uses physical addresses, so there is no IO page table",
		   device);
	cause_evidence(found, "the context entry of %s in the remapping hardware says passthrough",
		       device);
	if (system_cmdline_has("iommu", "pt"))
		cause_evidence(found, "/proc/cmdline has iommu=pt");
	json_object_array_add(tree_get(view, "causes"), found);
}

static void judge_table(struct json_object *view, const struct request *request,
			struct json_object *snap, const char *device)
{
	struct judge judge = {
		.view = view, .want = wanted(request), .cap = LEAF_1G,
	};
	struct json_object *record, *section;
	struct runs *runs;
	uint64_t pid;

	record = tree_get(tree_get(snap, "census"), device);
	if (tree_is(record, "type", "identity")) {
		passes_through(view, device);
		return;
	}
	if (!tree_get(record, "table"))
		return;
	if (tree_is(record, "readable", "0")) {
		missing_add(view, "the table of %s could not be read", device);
		return;
	}
	find_hardware(&judge, snap, record);
	find_domain(&judge, snap, device);
	section = snapshot_runs(request->debugfs, device, 0, SIZE_MAX);
	runs = runs_of(tree_get(section, "runs"));
	judge.runs = runs;
	add_amounts(view, runs, judge.want);
	judge_runs(&judge);
	/* Beside one table only: others map the same memory again. */
	if (tree_u64(tree_get(view, "target"), "pid", &pid) &&
	    !tree_get(view, "vmas")) {
		tree_add(view, "vmas", json_object_new_array());
		vmas_add(view, pid, runs);
	}
	runs_free(runs);
	json_object_put(section);
}

/* Is there anything that translates? If not, that is the cause. */
static bool judge_machine(struct json_object *view, struct json_object *snap)
{
	struct json_object *found = vtd_lacking(snap);

	if (found)
		json_object_array_add(tree_get(view, "causes"), found);
	return !found;
}

static struct json_object *top(struct json_object *view)
{
	return json_object_array_get_idx(tree_get(view, "causes"), 0);
}

static char *compose(struct json_object *view, const char *size)
{
	struct human mapped = human_key(view, "mapped_bytes", "bytes");
	struct human used = human_key(view, "wanted_bytes", "bytes");
	struct json_object *cause = top(view);
	char *line;
	int len;

	if (!cause && tree_u64_or_0(view, "mapped_bytes"))
		len = asprintf(&line, "Nothing to fix: all %s are in %s leaves.",
			       mapped.s, size);
	else if (!cause)
		len = asprintf(&line, "Nothing is mapped for %s.",
			       tree_word(tree_get(view, "target"), "name"));
	else if (!tree_get(cause, "bytes"))
		len = asprintf(&line, "Not in %s leaves (%s): %s.", size,
			       tree_word(cause, "cause"),
			       tree_word(cause, "says"));
	else if (tree_u64_or_0(cause, "fixable"))
		len = asprintf(&line, "%s of %s are not in %s leaves (%s): %s.",
			       human_key(cause, "bytes", "bytes").s, mapped.s,
			       size, tree_word(cause, "cause"),
			       tree_word(cause, "says"));
	else
		len = asprintf(&line, "Nothing to fix: %s of %s are in %s leaves; the rest cannot be (%s): %s.",
			       used.s, mapped.s, size,
			       tree_word(cause, "cause"),
			       tree_word(cause, "says"));
	if (len < 0)
		fail(EXIT_RUNTIME, "out of memory");
	return line;
}

static void answer(struct json_object *view, enum leaf want)
{
	struct json_object *causes = tree_get(view, "causes");
	char *line;

	causes_sorted(causes, "bytes");
	tree_add_u64(view, "fix_needed", causes_to_fix(causes) > 0);
	line = compose(view, leaf_names[want]);
	answer_says(view, json_object_new_string(line));
	free(line);
}

/* What is being mapped is neither there nor absent. */
static void tell_inflight(struct json_object *view, struct json_object *snap)
{
	struct json_object *target = tree_get(view, "target");
	uint64_t pid;

	if (!tree_u64(target, "pid", &pid))
		return;
	json_object_object_foreach(tree_get(snap, "inflight"), call, record)
		if (tree_u64_or_0(record, "pid") == pid &&
		    tree_is(record, "op", "region_map"))
			missing_add(view, "a region that is still being mapped (call %s, IOVA 0x%jx, %s, for %s)",
				    call,
				    (uintmax_t)tree_u64_or_0(record, "iova"),
				    human_key(record, "bytes", "bytes").s,
				    human_key(record, "age_ns", "ns").s);
}

static void add_zeros(struct json_object *view)
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

struct json_object *read_why(const struct request *request)
{
	struct json_object *view, *snap, *target, *tables;
	enum leaf want = wanted(request);

	if (request->start)
		return read_start(request);
	if (!request->args[0] || request->args[1])
		fail(EXIT_USAGE, "why needs one PID, device or domain: %s",
		     "`iovascope domains` lists them");
	snap = snapshot_read(request->debugfs, SECTION_DOMAINS | SECTION_UNITS |
			     SECTION_CENSUS | SECTION_INFLIGHT |
			     SECTION_PROBES);
	view = answer_new("why");
	tree_add(view, "want", json_object_new_string(leaf_words[want]));
	target = target_find(snap, request->args[0]);
	tree_add(view, "target", target);
	add_zeros(view);
	tell_inflight(view, snap);
	blind_tell(view, snap, "devices");
	blind_tell(view, snap, "backend");
	if (judge_machine(view, snap)) {
		tables = target_tables(snap, target);
		json_object_object_foreach(tables, table, device) {
			(void)table;
			judge_table(view, request, snap,
				    json_object_get_string(device));
		}
		json_object_put(tables);
	}
	if (!tree_get(view, "vmas"))
		tree_add(view, "vmas", json_object_new_array());
	answer(view, want);
	json_object_put(snap);
	return view;
}

/* The answer has been printed; the caller is told by the exit status. */
void judge_answer(struct json_object *view)
{
	if (tree_u64_or_0(view, "fix_needed"))
		fail(EXIT_RUNTIME, "%s: something to fix",
		     tree_word(view, "question"));
}
