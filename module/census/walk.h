/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk.h - the one walker of IO page tables
 *
 * Built into the module and, unchanged, into the host tests.
 */
#ifndef IVS_WALK_H
#define IVS_WALK_H

#include <linux/types.h>

#include "../base/leaf.h"
#include "format.h"

/**
 * struct ivs_memory - how the walker reads memory
 * @read: copy @bytes from a physical address; 0, or -errno when there is no
 *	memory there; 8-byte words must not be torn
 * @pause: called once a table, may sleep; an error ends the walk with it
 * @max_tables: no table can have more tables than this; 0 for no limit
 */
struct ivs_memory {
	int (*read)(const struct ivs_memory *memory, u64 phys, void *to,
		    size_t bytes);
	int (*pause)(const struct ivs_memory *memory);
	u64 max_tables;
};

/**
 * struct ivs_stretch - leaves of one size and access, one IOVA after the other
 * @iova: of the first, in bytes
 * @nr: how many
 * @leaf: their size
 * @write: the device may write
 * @entries: where they point to, in no order: see ivs_stretch_phys()
 * @address: what of an entry is an address
 */
struct ivs_stretch {
	u64 iova;
	unsigned int nr;
	enum ivs_leaf leaf;
	bool write;
	const u64 *entries;
	u64 address;
};

/* ivs_stretch_phys - physical address of a leaf */
static inline u64 ivs_stretch_phys(const struct ivs_stretch *stretch,
				   unsigned int nr)
{
	return stretch->entries[nr] & stretch->address;
}

/* ivs_stretch_last - last IOVA, inclusive */
static inline u64 ivs_stretch_last(const struct ivs_stretch *stretch)
{
	return stretch->iova +
	       ((u64)stretch->nr << ivs_leaf_shift(stretch->leaf)) - 1;
}

/**
 * struct ivs_visitor - who is told what the walker finds, in ascending order
 * @leaves: some leaves; a stretch never reaches beyond one table
 * @torn: [iova, last] changed faster than it could be read; NULL: do not tell
 *
 * Either returns 0 to go on; anything else ends the walk and is its result.
 */
struct ivs_visitor {
	int (*leaves)(struct ivs_visitor *visitor,
		      const struct ivs_stretch *stretch);
	int (*torn)(struct ivs_visitor *visitor, u64 iova, u64 last);
};

/* A table on the way from the root to where the walk is. */
struct ivs_frame {
	/* Where it is, and the entry that says so. */
	u64 table;
	u64 at;
	u64 seen;
	/* What it maps first, and what the way to it allows. */
	u64 iova;
	bool write;
	unsigned int next;
	unsigned int end;
};

/**
 * struct ivs_walk - one walk; fill the first part, call ivs_walk()
 * @memory: where to read
 * @format: what the tables look like
 * @visitor: who wants to know
 * @root: physical address of the root table
 * @levels: how many, 2 to IVS_MAX_LEVELS
 * @anchor: physical address of the word that names @root; 0 if there is none
 * @anchored: what that word must contain for @root to be in use
 * @pos: first IOVA that is wanted; a leaf that holds it is visited whole.
 *	Afterwards: everything below was visited
 * @tables: tables read, the root included
 * @empty_tables: of those, without a present entry
 * @garbage: entries that no driver writes; not followed
 * @torn: ranges that changed under the walk again and again; passed over
 * @gone: the root went out of use meanwhile (counted in @torn too)
 */
struct ivs_walk {
	const struct ivs_memory *memory;
	const struct ivs_format *format;
	struct ivs_visitor *visitor;
	u64 root;
	unsigned int levels;
	u64 anchor;
	u64 anchored;
	u64 pos;

	u64 tables;
	u64 empty_tables;
	u64 garbage;
	u64 torn;
	bool gone;
	/* private: */
	unsigned int level;
	unsigned int tries;
	struct ivs_frame frames[IVS_MAX_LEVELS + 1];
	u64 entries[IVS_MAX_LEVELS + 1][IVS_TABLE_ENTRIES];
};

int ivs_walk(struct ivs_walk *walk);

/* ivs_walk_end - the first IOVA that a table of so many levels cannot map */
static inline u64 ivs_walk_end(const struct ivs_format *format,
			       unsigned int levels)
{
	return (u64)format->top_entries << (12 + 9 * (levels - 1));
}

#endif /* IVS_WALK_H */
