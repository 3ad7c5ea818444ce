/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * format.h - the two shapes of a VT-d page table, as data
 *
 * Built into the module and, unchanged, into the host tests.
 */
#ifndef IVS_FORMAT_TABLE_H
#define IVS_FORMAT_TABLE_H

#include <linux/types.h>

/* Nine bits of the address a level, over pages of 4K. */
#define IVS_TABLE_ENTRIES 512
#define IVS_TABLE_BYTES 4096

/* Largest level whose entry may be a leaf: 1G. */
#define IVS_MAX_LEAF_LEVEL 3

/**
 * struct ivs_format - how to read one entry
 * @name: for output
 * @any: present when one of these is set; 0 for no such rule
 * @all: and all of these
 * @write: the device may write through it; holds when every level has it
 * @large: above level 1: a leaf, not a table
 * @address: where the next table or the memory is
 * @ignored: low bits of a large leaf's address that mean something else
 * @top_entries: entries of the root that an untranslated address can reach
 */
struct ivs_format {
	const char *name;
	u64 any;
	u64 all;
	u64 write;
	u64 large;
	u64 address;
	u64 ignored;
	unsigned int top_entries;
};

extern const struct ivs_format ivs_format_second;
extern const struct ivs_format ivs_format_first;

static inline bool ivs_entry_present(const struct ivs_format *format, u64 entry)
{
	return (!format->any || (entry & format->any)) &&
	       (entry & format->all) == format->all;
}

/* Level 1 has nothing below it, whatever its bits say. */
static inline bool ivs_entry_leaf(const struct ivs_format *format, u64 entry,
				  unsigned int level)
{
	return level == 1 || (entry & format->large);
}

#endif /* IVS_FORMAT_TABLE_H */
