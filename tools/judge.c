// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a run is not in leaves of the size that is wanted. Every byte that is
 * not gets one cause:
 *
 * 1. The addresses and the hardware allow larger leaves than are used: somebody
 *    switched them off, or the run came in pieces.
 * 2. The addresses allow them, the hardware does not.
 * 3. The addresses do not. What is left of the run in front of, behind, or for
 *    want of an aligned part is a fragment: see fragment.c.
 *
 * Runs with the same cause and the same key facts are one finding; addresses
 * are those of the first.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cause.h"
#include "fail.h"
#include "human.h"
#include "judge.h"
#include "system.h"
#include "tree.h"
#include "vtd.h"

static const enum cause lacks[NR_LEAVES] = {
	[LEAF_2M] = CAUSE_HW_NO_2M, [LEAF_1G] = CAUSE_HW_NO_1G
};

static enum leaf largest_used(const struct run *run)
{
	enum leaf leaf = LEAF_1G;

	while (leaf > LEAF_4K && !run->leaves[leaf])
		leaf--;
	return leaf;
}

static enum leaf smallest_used(const struct run *run)
{
	enum leaf leaf = LEAF_4K;

	while (leaf < LEAF_1G && !run->leaves[leaf])
		leaf++;
	return leaf;
}

/* The finding when it is new, to be told more about; otherwise NULL. */
struct json_object *judge_add(struct judge *judge, enum cause cause,
			      const char *group, const struct fragment *part)
{
	struct json_object *found;
	char *key;

	if (asprintf(&key, "%d %s", cause, group) < 0)
		fail(EXIT_RUNTIME, "out of memory");
	found = tree_get(judge->groups, key);
	if (found) {
		tree_add_sum(found, "bytes", part->short_bytes);
		tree_add_sum(found, "runs", 1);
		free(key);
		return NULL;
	}
	found = cause_new(cause);
	tree_add(judge->groups, key, found);
	free(key);
	tree_add_u64(found, "bytes", part->short_bytes);
	tree_add_u64(found, "runs", 1);
	tree_add_u64(found, "iova", part->iova);
	tree_add_u64(found, "last", fragment_last(part));
	tree_add_u64(found, "phys", fragment_phys(part));
	cause_word(found, "used", leaf_words[smallest_used(part->run)]);
	return found;
}

/* 1: larger leaves were possible. */

static bool maps_one_by_one(void)
{
	char *value = system_line("/sys/module/vfio_iommu_type1/parameters/disable_hugepages");
	bool on = value && *value == 'Y';

	free(value);
	return on;
}

static void switched_off(struct judge *judge, const struct fragment *part,
			 enum leaf possible)
{
	struct json_object *found = judge_add(judge, CAUSE_SP_OFF, "", part);

	if (!found)
		return;
	cause_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, "/proc/cmdline has sp_off in intel_iommu=, and the table has no leaf larger than 4K");
	if (maps_one_by_one())
		cause_evidence(found, "disable_hugepages of vfio_iommu_type1 is Y, too: it would be the next cause");
}

static void one_by_one(struct judge *judge, const struct fragment *part,
		       enum leaf possible)
{
	struct json_object *found;

	found = judge_add(judge, CAUSE_DISABLE_HUGEPAGES, "", part);
	if (!found)
		return;
	cause_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, "/sys/module/vfio_iommu_type1/parameters/disable_hugepages is Y, and the table has no leaf larger than 4K");
}

static void capped(struct judge *judge, const struct fragment *part,
		   enum leaf possible)
{
	struct json_object *found;

	found = judge_add(judge, CAUSE_LEAVES_CAPPED, "", part);
	if (!found)
		return;
	cause_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, HUGEPATH_LEAF " is %s, and there are no larger leaves here",
		       leaf_names[judge->cap]);
}

static void weak_unit(struct judge *judge, const struct fragment *part,
		      enum leaf possible)
{
	struct json_object *found;

	found = judge_add(judge, lacks[possible], judge->weak[possible], part);
	if (!found)
		return;
	cause_word(found, "possible", leaf_words[possible]);
	cause_word(found, "unit", judge->weak[possible]);
	cause_says(found, "remapping unit %s has no %s leaves, and this kernel uses only what all units have",
		   judge->weak[possible], leaf_names[possible]);
	vtd_tell_lack(found, tree_get(judge->units, judge->weak[possible]),
		      judge->stage, possible);
	cause_evidence(found, "%s, which serves the device, has %s leaves, and this run has none",
		       judge->unit, leaf_names[possible]);
}

static void in_pieces(struct judge *judge, const struct fragment *part,
		      enum leaf possible)
{
	bool small = judge->iommufd && judge->only_4k;
	struct json_object *found;

	found = judge_add(judge, small ? CAUSE_IOMMUFD_NO_HUGE :
			  CAUSE_JOINED_LATE, leaf_words[possible], part);
	if (!found)
		return;
	cause_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, "IOVA and memory are contiguous and congruent from 0x%jx to 0x%jx, the hardware has %s leaves, and no switch is off",
		       (uintmax_t)part->run->iova, (uintmax_t)part->run->last,
		       leaf_names[possible]);
	if (judge->map_calls)
		cause_evidence(found, "%ju calls mapped %s: %s a call on average",
			       (uintmax_t)judge->map_calls,
			       human_bytes(judge->map_bytes).s,
			       human_bytes(judge->map_bytes /
					   judge->map_calls).s);
}

static void judge_waste(struct judge *judge, const struct fragment *part,
			enum leaf possible)
{
	bool none = judge->only_4k;

	if (none && system_cmdline_has("intel_iommu", "sp_off"))
		switched_off(judge, part, possible);
	else if (none && judge->type1 && maps_one_by_one())
		one_by_one(judge, part, possible);
	else if (judge->cap < possible && largest_used(part->run) <= judge->cap)
		capped(judge, part, possible);
	else if (judge->weak[possible] &&
		 largest_used(part->run) < possible)
		weak_unit(judge, part, possible);
	else
		in_pieces(judge, part, possible);
}

/* 2: the hardware cannot. */

static void judge_hardware(struct judge *judge, const struct fragment *part,
			   enum leaf possible)
{
	struct json_object *found;

	found = judge_add(judge, lacks[possible], "", part);
	if (!found)
		return;
	cause_word(found, "possible", leaf_words[possible]);
	cause_word(found, "unit", judge->unit);
	cause_says(found, "remapping unit %s has no %s leaves in %s-stage tables",
		   judge->unit, leaf_names[possible], judge->stage);
	vtd_tell_lack(found, tree_get(judge->units, judge->unit), judge->stage,
		      possible);
	cause_evidence(found, "the addresses would allow them; `iovascope units` shows what %s can have",
		       judge->unit);
}

static void judge_fragment(struct judge *judge, struct fragment *part,
			   uint64_t *left)
{
	part->short_bytes = part->bytes < *left ? part->bytes : *left;
	*left -= part->short_bytes;
	if (!part->short_bytes)
		return;
	fragment_judge(judge, part);
}

/* What is in front of the aligned part and behind it, or all without one. */
static void judge_addresses(struct judge *judge, const struct run *run,
			    uint64_t left)
{
	uint64_t bytes = run_bytes(run);
	uint64_t fit = leaf_possible(run->iova, run->phys, bytes, judge->want);
	struct fragment head = { .run = run, .iova = run->iova,
				 .bytes = bytes };
	struct fragment tail = { .run = run };

	if (fit) {
		head.bytes = leaf_up(run->iova, judge->want) - run->iova;
		tail.iova = run->iova + head.bytes + fit;
		tail.bytes = bytes - head.bytes - fit;
	}
	judge_fragment(judge, &head, &left);
	judge_fragment(judge, &tail, &left);
}

/*
 * For each size up to the wanted one: what is, what the hardware could, what
 * the addresses could. A byte that could be in a 1G leaf could be in a 2M one:
 * the largest of the differences has all of them.
 */
static void judge_run(struct judge *judge, const struct run *run)
{
	uint64_t bytes = run_bytes(run), left, waste = 0, hardware = 0;
	enum leaf leaf, wasted = LEAF_4K, lacking = LEAF_4K;
	struct fragment part = { .run = run, .iova = run->iova,
				 .bytes = bytes };

	left = bytes - run_used(run, judge->want);
	for (leaf = LEAF_2M; leaf <= judge->want; leaf++) {
		uint64_t could = leaf_possible(run->iova, run->phys, bytes,
					       leaf);
		uint64_t used = run_used(run, leaf);

		if (could <= used)
			continue;
		if (judge->has[leaf] && could - used >= waste) {
			waste = could - used;
			wasted = leaf;
		} else if (!judge->has[leaf] && could - used >= hardware) {
			hardware = could - used;
			lacking = leaf;
		}
	}
	part.short_bytes = waste < left ? waste : left;
	left -= part.short_bytes;
	if (part.short_bytes)
		judge_waste(judge, &part, wasted);
	part.short_bytes = hardware < left ? hardware : left;
	left -= part.short_bytes;
	if (part.short_bytes)
		judge_hardware(judge, &part, lacking);
	if (left)
		judge_addresses(judge, run, left);
}

static bool has_only_4k(const struct runs *runs)
{
	for (size_t i = 0; i < runs->nr; i++)
		if (runs->run[i].leaves[LEAF_2M] ||
		    runs->run[i].leaves[LEAF_1G])
			return false;
	return true;
}

/* Findings of all runs, into the view's `causes`. */
void judge_runs(struct judge *judge)
{
	judge->only_4k = has_only_4k(judge->runs);
	judge->groups = tree_new();
	for (size_t i = 0; i < judge->runs->nr; i++) {
		const struct run *run = &judge->runs->run[i];

		if (run->torn)
			missing_add(judge->view, "0x%jx to 0x%jx kept changing while it was read",
				    (uintmax_t)run->iova, (uintmax_t)run->last);
		else if (run_used(run, judge->want) < run_bytes(run))
			judge_run(judge, run);
	}
	json_object_object_foreach(judge->groups, key, found) {
		(void)key;
		json_object_array_add(tree_get(judge->view, "causes"),
				      json_object_get(found));
	}
	json_object_put(judge->groups);
}
