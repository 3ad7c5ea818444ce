// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a run is not in leaves of the size that is wanted. Every byte that is
 * not gets one cause:
 *
 * 1. The addresses and the hardware allow larger leaves than are used: somebody
 *    switched them off, or the run came in pieces.
 * 2. The addresses allow them, the hardware does not.
 * 3. The addresses do not. What is left of the run in front of, behind, or for
 *    want of an aligned part is a fragment, and what bounds it is the cause:
 *    a BAR's size, an offset, pages smaller than the room there is, or, where
 *    the room itself is too small, whatever ends it (a hole, a permission, the
 *    end of what is mapped).
 *
 * Runs with the same cause and the same key facts are one finding; addresses
 * are those of the first.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bar.h"
#include "cause.h"
#include "fail.h"
#include "frames.h"
#include "human.h"
#include "judge.h"
#include "system.h"
#include "tree.h"

/* What a PC leaves out below 4 GiB: VGA and ROMs, and the window of PCI. */
#define VGA_FIRST	0xa0000ull
#define VGA_LAST	0xfffffull
#define PCI_FIRST	0x80000000ull
#define PCI_LAST	0xffffffffull

struct fragment {
	const struct run *run;
	uint64_t iova;
	uint64_t bytes;
	/* To be explained: the rest has a cause of another kind. */
	uint64_t short_bytes;
};

static uint64_t phys_of(const struct fragment *part)
{
	return part->run->phys + (part->iova - part->run->iova);
}

static uint64_t last_of(const struct fragment *part)
{
	return part->iova + part->bytes - 1;
}

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

static void add_word(struct json_object *found, const char *key,
		     const char *word)
{
	tree_add(found, key, json_object_new_string(word));
}

/* The finding when it is new, to be told more about; otherwise NULL. */
static struct json_object *add(struct judge *judge, enum cause cause,
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
	tree_add_u64(found, "last", last_of(part));
	tree_add_u64(found, "phys", phys_of(part));
	add_word(found, "used", leaf_words[smallest_used(part->run)]);
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
	struct json_object *found = add(judge, CAUSE_SP_OFF, "", part);

	if (!found)
		return;
	add_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, "/proc/cmdline has sp_off in intel_iommu=, and the table has no leaf larger than 4K");
	if (maps_one_by_one())
		cause_evidence(found, "disable_hugepages of vfio_iommu_type1 is Y, too: it would be the next cause");
}

static void one_by_one(struct judge *judge, const struct fragment *part,
		       enum leaf possible)
{
	struct json_object *found = add(judge, CAUSE_DISABLE_HUGEPAGES, "",
					part);

	if (!found)
		return;
	add_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, "/sys/module/vfio_iommu_type1/parameters/disable_hugepages is Y, and the table has no leaf larger than 4K");
}

static void capped(struct judge *judge, const struct fragment *part,
		   enum leaf possible)
{
	struct json_object *found = add(judge, CAUSE_LEAVES_CAPPED, "", part);

	if (!found)
		return;
	add_word(found, "possible", leaf_words[possible]);
	cause_evidence(found, HUGEPATH_LEAF " is %s, and there are no larger leaves here",
		       leaf_names[judge->cap]);
}

static void weak_unit(struct judge *judge, const struct fragment *part,
		      enum leaf possible)
{
	struct json_object *found = add(judge, possible == LEAF_1G ?
					CAUSE_HW_NO_1G : CAUSE_HW_NO_2M,
					judge->weak[possible], part);

	if (!found)
		return;
	add_word(found, "possible", leaf_words[possible]);
	add_word(found, "unit", judge->weak[possible]);
	cause_says(found, "remapping unit %s has no %s leaves, and the kernel uses what all units have",
		   judge->weak[possible], leaf_names[possible]);
	cause_evidence(found, "%s, which serves the device, has %s leaves, and the table has none",
		       judge->unit, leaf_names[possible]);
}

static void in_pieces(struct judge *judge, const struct fragment *part,
		      enum leaf possible)
{
	struct json_object *found = add(judge, judge->iommufd && judge->only_4k ?
					CAUSE_IOMMUFD_NO_HUGE :
					CAUSE_JOINED_LATE,
					leaf_words[possible], part);

	if (!found)
		return;
	add_word(found, "possible", leaf_words[possible]);
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
	struct json_object *found = add(judge, possible == LEAF_1G ?
					CAUSE_HW_NO_1G : CAUSE_HW_NO_2M, "",
					part);

	if (!found)
		return;
	add_word(found, "possible", leaf_words[possible]);
	add_word(found, "unit", judge->unit);
	cause_says(found, "remapping unit %s has no %s leaves in %s-stage tables",
		   judge->unit, leaf_names[possible], judge->stage);
	cause_evidence(found, "the addresses would allow them; `iovascope units` shows what %s can have",
		       judge->unit);
}

/* 3: the addresses do not allow it. */

/* The largest leaf with an aligned place among what is mapped alike. */
static enum leaf room_of(struct judge *judge, const struct fragment *part)
{
	const struct extent *extent =
		&judge->runs->extent[part->run->extent];
	enum leaf leaf;

	for (leaf = judge->want; leaf > LEAF_4K; leaf--) {
		uint64_t first = leaf_up(extent->iova, leaf);
		uint64_t here = leaf_down(part->iova, leaf);

		if (here > first)
			first = here;
		if (first <= last_of(part) &&
		    first + leaf_size(leaf) - 1 <= extent->last)
			break;
	}
	return leaf;
}

static enum leaf used_of(const struct fragment *part)
{
	enum leaf leaf = LEAF_1G;

	while (leaf > LEAF_4K &&
	       !leaf_possible(part->iova, phys_of(part), part->bytes, leaf))
		leaf--;
	return leaf;
}

/*
 * The IOVAs nearest above and below that have the same offset in the leaf as
 * the memory. Below 0 there is none.
 */
static void tell_shift(struct json_object *found, const struct fragment *part,
		       enum leaf leaf)
{
	uint64_t mask = leaf_size(leaf) - 1;
	uint64_t up = (phys_of(part) - part->iova) & mask;
	uint64_t down = leaf_size(leaf) - up;

	tree_add_u64(found, "shift_bytes", up);
	tree_add_u64(found, "page_bytes", leaf_size(leaf));
	tree_add_u64(found, "iova_would_do", part->iova + up);
	cause_evidence(found, "IOVA 0x%jx is 0x%jx into its %s leaf, physical address 0x%jx is 0x%jx into its own",
		       (uintmax_t)part->iova, (uintmax_t)(part->iova & mask),
		       leaf_names[leaf], (uintmax_t)phys_of(part),
		       (uintmax_t)(phys_of(part) & mask));
	if (down <= part->iova)
		cause_fix(found, "map it at IOVA 0x%jx (0x%jx further) or 0x%jx (0x%jx less), or at any other that is 0x%jx modulo %s",
			  (uintmax_t)(part->iova + up), (uintmax_t)up,
			  (uintmax_t)(part->iova - down), (uintmax_t)down,
			  (uintmax_t)(phys_of(part) & mask), leaf_names[leaf]);
	else
		cause_fix(found, "map it at IOVA 0x%jx (0x%jx further), or at any other that is 0x%jx modulo %s",
			  (uintmax_t)(part->iova + up), (uintmax_t)up,
			  (uintmax_t)(phys_of(part) & mask), leaf_names[leaf]);
}

static bool is_shifted(const struct fragment *part, enum leaf leaf)
{
	return (part->iova ^ phys_of(part)) & (leaf_size(leaf) - 1);
}

static enum leaf least(enum leaf a, enum leaf b)
{
	return a < b ? a : b;
}

static void not_congruent(struct judge *judge, const struct fragment *part,
			  enum leaf leaf, enum cause cause,
			  struct json_object **found)
{
	uint64_t shift = (phys_of(part) - part->iova) & (leaf_size(leaf) - 1);
	char group[64];

	snprintf(group, sizeof(group), "%d %jx", leaf, (uintmax_t)shift);
	*found = add(judge, cause, group, part);
	if (!*found)
		return;
	add_word(*found, "possible", leaf_words[leaf]);
	cause_says(*found, "IOVA and %s are not congruent modulo %s: they are off by %s",
		   cause == CAUSE_BAR_UNALIGNED ? "BAR" : "memory",
		   leaf_names[leaf],
		   human_bytes(shift < leaf_size(leaf) - shift ? shift :
			       leaf_size(leaf) - shift).s);
	tell_shift(*found, part, leaf);
}

/* Fragments end where extents do: look beyond, but not beyond the leaf. */
static bool find_gap(struct judge *judge, const struct fragment *part,
		     uint64_t *gap, uint64_t *gap_last)
{
	uint64_t first = leaf_down(part->iova, judge->want);
	uint64_t last = leaf_up(last_of(part) + 1, judge->want) - 1;
	const struct extent *all = judge->runs->extent;
	size_t here = part->run->extent, i;

	for (i = here; i > 0 && all[i - 1].last >= first; i--)
		if (all[i - 1].last + 1 < all[i].iova) {
			*gap = all[i - 1].last + 1;
			*gap_last = all[i].iova - 1;
			return true;
		}
	for (i = here; i + 1 < judge->runs->nr_extents &&
	     all[i + 1].iova <= last; i++)
		if (all[i].last + 1 < all[i + 1].iova) {
			*gap = all[i].last + 1;
			*gap_last = all[i + 1].iova - 1;
			return true;
		}
	return false;
}

static bool is_contiguous(const struct run *a, const struct run *b)
{
	return a->iova - b->iova == a->phys - b->phys;
}

/*
 * The same page goes on behind something that is not of it, before or after
 * this run: what lies between is the hole, whether anything is mapped there.
 * Pages that only happen to be in the right place are none of this.
 */
static bool find_cut(struct judge *judge, const struct run *run,
		     uint64_t page_bytes, uint64_t *cut, uint64_t *cut_last)
{
	const struct run *all = judge->runs->run;
	uint64_t before = run->phys & (page_bytes - 1);
	uint64_t behind = -(run->phys + run_bytes(run)) & (page_bytes - 1);
	size_t here = run - all, i;

	for (i = here; i > 0 && all[i - 1].last + before >= run->iova; i--)
		if (is_contiguous(run, &all[i - 1]) &&
		    all[i - 1].last + 1 < run->iova) {
			*cut = all[i - 1].last + 1;
			*cut_last = run->iova - 1;
			return true;
		}
	for (i = here + 1; i < judge->runs->nr &&
	     all[i].iova <= run->last + behind; i++)
		if (is_contiguous(run, &all[i]) &&
		    run->last + 1 < all[i].iova) {
			*cut = run->last + 1;
			*cut_last = all[i].iova - 1;
			return true;
		}
	return false;
}

static bool overlaps(uint64_t first, uint64_t last, uint64_t from, uint64_t to)
{
	return first <= to && last >= from;
}

static void cut_by_hole(struct judge *judge, const struct fragment *part,
			uint64_t first, uint64_t last)
{
	bool vga = overlaps(first, last, VGA_FIRST, VGA_LAST);
	bool pci = first >= PCI_FIRST && last <= PCI_LAST;
	struct json_object *found;
	char group[64];

	snprintf(group, sizeof(group), "%jx", (uintmax_t)first);
	found = add(judge, CAUSE_HOLE, group, part);
	if (!found)
		return;
	tree_add_u64(found, "hole_iova", first);
	tree_add_u64(found, "hole_last", last);
	tree_add_u64(found, "hole_bytes", last - first + 1);
	cause_says(found, "a hole of %s at IOVA 0x%jx is inside the same %s",
		   human_bytes(last - first + 1).s, (uintmax_t)first,
		   leaf_names[judge->want]);
	cause_evidence(found, "0x%jx to 0x%jx is not mapped to it, but both sides are",
		       (uintmax_t)first, (uintmax_t)last);
	if (part->run->mmio)
		cause_fix(found, "move the page that is left out (MSI-X table) to another BAR: QEMU -device vfio-pci,x-msix-relocation=barN");
	if (!vga && !pci)
		return;
	cause_unfixable(found);
	cause_fix(found, "nothing: a PC's memory map has this hole (%s)",
		  vga ? "VGA and ROMs below 1 MiB" : "PCI below 4 GiB");
}

/* The neighbour that goes on where this extent ends, but may not be written. */
static const struct run *other_permission(struct judge *judge,
					  const struct fragment *part)
{
	const struct extent *extent =
		&judge->runs->extent[part->run->extent];
	const struct run *all = judge->runs->run, *next;

	if (extent->first_run) {
		next = &all[extent->first_run - 1];
		if (next->last + 1 == extent->iova &&
		    next->write != part->run->write && !next->torn)
			return next;
	}
	if (extent->last_run + 1 < judge->runs->nr) {
		next = &all[extent->last_run + 1];
		if (extent->last + 1 == next->iova &&
		    next->write != part->run->write && !next->torn)
			return next;
	}
	return NULL;
}

static void split_by_permission(struct judge *judge,
				const struct fragment *part,
				const struct run *other)
{
	struct json_object *found = add(judge, CAUSE_PERMISSION_SPLIT, "",
					part);
	const struct run *ro = other->write ? part->run : other;

	if (!found)
		return;
	tree_add_u64(found, "read_only_iova", ro->iova);
	tree_add_u64(found, "read_only_last", ro->last);
	cause_says(found, "0x%jx to 0x%jx is read-only and its neighbour is not: one leaf has one permission",
		   (uintmax_t)ro->iova, (uintmax_t)ro->last);
	cause_evidence(found, "IOVA and memory are contiguous across 0x%jx; only the permission differs",
		       (uintmax_t)(other->iova > part->iova ? other->iova :
				   other->last + 1));
}

static void too_short(struct judge *judge, const struct fragment *part)
{
	const struct extent *extent =
		&judge->runs->extent[part->run->extent];
	struct json_object *found = add(judge, CAUSE_RUN_TOO_SHORT, "", part);

	if (!found)
		return;
	cause_says(found, "what is mapped ends before a %s leaf is full",
		   leaf_names[judge->want]);
	cause_evidence(found, "mapped without a break: 0x%jx to 0x%jx, %s",
		       (uintmax_t)extent->iova, (uintmax_t)extent->last,
		       human_bytes(extent->last - extent->iova + 1).s);
}

/* The range has no room for the leaf: what ends it? */
static void judge_end(struct judge *judge, const struct fragment *part,
		      uint64_t page_bytes)
{
	const struct run *other = other_permission(judge, part);
	uint64_t first, last;

	if (other && is_contiguous(part->run, other))
		split_by_permission(judge, part, other);
	else if ((page_bytes && find_cut(judge, part->run, page_bytes, &first,
					 &last)) ||
		 find_gap(judge, part, &first, &last))
		cut_by_hole(judge, part, first, last);
	else
		too_short(judge, part);
}

static void fragmented(struct judge *judge, const struct fragment *part,
		       const struct frame *frame, enum leaf room)
{
	struct json_object *found = add(judge, CAUSE_FRAGMENTED,
					frame->backing, part);

	if (!found)
		return;
	add_word(found, "possible", leaf_words[room]);
	add_word(found, "backing", frame->backing);
	if (frame->bytes)
		tree_add_u64(found, "page_bytes", frame->bytes);
	cause_says(found, "the memory is made of %s pages that are not contiguous (backing %s)",
		   frame->bytes ? human_bytes(frame->bytes).s : "small",
		   frame->backing);
	cause_evidence(found, "the IOVAs go on behind 0x%jx, the memory does not: this run is %s, a %s leaf has room there",
		       (uintmax_t)part->run->last,
		       human_bytes(run_bytes(part->run)).s, leaf_names[room]);
	if (frame->bytes < leaf_size(room))
		cause_fix(found, "back it with hugetlb pages of %s: a hugetlbfs mounted with pagesize=%s, named by QEMU's -object memory-backend-file,mem-path= or DPDK's --huge-dir",
			  human_bytes(leaf_size(room)).s, leaf_names[room]);
}

static void judge_memory(struct judge *judge, const struct fragment *part)
{
	const struct extent *extent =
		&judge->runs->extent[part->run->extent];
	struct frame frame = frame_of(phys_of(part));
	enum leaf room = room_of(judge, part), leaf = judge->want;
	struct json_object *found;

	/* Nobody says what page it is: believe what is contiguous. */
	if (!frame.bytes)
		missing_add(judge->view, "backing: /proc/kpageflags tells nothing of some frames");
	leaf = least(leaf, leaf_within(frame.bytes ?: run_bytes(part->run)));
	leaf = least(leaf, leaf_within(extent->last - extent->iova + 1));
	if (is_shifted(part, leaf)) {
		not_congruent(judge, part, leaf, CAUSE_NOT_CONGRUENT, &found);
		if (found && frame.bytes)
			add_word(found, "backing", frame.backing);
	} else if (used_of(part) < room) {
		fragmented(judge, part, &frame, room);
	} else {
		judge_end(judge, part, frame.bytes);
	}
}

static void tell_bar(struct json_object *found, const struct bar *bar)
{
	if (!found)
		return;
	add_word(found, "device", bar->device);
	tree_add_u64(found, "bar", bar->nr);
	tree_add_u64(found, "bar_bytes", bar->bytes);
	cause_evidence(found, "BAR %u of %s has %s at physical address 0x%jx",
		       bar->nr, bar->device, human_bytes(bar->bytes).s,
		       (uintmax_t)bar->phys);
}

static void too_small(struct judge *judge, const struct fragment *part,
		      const struct bar *bar)
{
	struct json_object *found;
	char *group;

	if (asprintf(&group, "%s %u", bar->device, bar->nr) < 0)
		fail(EXIT_RUNTIME, "out of memory");
	found = add(judge, CAUSE_BAR_TOO_SMALL, group, part);
	free(group);
	if (!found)
		return;
	cause_says(found, "BAR %u of %s has only %s, less than a %s leaf",
		   bar->nr, bar->device, human_bytes(bar->bytes).s,
		   leaf_names[judge->want]);
	tell_bar(found, bar);
}

static void judge_mmio(struct judge *judge, const struct fragment *part)
{
	const struct extent *extent =
		&judge->runs->extent[part->run->extent];
	uint64_t phys = phys_of(part);
	struct json_object *found;
	struct bar bar;
	enum leaf leaf;
	bool known = bar_find(phys, &bar);

	if (!known)
		missing_add(judge->view, "BAR: no device in /sys/bus/pci/devices has physical address 0x%jx",
			    (uintmax_t)phys);
	leaf = leaf_within(extent->last - extent->iova + 1);
	leaf = least(least(leaf, judge->want),
		     leaf_within(known ? bar.bytes : run_bytes(part->run)));
	if (is_shifted(part, leaf)) {
		not_congruent(judge, part, leaf, CAUSE_BAR_UNALIGNED, &found);
		if (known)
			tell_bar(found, &bar);
	} else if (known && bar.bytes < leaf_size(judge->want)) {
		too_small(judge, part, &bar);
	} else {
		judge_end(judge, part, 0);
	}
}

static void judge_fragment(struct judge *judge, struct fragment *part,
			   uint64_t *left)
{
	part->short_bytes = part->bytes < *left ? part->bytes : *left;
	*left -= part->short_bytes;
	if (!part->short_bytes)
		return;
	if (part->run->mmio)
		judge_mmio(judge, part);
	else
		judge_memory(judge, part);
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
