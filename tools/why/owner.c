// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that succeeded, and still nobody has what he thinks. Two of them:
 *
 * - Memory stays mapped for devices as long as somebody has the container open.
 *   When that is not who mapped it, and he is gone, it belongs to no living
 *   process: it is pinned, reached by devices, and counted nowhere. Unless it is
 *   memory that may be shared: programs fork after they have mapped, and the
 *   child goes on with it. It is wrong where its pages are seen to be nobody's.
 * - A container whose last group leaves forgets all that was mapped. A device
 *   that joins then reaches nothing, and no call has said so.
 *
 * Both are of VFIO's containers: an IOAS of iommufd keeps what was mapped, and
 * may be handed on without a map that the module sees.
 */
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/human.h"
#include "base/tree.h"
#include "cause.h"
#include "finding.h"
#include "frames.h"
#include "owner.h"
#include "read/runs.h"
#include "regions.h"
#include "task.h"

static bool is_container(struct json_object *domain)
{
	return tree_length(tree_get(domain, "devices")) &&
	       (tree_is(domain, "backend", "type1") ||
		tree_is(domain, "backend", "hugepath"));
}

/* ---- mapped, and nobody's ---- */

static struct json_object *orphan_of(struct json_object *causes,
				     struct json_object *region)
{
	for (size_t i = 0; i < tree_length(causes); i++) {
		struct json_object *found = tree_at(causes, i);

		if (tree_is(found, "domain", tree_word(region, "domain")) &&
		    tree_u64_or_0(found, "pid") ==
		    tree_u64_or_0(region, "pid"))
			return found;
	}
	return NULL;
}

static void orphan_add(struct json_object *causes, struct json_object *region)
{
	static const char *const keys[] = {
		"pid", "comm", "start_ns", "domain", "iova"
	};
	struct json_object *found = orphan_of(causes, region);

	if (!found) {
		found = cause_new(CAUSE_ORPHANED);
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			tree_share(found, region, keys[i]);
		tree_append(causes, found);
	}
	tree_add_sum(found, "orphan_regions", 1);
	tree_add_sum(found, "orphan_bytes", tree_u64_or_0(region, "bytes"));
}

static void orphan_tell(struct json_object *found, struct json_object *domain)
{
	char *devices = tree_join(domain, "devices");
	uint64_t nr = tree_u64_or_0(found, "orphan_regions");

	cause_says(found, "%s of the memory of %s (%s), who is gone, are mapped for devices still",
		   human_key(found, "orphan_bytes", "bytes").s,
		   tree_word(found, "comm"), tree_word(found, "pid"));
	cause_evidence(found, "domain %s has %ju region%s that he mapped, the first at IOVA 0x%jx; %s reach%s them",
		       tree_word(found, "domain"), (uintmax_t)nr, human_s(nr),
		       (uintmax_t)tree_u64_or_0(found, "iova"), devices,
		       tree_length(tree_get(domain, "devices")) > 1 ?
		       "" : "es");
	if (tree_u64_or_0(domain, "pid") != tree_u64_or_0(found, "pid"))
		cause_evidence(found, "the domain is used by %s (%s) now",
			       tree_word(domain, "comm"),
			       tree_word(domain, "pid"));
	free(devices);
}

/* A page of each region: one that is nobody's is enough. */
static bool is_lost(struct json_object *found, struct json_object *regions,
		    const struct runs *runs)
{
	for (size_t i = 0; i < tree_length(regions); i++) {
		struct json_object *region = tree_at(regions, i);
		uint64_t phys;

		if (tree_u64_or_0(region, "pid") ==
		    tree_u64_or_0(found, "pid") &&
		    runs_phys(runs, tree_u64_or_0(region, "iova"), &phys) &&
		    frame_is_lost(phys))
			return true;
	}
	return false;
}

/* What its devices reach, to be freed; NULL where that cannot be read. */
static struct runs *runs_of(struct json_object *snap,
			    struct json_object *domain, const char *debugfs)
{
	struct json_object *first = tree_at(tree_get(domain, "devices"), 0);
	const char *device = json_object_get_string(first);
	struct json_object *record = tree_get(tree_get(snap, "census"), device);

	if (!tree_get(record, "table") || tree_is(record, "readable", "0"))
		return NULL;
	return runs_try(debugfs, device);
}

static void orphan_weigh(struct json_object *found, bool lost)
{
	if (lost) {
		cause_evidence(found, "pages of it are anonymous and in no page table of any process (/proc/kpageflags): nobody has them");
		return;
	}
	cause_unfixable(found);
	cause_evidence(found, "whether a living process has it is not known: one that was forked, or was given the file, has shared and hugetlb memory, too");
}

static void orphans_judge(struct json_object *answer, struct json_object *snap,
			  const char *id, const char *debugfs)
{
	struct json_object *domain = tree_get(tree_get(snap, "domains"), id);
	struct json_object *causes, *regions;
	struct mapper mapper = { 0 };
	struct runs *runs = NULL;

	if (!is_container(domain))
		return;
	causes = tree_new_list();
	regions = regions_of(snap, id);
	for (size_t i = 0; i < tree_length(regions); i++)
		if (!region_is_owned(tree_at(regions, i), &mapper))
			orphan_add(causes, tree_at(regions, i));
	if (tree_length(causes))
		runs = runs_of(snap, domain, debugfs);
	for (size_t i = 0; i < tree_length(causes); i++) {
		struct json_object *found = tree_at(causes, i);

		orphan_tell(found, domain);
		orphan_weigh(found, runs && is_lost(found, regions, runs));
		tree_append(tree_get(answer, "causes"),
			    json_object_get(found));
	}
	json_object_put(causes);
	if (runs)
		runs_free(runs);
}

/* ---- had, and not mapped ---- */

/* What a map that failed half-way took back is torn down, and was never mapped. */
static uint64_t dropped_bytes(struct json_object *snap, uint64_t pid)
{
	struct json_object *last = NULL;
	uint64_t torn, asked, mapped;

	tree_foreach(tree_get(snap, "processes"), id, record) {
		(void)id;
		if (tree_u64_or_0(record, "pid") == pid &&
		    (!last || tree_u64_or_0(record, "start_ns") >=
			      tree_u64_or_0(last, "start_ns")))
			last = record;
	}
	torn = tree_u64_or_0(last, "teardown_bytes");
	asked = tree_u64_or_0(last, "region_unmap_bytes");
	mapped = tree_u64_or_0(last, "region_map_bytes");
	torn = torn < mapped ? torn : mapped;
	return torn > asked ? torn - asked : 0;
}

static bool has_container(struct json_object *snap, struct json_object *ids)
{
	struct json_object *domains = tree_get(snap, "domains");

	for (size_t i = 0; i < tree_length(ids); i++) {
		const char *id = json_object_get_string(tree_at(ids, i));

		if (is_container(tree_get(domains, id)))
			return true;
	}
	return false;
}

/*
 * Only where nothing is mapped: else it may well have been meant. Whether a
 * group left, or the process closed one container and opened another, no record
 * tells.
 */
static void dropped_judge(struct json_object *answer, struct json_object *snap)
{
	struct json_object *target = tree_get(answer, "target"), *found;
	uint64_t pid, bytes;
	char *devices;

	if (!tree_u64(target, "pid", &pid) ||
	    !has_container(snap, tree_get(target, "domains")))
		return;
	bytes = dropped_bytes(snap, pid);
	if (!bytes)
		return;
	devices = tree_join(target, "devices");
	found = cause_new(CAUSE_MEMORY_DROPPED);
	tree_add_u64(found, "dropped_bytes", bytes);
	cause_says(found, "%s reach%s 0 B: %s that the process had mapped were dropped with the last group that left the container, or with another container that it closed",
		   devices, tree_length(tree_get(target, "devices")) > 1 ?
		   "" : "es", human_bytes(bytes).s);
	cause_evidence(found, "process %ju had %s more torn down than it asked to unmap, and nothing is mapped now",
		       (uintmax_t)pid, human_bytes(bytes).s);
	cause_evidence(found, "which of both it was is not known: no record tells one container of a process from another");
	tree_append(tree_get(answer, "causes"), found);
	free(devices);
}

void owner_judge(struct json_object *answer, struct json_object *snap,
		 const char *debugfs)
{
	struct json_object *ids = tree_get(tree_get(answer, "target"),
					   "domains");

	if (!tree_u64_or_0(answer, "mapped_bytes")) {
		dropped_judge(answer, snap);
		return;
	}
	/* In a container of its own everybody else seems to be gone. */
	for (size_t i = 0; task_sees_host() && i < tree_length(ids); i++)
		orphans_judge(answer, snap,
			      json_object_get_string(tree_at(ids, i)),
			      debugfs);
}

void owner_answer(struct json_object *answer)
{
	struct json_object *causes = tree_get(answer, "causes");

	for (size_t i = 0; i < tree_length(causes); i++) {
		struct json_object *found = tree_at(causes, i);

		if (tree_is(found, "cause", "orphaned") &&
		    tree_u64_or_0(found, "fixable"))
			answer_give(answer, true, "Something is wrong (orphaned): %s.",
				    tree_word(found, "says"));
		else if (tree_is(found, "cause", "memory-dropped"))
			answer_give(answer, false, "Nothing is mapped (memory-dropped): %s.",
				    tree_word(found, "says"));
		else
			continue;
		return;
	}
}
