// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk.c - walk an IO page table that somebody else is changing
 *
 * Model. One table at a time is copied, then read from the copy. No lock that
 * mapping takes is taken, so entries come and go meanwhile and a table may be
 * freed, and hold somebody's data, while it is being copied. What makes a copy
 * good is looked at after it was made: when every entry on the way from the
 * root to this table still says what it said before, the table was part of the
 * tree all the time, and what was copied are entries. Otherwise the copy is
 * thrown away unread and the walk goes on from the lowest table that is still
 * in the tree. A place that changes MAX_TRIES times in a row without letting
 * the walk get on is reported as torn and passed over.
 *
 * So a walk is no snapshot: it says of each table what it held at one moment
 * between the walk's beginning and its end. Whoever needs a snapshot counts
 * the changes and walks again (check.c).
 *
 * Bounds. Depth is bounded by the number of levels, a table that is on the way
 * to itself is garbage, and so is more tables than the machine has pages:
 * whatever the memory holds, the walk ends.
 *
 * Locking: none; @pause may sleep. Memory: the caller's, 24 KiB. No kernel
 * state: memory is read through a callback, and the host tests run these very
 * lines over made-up tables.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "walk.h"

#define MAX_TRIES 16

static unsigned int level_shift(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static int walk_read_word(const struct ivs_walk *walk, u64 phys, u64 *word)
{
	return walk->memory->read(walk->memory, phys, word, sizeof(*word));
}

/* The next @nr entries of the table at hand are done. */
static void walk_advance(struct ivs_walk *walk, unsigned int nr)
{
	struct ivs_frame *frame = &walk->frames[walk->level];

	frame->next += nr;
	walk->pos = frame->iova +
		    ((u64)frame->next << level_shift(walk->level));
	walk->tries = 0;
}

/*
 * Does an entry still point where it did, with the same rights? Accessed and
 * dirty bits, which the hardware sets, do not count.
 */
static bool entry_unchanged(const struct ivs_walk *walk, u64 now, u64 seen)
{
	u64 mask = walk->format->any | walk->format->all |
		   walk->format->write | walk->format->large |
		   walk->format->address;

	return !((now ^ seen) & mask);
}

/*
 * Is every table on the way from the root down to @level still in the tree?
 * Returns 0, or the level of the highest one that is not.
 */
static unsigned int walk_broken_level(const struct ivs_walk *walk,
				      unsigned int level)
{
	unsigned int i;
	u64 now;

	for (i = walk->levels; i >= level; i--) {
		const struct ivs_frame *frame = &walk->frames[i];

		if (!frame->at)
			continue;
		if (walk_read_word(walk, frame->at, &now))
			return i;
		/* The anchor is compared whole: it is no entry. */
		if (i == walk->levels ? now != frame->seen :
					!entry_unchanged(walk, now,
							 frame->seen))
			return i;
	}
	return 0;
}

static int walk_report_torn(struct ivs_walk *walk, u64 last)
{
	u64 iova = walk->pos;

	walk->torn++;
	return walk->visitor->torn ?
		walk->visitor->torn(walk->visitor, iova, last) : 0;
}

/* The device has another root by now: what is left is torn, the walk ends. */
static int walk_root_gone(struct ivs_walk *walk)
{
	u64 end = ivs_walk_end(walk->format, walk->levels);
	int ret = walk_report_torn(walk, end - 1);

	walk->gone = true;
	walk->level = walk->levels + 1;
	return ret;
}

/* The entry at hand keeps changing: report it as torn, go on behind it. */
static int walk_skip_entry(struct ivs_walk *walk)
{
	const struct ivs_frame *frame = &walk->frames[walk->level];
	u64 last = frame->iova +
		   ((u64)(frame->next + 1) << level_shift(walk->level)) - 1;
	int ret = walk_report_torn(walk, last);

	if (!ret)
		walk_advance(walk, 1);
	return ret;
}

/* The table at @level left the tree: read the entry that held it once more. */
static int walk_retry(struct ivs_walk *walk, unsigned int level)
{
	struct ivs_frame *frame;
	u64 entry;

	if (level == walk->levels)
		return walk_root_gone(walk);
	if (++walk->tries > MAX_TRIES)
		return walk_skip_entry(walk);
	walk->level = level + 1;
	frame = &walk->frames[walk->level];
	if (!walk_read_word(walk, frame->table + 8 * frame->next, &entry) &&
	    !walk_broken_level(walk, walk->level))
		walk->entries[walk->level][frame->next] = entry;
	return 0;
}

static bool table_is_empty(const struct ivs_walk *walk, const u64 *entries)
{
	unsigned int i;

	for (i = 0; i < IVS_TABLE_ENTRIES; i++)
		if (ivs_entry_present(walk->format, entries[i]))
			return false;
	return true;
}

/* The copy of the table at @level is good; go on in it, at or after @pos. */
static void walk_enter(struct ivs_walk *walk, unsigned int level)
{
	struct ivs_frame *frame = &walk->frames[level];

	walk->level = level;
	walk->tables++;
	walk->empty_tables += table_is_empty(walk, walk->entries[level]);
	frame->end = level == walk->levels ? walk->format->top_entries :
					     IVS_TABLE_ENTRIES;
	frame->next = 0;
	if (walk->pos > frame->iova)
		frame->next = (walk->pos - frame->iova) >> level_shift(level);
	else
		walk->pos = frame->iova;
}

static bool table_is_acceptable(const struct ivs_walk *walk, u64 table)
{
	unsigned int level;

	for (level = walk->level; level <= walk->levels; level++)
		if (walk->frames[level].table == table)
			return false;
	return !walk->memory->max_tables ||
	       walk->tables < walk->memory->max_tables;
}

static int walk_descend(struct ivs_walk *walk, u64 entry)
{
	unsigned int level = walk->level - 1, broken;
	struct ivs_frame *frame = &walk->frames[walk->level];
	struct ivs_frame *child = &walk->frames[level];
	int ret = walk->memory->pause ? walk->memory->pause(walk->memory) : 0;

	if (ret)
		return ret;
	child->table = entry & walk->format->address;
	child->at = frame->table + 8 * frame->next;
	child->seen = entry;
	child->iova = frame->iova +
		      ((u64)frame->next << level_shift(walk->level));
	child->write = frame->write && (entry & walk->format->write);

	if (table_is_acceptable(walk, child->table))
		ret = walk->memory->read(walk->memory, child->table,
					 walk->entries[level], IVS_TABLE_BYTES);
	else
		ret = -ELOOP;
	broken = walk_broken_level(walk, level);
	if (broken)
		return walk_retry(walk, broken);
	if (ret) {
		walk->garbage++;
		walk_advance(walk, 1);
		return 0;
	}
	walk_enter(walk, level);
	return 0;
}

/* How many entries, from the one at hand on, agree with it in all of @mask. */
static unsigned int walk_count_alike(const struct ivs_walk *walk, u64 mask)
{
	const struct ivs_frame *frame = &walk->frames[walk->level];
	const u64 *first = &walk->entries[walk->level][frame->next];
	const u64 *end = &walk->entries[walk->level][frame->end];
	const u64 *entry = first;
	u64 like = *first;

	/* Most tables are of one kind: compare four at a time while they are. */
	while (end - entry >= 4 && !(((entry[0] ^ like) | (entry[1] ^ like) |
				      (entry[2] ^ like) | (entry[3] ^ like)) &
				     mask))
		entry += 4;
	while (entry < end && !((*entry ^ like) & mask))
		entry++;
	return entry - first;
}

static int walk_visit(struct ivs_walk *walk, u64 entry)
{
	const struct ivs_format *format = walk->format;
	struct ivs_frame *frame = &walk->frames[walk->level];
	u64 bits = format->any | format->all | format->write, crooked;
	struct ivs_stretch stretch = {
		.iova = frame->iova +
			((u64)frame->next << level_shift(walk->level)),
		.leaf = walk->level - 1,
		.write = frame->write && (entry & format->write),
		.entries = &walk->entries[walk->level][frame->next],
		.address = format->address,
	};
	int ret;

	if (walk->level > 1) {
		bits |= format->large;
		stretch.address &= ~format->ignored;
	}
	/* An address that is not aligned to the leaf's size is garbage. */
	crooked = stretch.address & ((1ULL << level_shift(walk->level)) - 1);
	if (walk->level > IVS_MAX_LEAF_LEVEL || (entry & crooked)) {
		walk->garbage++;
		walk_advance(walk, 1);
		return 0;
	}
	stretch.nr = walk_count_alike(walk, bits | crooked);
	ret = walk->visitor->leaves(walk->visitor, &stretch);
	if (!ret)
		walk_advance(walk, stretch.nr);
	return ret;
}

static int walk_step(struct ivs_walk *walk)
{
	struct ivs_frame *frame = &walk->frames[walk->level];
	const u64 *entries = walk->entries[walk->level];
	unsigned int next = frame->next;

	while (next < frame->end &&
	       !ivs_entry_present(walk->format, entries[next]))
		next++;
	if (next != frame->next)
		walk_advance(walk, next - frame->next);
	if (next >= frame->end) {
		/* The table is done, and with it the entry that names it. */
		if (++walk->level <= walk->levels)
			walk_advance(walk, 1);
		return 0;
	}
	if (ivs_entry_leaf(walk->format, entries[next], walk->level))
		return walk_visit(walk, entries[next]);
	return walk_descend(walk, entries[next]);
}

static int walk_enter_root(struct ivs_walk *walk)
{
	unsigned int level = walk->levels;
	int ret;

	walk->level = level;
	walk->frames[level] = (struct ivs_frame){
		.table = walk->root,
		.at = walk->anchor,
		.seen = walk->anchored,
		.write = true,
	};
	ret = walk->memory->read(walk->memory, walk->root,
				 walk->entries[level], IVS_TABLE_BYTES);
	if (walk_broken_level(walk, level))
		return walk_root_gone(walk);
	if (!ret)
		walk_enter(walk, level);
	return ret;
}

/**
 * ivs_walk - visit the leaves of a page table in ascending order of IOVA
 * @walk: what, from where, for whom; holds the result
 *
 * Context: as @memory's callbacks; with those of phys.c it may sleep.
 * Return: 0 when the end was reached, what the visitor or @pause returned when
 * that was not 0, -EINVAL for a depth no table has, -EFAULT or so when the root
 * cannot be read.
 */
int ivs_walk(struct ivs_walk *walk)
{
	int ret;

	walk->tables = 0;
	walk->empty_tables = 0;
	walk->garbage = 0;
	walk->torn = 0;
	walk->gone = false;
	walk->tries = 0;
	if (walk->levels < 2 || walk->levels > IVS_MAX_LEVELS)
		return -EINVAL;
	if (walk->pos >= ivs_walk_end(walk->format, walk->levels))
		return 0;
	ret = walk_enter_root(walk);
	while (!ret && walk->level <= walk->levels)
		ret = walk_step(walk);
	return ret;
}
