// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a fragment of a run is not in leaves of the size that is wanted: one
 * whose addresses do not allow it. What bounds it is the cause: a BAR's size,
 * an offset, pages smaller than the room there is, or, where the room itself is
 * too small, whatever ends it: a hole, a permission, the end of what is mapped.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bar.h"
#include "base/alloc.h"
#include "base/human.h"
#include "base/tree.h"
#include "cause.h"
#include "fragment.h"
#include "frames.h"
#include "part.h"

/* What a PC leaves out below 4 GiB: VGA and ROMs, and the window of PCI. */
#define VGA_FIRST	0xa0000ull
#define VGA_LAST	0xfffffull
#define PCI_FIRST	0x80000000ull
#define PCI_LAST	0xffffffffull
/* Where its memory goes on. */
#define PC_HIGH		0x100000000ull

/* So many runs may lie between two of the same page. */
#define MAX_BETWEEN	256

/* The largest leaf with an aligned place among what is mapped alike. */
static enum leaf room_of(struct facts *facts, const struct part *part)
{
	const struct extent *extent = &facts->extent;
	enum leaf leaf;

	for (leaf = facts->want; leaf > LEAF_4K; leaf--) {
		uint64_t first = leaf_up(extent->iova, leaf);
		uint64_t here = leaf_down(part->iova, leaf);

		if (here > first)
			first = here;
		if (first <= part_last(part) &&
		    first + leaf_size(leaf) - 1 <= extent->last)
			break;
	}
	return leaf;
}

static enum leaf used_of(const struct part *part)
{
	enum leaf leaf = LEAF_1G;

	while (leaf > LEAF_4K && !leaf_possible(part->iova, part_phys(part),
						part->bytes, leaf))
		leaf--;
	return leaf;
}

/*
 * The IOVAs nearest above and below that have the same offset in the leaf as
 * the memory. Below 0 there is none.
 */
static void cause_tell_shift(struct json_object *found, const struct part *part,
			     enum leaf leaf)
{
	uint64_t mask = leaf_size(leaf) - 1;
	uint64_t phys = part_phys(part), up = (phys - part->iova) & mask;
	uint64_t down = leaf_size(leaf) - up;

	tree_add_u64(found, "shift_bytes", up);
	tree_add_u64(found, "page_bytes", leaf_size(leaf));
	tree_add_u64(found, "iova_would_do", part->iova + up);
	cause_evidence(found, "IOVA 0x%jx is 0x%jx into its %s leaf, physical address 0x%jx is 0x%jx into its own",
		       (uintmax_t)part->iova, (uintmax_t)(part->iova & mask),
		       leaf_names[leaf], (uintmax_t)phys,
		       (uintmax_t)(phys & mask));
	if (down <= part->iova)
		cause_fix(found, "map it at IOVA 0x%jx (0x%jx further) or 0x%jx (0x%jx less), or at any other that is 0x%jx modulo %s",
			  (uintmax_t)(part->iova + up), (uintmax_t)up,
			  (uintmax_t)(part->iova - down), (uintmax_t)down,
			  (uintmax_t)(phys & mask), leaf_names[leaf]);
	else
		cause_fix(found, "map it at IOVA 0x%jx (0x%jx further), or at any other that is 0x%jx modulo %s",
			  (uintmax_t)(part->iova + up), (uintmax_t)up,
			  (uintmax_t)(phys & mask), leaf_names[leaf]);
}

static bool is_shifted(const struct part *part, enum leaf leaf)
{
	return (part->iova ^ part_phys(part)) & (leaf_size(leaf) - 1);
}

static enum leaf leaf_least(enum leaf a, enum leaf b)
{
	return a < b ? a : b;
}

static struct json_object *cause_not_congruent(struct facts *facts,
					       const struct part *part,
					       enum leaf leaf, enum cause cause)
{
	uint64_t size = leaf_size(leaf);
	uint64_t shift = (part_phys(part) - part->iova) & (size - 1);
	struct json_object *found;
	char group[64];

	snprintf(group, sizeof(group), "%d %jx", leaf, (uintmax_t)shift);
	found = part_add(facts, cause, group, part);
	if (!found)
		return NULL;
	tree_add_word(found, "possible", leaf_words[leaf]);
	cause_says(found, "IOVA and %s are not congruent modulo %s: they are off by %s",
		   cause == CAUSE_BAR_UNALIGNED ? "BAR" : "memory",
		   leaf_names[leaf],
		   human_bytes(shift < size - shift ? shift : size - shift).s);
	cause_tell_shift(found, part, leaf);
	if (cause == CAUSE_NOT_CONGRUENT && part->iova == PC_HIGH)
		cause_fix(found, "let the VM have a whole number of GiB below 4 GiB, because its memory goes on at 4 GiB: QEMU -machine max-ram-below-4g=1G or 2G");
	return found;
}

/* Fragments end where extents do: look beyond, but not beyond the leaf. */
static bool find_gap(struct facts *facts, const struct part *part,
		     uint64_t *gap, uint64_t *gap_last)
{
	uint64_t first = leaf_down(part->iova, facts->want);
	uint64_t last = leaf_up(part_last(part) + 1, facts->want) - 1;
	const struct extent *here = &facts->extent;
	const struct runs *runs = facts->runs;

	if (here->first_next_to > 0) {
		*gap = run_at(runs, here->first_next_to - 1).last + 1;
		*gap_last = run_at(runs, here->first_next_to).iova - 1;
		if (*gap > first)
			return true;
	}
	if (here->last_next_to + 1 < runs->nr) {
		*gap = run_at(runs, here->last_next_to).last + 1;
		*gap_last = run_at(runs, here->last_next_to + 1).iova - 1;
		return *gap_last < last;
	}
	return false;
}

static bool is_contiguous(const struct run *a, const struct run *b)
{
	return a->iova - b->iova == a->phys - b->phys;
}

/* Does the page that @run is of go on in @other, behind what lies between? */
static bool is_cut(const struct run *run, const struct run *other)
{
	return is_contiguous(run, other) && other->last + 1 != run->iova &&
	       run->last + 1 != other->iova;
}

/*
 * The same page goes on behind something that is not of it, before or after
 * this run: what lies between is the hole, whether anything is mapped there.
 * Pages that only happen to be in the right place are none of this. A page of
 * 1 GiB may lie in a quarter of a million runs, so only near ones are looked
 * at: what is cut by more is not cut by one hole.
 */
static bool find_cut(struct facts *facts, const struct run *run,
		     uint64_t page_bytes, uint64_t *cut, uint64_t *cut_last)
{
	uint64_t before = run->phys & (page_bytes - 1);
	uint64_t behind = -(run->phys + run_bytes(run)) & (page_bytes - 1);
	struct run other;
	size_t i;

	for (i = run->nr; i-- > 0 && run->nr - i <= MAX_BETWEEN;) {
		other = run_at(facts->runs, i);
		if (other.last + before < run->iova)
			break;
		*cut = other.last + 1;
		*cut_last = run->iova - 1;
		if (is_cut(run, &other))
			return true;
	}
	for (i = run->nr + 1; i < facts->runs->nr &&
	     i - run->nr <= MAX_BETWEEN; i++) {
		other = run_at(facts->runs, i);
		if (other.iova > run->last + behind)
			break;
		*cut = run->last + 1;
		*cut_last = other.iova - 1;
		if (is_cut(run, &other))
			return true;
	}
	return false;
}

static void cause_tell_bar(struct json_object *found, const struct bar *bar)
{
	if (!found)
		return;
	tree_add_word(found, "device", bar->device);
	tree_add_u64(found, "bar", bar->nr);
	tree_add_u64(found, "bar_bytes", bar->bytes);
	cause_evidence(found, "BAR %u of %s has %s at physical address 0x%jx",
		       bar->nr, bar->device, human_bytes(bar->bytes).s,
		       (uintmax_t)bar->phys);
}

static void cause_hole(struct facts *facts, const struct part *part,
		       uint64_t first, uint64_t last)
{
	bool mmio = part->run->mmio;
	bool vga = !mmio && first >= VGA_FIRST && last <= VGA_LAST;
	bool pci = !mmio && first >= PCI_FIRST && last <= PCI_LAST;
	struct json_object *found;
	char group[64];
	struct bar bar;

	snprintf(group, sizeof(group), "%jx", (uintmax_t)first);
	found = part_add_as(facts, CAUSE_HOLE, !vga && !pci, group, part);
	if (!found)
		return;
	tree_add_u64(found, "hole_iova", first);
	tree_add_u64(found, "hole_last", last);
	tree_add_u64(found, "hole_bytes", last - first + 1);
	cause_says(found, "a hole of %s at IOVA 0x%jx is inside the same %s",
		   human_bytes(last - first + 1).s, (uintmax_t)first,
		   leaf_names[facts->want]);
	cause_evidence(found, "0x%jx to 0x%jx is not mapped to it, but both sides are",
		       (uintmax_t)first, (uintmax_t)last);
	if (mmio && bar_find(part_phys(part), &bar))
		cause_tell_bar(found, &bar);
	if (mmio)
		cause_fix(found, "move the page that is left out (MSI-X table) to another BAR: QEMU -device vfio-pci,x-msix-relocation=barN");
	if (vga || pci)
		cause_fix(found, "nothing: a PC's memory map has this hole (%s)",
			  vga ? "VGA and ROMs below 1 MiB" : "PCI below 4 GiB");
}

static bool is_other_permission(const struct run *run, const struct run *next)
{
	return next->write != run->write && !next->torn;
}

/* The neighbour that goes on where this extent ends, but may not be written. */
static bool other_permission(struct facts *facts, const struct part *part,
			     struct run *next)
{
	const struct extent *extent = &facts->extent;

	if (extent->first_run) {
		*next = run_at(facts->runs, extent->first_run - 1);
		if (next->last + 1 == extent->iova &&
		    is_other_permission(part->run, next))
			return true;
	}
	if (extent->last_run + 1 < facts->runs->nr) {
		*next = run_at(facts->runs, extent->last_run + 1);
		return extent->last + 1 == next->iova &&
		       is_other_permission(part->run, next);
	}
	return false;
}

static void cause_permission(struct facts *facts,
			     const struct part *part,
			     const struct run *other)
{
	struct json_object *found = part_add(facts, CAUSE_PERMISSION_SPLIT, "",
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

static void cause_too_short(struct facts *facts, const struct part *part)
{
	const struct extent *extent = &facts->extent;
	struct json_object *found;

	found = part_add(facts, CAUSE_RUN_TOO_SHORT, "", part);
	if (!found)
		return;
	cause_says(found, "what is mapped ends before a %s leaf is full",
		   leaf_names[facts->want]);
	cause_evidence(found, "mapped without a break: 0x%jx to 0x%jx, %s",
		       (uintmax_t)extent->iova, (uintmax_t)extent->last,
		       human_bytes(extent->last - extent->iova + 1).s);
}

/* The range has no room for the leaf: what ends it? */
static void judge_end(struct facts *facts, const struct part *part,
		      uint64_t page_bytes)
{
	uint64_t first, last;
	struct run other;

	if (other_permission(facts, part, &other) &&
	    is_contiguous(part->run, &other))
		cause_permission(facts, part, &other);
	else if ((page_bytes && find_cut(facts, part->run, page_bytes, &first,
					 &last)) ||
		 find_gap(facts, part, &first, &last))
		cause_hole(facts, part, first, last);
	else
		cause_too_short(facts, part);
}

static void cause_fragmented(struct facts *facts, const struct part *part,
			     const struct frame *frame, enum leaf room)
{
	struct json_object *found = part_add(facts, CAUSE_FRAGMENTED,
					     frame->backing, part);

	if (!found)
		return;
	tree_add_word(found, "possible", leaf_words[room]);
	tree_add_word(found, "backing", frame->backing);
	if (frame->bytes)
		tree_add_u64(found, "page_bytes", frame->bytes);
	cause_says(found, "the memory is made of %s pages that are not contiguous (backing %s)",
		   frame->bytes ? human_bytes(frame->bytes).s : "small",
		   frame->backing);
	cause_evidence(found, "the IOVAs go on behind 0x%jx, the memory does not: this run is %s, a %s leaf has room there",
		       (uintmax_t)part->run->last,
		       human_bytes(run_bytes(part->run)).s, leaf_names[room]);
	if (frame->bytes < leaf_size(room))
		cause_fix(found, "back it with hugetlb pages of %s: a hugetlbfs mounted with pagesize=%s, named by QEMU's -object memory-backend-file,mem-path= or DPDK's --huge-dir%s",
			  human_bytes(leaf_size(room)).s, leaf_names[room],
			  frame->bytes >= leaf_size(LEAF_2M) ? "" :
			  room == LEAF_2M ? "; or " COLLAPSE :
			  "; for 2M leaves, " COLLAPSE);
}

static void judge_memory(struct facts *facts, const struct part *part)
{
	const struct extent *extent = &facts->extent;
	struct frame frame = frame_of(part_phys(part));
	enum leaf room = room_of(facts, part), leaf = facts->want;
	struct json_object *found;

	/* Nobody says what page it is: believe what is contiguous. */
	facts->nr_unknown_frames += !frame.bytes;
	leaf = leaf_least(leaf, leaf_within(frame.bytes ?:
					    run_bytes(part->run)));
	leaf = leaf_least(leaf, leaf_within(extent->last - extent->iova + 1));
	if (is_shifted(part, leaf)) {
		found = cause_not_congruent(facts, part, leaf,
					    CAUSE_NOT_CONGRUENT);
		if (found && frame.bytes)
			tree_add_word(found, "backing", frame.backing);
	} else if (used_of(part) < room) {
		cause_fragmented(facts, part, &frame, room);
	} else {
		judge_end(facts, part, frame.bytes);
	}
}

static void cause_bar_too_small(struct facts *facts, const struct part *part,
				const struct bar *bar)
{
	char *group = alloc_print("%s %u", bar->device, bar->nr);
	struct json_object *found;

	found = part_add(facts, CAUSE_BAR_TOO_SMALL, group, part);
	free(group);
	if (!found)
		return;
	cause_says(found, "BAR %u of %s has only %s, less than a %s leaf",
		   bar->nr, bar->device, human_bytes(bar->bytes).s,
		   leaf_names[facts->want]);
	cause_tell_bar(found, bar);
}

static void judge_mmio(struct facts *facts, const struct part *part)
{
	const struct extent *extent = &facts->extent;
	uint64_t phys = part_phys(part);
	struct json_object *found;
	struct bar bar;
	enum leaf leaf;
	bool known = bar_find(phys, &bar);

	if (!known && !facts->nr_unknown_bars++)
		facts->unknown_bar = phys;
	leaf = leaf_within(extent->last - extent->iova + 1);
	leaf = leaf_least(leaf, facts->want);
	leaf = leaf_least(leaf, leaf_within(known ? bar.bytes :
					    run_bytes(part->run)));
	if (is_shifted(part, leaf)) {
		found = cause_not_congruent(facts, part, leaf,
					    CAUSE_BAR_UNALIGNED);
		if (known)
			cause_tell_bar(found, &bar);
	} else if (known && bar.bytes < leaf_size(facts->want)) {
		cause_bar_too_small(facts, part, &bar);
	} else {
		judge_end(facts, part, 0);
	}
}

void fragment_judge(struct facts *facts, const struct part *part)
{
	if (part->run->mmio)
		judge_mmio(facts, part);
	else
		judge_memory(facts, part);
}
