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
 * Runs with the same cause and the same key facts are one cause: see part.c.
 */
#include <stdlib.h>

#include "base/human.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "finding.h"
#include "fragment.h"
#include "judge.h"
#include "part.h"
#include "vtd.h"

#define MAX_TORN	3

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

/* 1: larger leaves were possible. */

static bool maps_one_by_one(void)
{
	char *value = system_line("/sys/module/vfio_iommu_type1/parameters/disable_hugepages");
	bool on = value && *value == 'Y';

	free(value);
	return on;
}

static void cause_sp_off(struct facts *facts, const struct part *part,
			 enum leaf possible)
{
	struct json_object *found = part_add(facts, CAUSE_SP_OFF, "", part);

	if (!found)
		return;
	tree_add_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, "/proc/cmdline has sp_off in intel_iommu=, and the table has no leaf larger than 4K");
	if (maps_one_by_one())
		cause_evidence(found, "disable_hugepages of vfio_iommu_type1 is Y, too: it would be the next cause");
}

static void cause_one_by_one(struct facts *facts, const struct part *part,
			     enum leaf possible)
{
	struct json_object *found;

	found = part_add(facts, CAUSE_DISABLE_HUGEPAGES, "", part);
	if (!found)
		return;
	tree_add_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, "/sys/module/vfio_iommu_type1/parameters/disable_hugepages is Y, and the table has no leaf larger than 4K");
}

static void cause_capped(struct facts *facts, const struct part *part,
			 enum leaf possible)
{
	struct json_object *found;

	found = part_add(facts, CAUSE_LEAVES_CAPPED, "", part);
	if (!found)
		return;
	tree_add_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, HUGEPATH_LEAF " is %s, and there are no larger leaves here",
		       leaf_names[facts->cap]);
}

static void cause_weak_unit(struct facts *facts, const struct part *part,
			    enum leaf possible)
{
	struct json_object *found;

	found = part_add(facts, lacks[possible], facts->weak[possible], part);
	if (!found)
		return;
	tree_add_word(found, "possible", leaf_words[possible]);
	tree_add_word(found, "unit", facts->weak[possible]);
	cause_says(found, "remapping unit %s has no %s leaves, and this kernel uses only what all units have",
		   facts->weak[possible], leaf_names[possible]);
	vtd_tell_lack(found, tree_get(facts->units, facts->weak[possible]),
		      facts->stage, possible);
	cause_evidence(found, "%s, which serves the device, has %s leaves, and this run has none",
		       facts->unit, leaf_names[possible]);
}

static void cause_pieces(struct facts *facts, const struct part *part,
			 enum leaf possible)
{
	bool small = facts->iommufd && facts->only_4k;
	struct json_object *found;

	found = part_add(facts, small ? CAUSE_IOMMUFD_NO_HUGE :
			 CAUSE_JOINED_LATE, leaf_words[possible], part);
	if (!found)
		return;
	tree_add_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, "IOVA and memory are contiguous and congruent from 0x%jx to 0x%jx, the hardware has %s leaves, and no switch is off",
		       (uintmax_t)part->run->iova, (uintmax_t)part->run->last,
		       leaf_names[possible]);
	if (facts->map_calls)
		cause_evidence(found, "%ju call%s mapped %s: %s a call on average",
			       (uintmax_t)facts->map_calls,
			       human_s(facts->map_calls),
			       human_bytes(facts->map_bytes).s,
			       human_bytes(facts->map_bytes /
					   facts->map_calls).s);
}

static void judge_waste(struct facts *facts, const struct part *part,
			enum leaf possible)
{
	bool none = facts->only_4k;

	if (none && system_cmdline_has("intel_iommu", "sp_off"))
		cause_sp_off(facts, part, possible);
	else if (none && facts->type1 && maps_one_by_one())
		cause_one_by_one(facts, part, possible);
	else if (facts->cap < possible && largest_used(part->run) <= facts->cap)
		cause_capped(facts, part, possible);
	else if (facts->weak[possible] &&
		 largest_used(part->run) < possible)
		cause_weak_unit(facts, part, possible);
	else
		cause_pieces(facts, part, possible);
}

/* 2: the hardware cannot. */

static void judge_hardware(struct facts *facts, const struct part *part,
			   enum leaf possible)
{
	struct json_object *found;

	found = part_add(facts, lacks[possible], "", part);
	if (!found)
		return;
	tree_add_word(found, "possible", leaf_words[possible]);
	tree_add_word(found, "unit", facts->unit);
	cause_says(found, "remapping unit %s has no %s leaves in %s-stage tables",
		   facts->unit, leaf_names[possible], facts->stage);
	vtd_tell_lack(found, tree_get(facts->units, facts->unit), facts->stage,
		      possible);
	cause_evidence(found, "the addresses would allow them; `iovascope units` shows what %s can have",
		       facts->unit);
}

static void judge_left(struct facts *facts, struct part *part,
		       uint64_t *left)
{
	part->short_bytes = part->bytes < *left ? part->bytes : *left;
	*left -= part->short_bytes;
	if (!part->short_bytes)
		return;
	fragment_judge(facts, part);
}

/* What is in front of the aligned part and behind it, or all without one. */
static void judge_addresses(struct facts *facts, const struct run *run,
			    uint64_t left)
{
	uint64_t bytes = run_bytes(run);
	uint64_t fit = leaf_possible(run->iova, run->phys, bytes, facts->want);
	struct part head = { .run = run, .iova = run->iova,
				 .bytes = bytes };
	struct part tail = { .run = run };

	if (fit) {
		head.bytes = leaf_up(run->iova, facts->want) - run->iova;
		tail.iova = run->iova + head.bytes + fit;
		tail.bytes = bytes - head.bytes - fit;
	}
	judge_left(facts, &head, &left);
	judge_left(facts, &tail, &left);
}

/*
 * For each size up to the wanted one: what is, what the hardware could, what
 * the addresses could. A byte that could be in a 1G leaf could be in a 2M one:
 * the largest of the differences has all of them.
 */
static void judge_run(struct facts *facts, const struct run *run)
{
	uint64_t bytes = run_bytes(run), left, waste = 0, hardware = 0;
	enum leaf leaf, wasted = LEAF_4K, lacking = LEAF_4K;
	struct part part = { .run = run, .iova = run->iova,
				 .bytes = bytes };

	left = bytes - run_used(run, facts->want);
	for (leaf = LEAF_2M; leaf <= facts->want; leaf++) {
		uint64_t could = leaf_possible(run->iova, run->phys, bytes,
					       leaf);
		uint64_t used = run_used(run, leaf);

		if (could <= used)
			continue;
		if (facts->has[leaf] && could - used >= waste) {
			waste = could - used;
			wasted = leaf;
		} else if (!facts->has[leaf] && could - used >= hardware) {
			hardware = could - used;
			lacking = leaf;
		}
	}
	part.short_bytes = waste < left ? waste : left;
	left -= part.short_bytes;
	if (part.short_bytes)
		judge_waste(facts, &part, wasted);
	part.short_bytes = hardware < left ? hardware : left;
	left -= part.short_bytes;
	if (part.short_bytes)
		judge_hardware(facts, &part, lacking);
	if (left)
		judge_addresses(facts, run, left);
}

static bool has_only_4k(const struct runs *runs)
{
	for (size_t i = 0; i < runs->nr; i++) {
		struct run run = run_at(runs, i);

		if (run.leaves[LEAF_2M] || run.leaves[LEAF_1G])
			return false;
	}
	return true;
}

/* The first few by themselves: in a busy table there may be many. */
static void torn_miss(struct facts *facts, const struct run *run)
{
	if (facts->nr_torn++ < MAX_TORN)
		findings_miss(facts->findings, "0x%jx to 0x%jx kept changing while it was read",
			      (uintmax_t)run->iova, (uintmax_t)run->last);
}

/* Many parts can lack the same fact: it is told once. */
static void facts_miss(const struct facts *facts)
{
	const struct findings *findings = facts->findings;

	if (facts->nr_torn > MAX_TORN)
		findings_miss(findings, "%ju more ranges that kept changing while they were read",
			      (uintmax_t)(facts->nr_torn - MAX_TORN));
	if (facts->nr_unknown_frames)
		findings_miss(findings, "backing: /proc/kpageflags tells nothing of some frames");
	if (facts->nr_unknown_bars)
		findings_miss(findings, "BAR: no device in /sys/bus/pci/devices has physical address 0x%jx%s",
			      (uintmax_t)facts->unknown_bar,
			      facts->nr_unknown_bars > 1 ?
			      ", nor those of other runs" : "");
}

void judge_runs(struct facts *facts)
{
	facts->only_4k = has_only_4k(facts->runs);
	facts->groups = tree_new();
	for (size_t i = 0; i < facts->runs->nr; i++) {
		struct run run = run_at(facts->runs, i);

		extent_move(facts->runs, &facts->extent, i);
		if (run.torn)
			torn_miss(facts, &run);
		else if (run_used(&run, facts->want) < run_bytes(&run))
			judge_run(facts, &run);
	}
	facts_miss(facts);
	tree_foreach(facts->groups, key, found) {
		(void)key;
		findings_add(facts->findings, json_object_get(found));
	}
	json_object_put(facts->groups);
}
