// SPDX-License-Identifier: GPL-2.0-only
/*
 * context.c - from the root table to each device's page table
 *
 * Model. What the hardware would do for a request is read from the tables the
 * hardware reads, so that every device that can do DMA is found, aliases of
 * bridges and devices without a driver included, and nothing else:
 *
 *   legacy    root[bus] -> context[devfn] -> page table         (spec 9.1, 9.3)
 *   scalable  root[bus] lower/upper half -> context[devfn] ->
 *             PASID directory -> PASID table -> page table  (spec 9.1, 9.4-9.6)
 *
 * The bits are those that 6.1 drivers/iommu/intel/iommu.h (struct root_entry,
 * struct context_entry) and pasid.c (pasid_set_*()) write. Requests without a
 * PASID take the one that the context entry names (RID_PASID).
 *
 * Races. Entries are read word by word and may change between two words; the
 * word that names the page table is remembered (@anchor) and looked at again by
 * the walker, which throws away what it read through one that has changed.
 *
 * Locking: none; context: may sleep.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "context.h"
#include "phys.h"

#define PRESENT        BIT_ULL(0)
#define ADDRESS        GENMASK_ULL(51, 12)

/* Legacy context entry. */
#define LEGACY_TT(lo)  (((lo) >> 2) & 3)
#define LEGACY_AW(hi)  ((hi) & 7)
#define LEGACY_DID(hi) (((hi) >> 8) & 0xffff)

/* Scalable-mode context entry, PASID directory and table. */
#define SCALABLE_PDTS(lo)   (((lo) >> 9) & 7)
#define SCALABLE_RID(hi)    ((hi) & GENMASK_ULL(19, 0))
#define PASIDS_A_TABLE 64
#define PASID_ENTRY_BYTES 64
#define PASID_AW(w0)   (((w0) >> 2) & 7)
#define PASID_PGTT(w0) (((w0) >> 6) & 7)
#define PASID_DID(w1)  ((w1) & 0xffff)
#define PASID_FSPM(w2) (((w2) >> 2) & 3)

const char *const ivs_translation_names[IVS_NR_TRANSLATIONS] = {
	[IVS_TRANSLATION_NONE] = "none",
	[IVS_TRANSLATION_IDENTITY] = "identity",
	[IVS_TRANSLATION_SECOND] = "second",
	[IVS_TRANSLATION_FIRST] = "first",
	[IVS_TRANSLATION_NESTED] = "nested",
};

/* One unit whose tables are being read, and for whom. */
struct reading {
	const struct ivs_unit *unit;
	struct ivs_unit_state state;
	ivs_context_fn fn;
	void *ctx;
};

/* An address width field: 1 is 39 bits and three levels (spec 9.3, 9.6). */
static unsigned int context_levels(unsigned int aw)
{
	return aw >= 1 && aw <= 3 ? aw + 2 : 0;
}

static void context_set_second(const struct reading *r,
			       struct ivs_context *context, u64 anchor,
			       u64 word, unsigned int aw)
{
	context->levels = context_levels(aw);
	context->root = word & ADDRESS;
	context->anchor = anchor;
	context->anchored = word;
	context->format = &ivs_format_second;
	context->pgsizes = ivs_dmar_pgsizes(r->state.cap, false);
}

static void context_set_first(const struct reading *r,
			      struct ivs_context *context, u64 anchor, u64 word)
{
	context->levels = PASID_FSPM(word) == 1 ? 5 : 4;
	context->root = word & ADDRESS;
	context->anchor = anchor;
	context->anchored = word;
	context->format = &ivs_format_first;
	context->pgsizes = ivs_dmar_pgsizes(r->state.cap, true);
}

/* TT: 0 and 1 (with ATS) translate, 2 passes through (spec 9.3). */
static void decode_legacy(const struct reading *r, u64 at, const u64 entry[2],
			  struct ivs_context *context)
{
	context->did = LEGACY_DID(entry[1]);
	if (LEGACY_TT(entry[0]) == 2) {
		context->type = IVS_TRANSLATION_IDENTITY;
	} else if (LEGACY_TT(entry[0]) < 2) {
		context->type = IVS_TRANSLATION_SECOND;
		context_set_second(r, context, at, entry[0],
				   LEGACY_AW(entry[1]));
	}
}

/* PGTT (spec 9.6). */
static void decode_pasid(const struct reading *r, u64 at, const u64 entry[8],
			 struct ivs_context *context)
{
	context->did = PASID_DID(entry[1]);
	switch (PASID_PGTT(entry[0])) {
	case 1:
		context->type = IVS_TRANSLATION_FIRST;
		context_set_first(r, context, at + 16, entry[2]);
		break;
	case 2:
		context->type = IVS_TRANSLATION_SECOND;
		context_set_second(r, context, at, entry[0],
				   PASID_AW(entry[0]));
		break;
	case 3:
		context->type = IVS_TRANSLATION_NESTED;
		context_set_second(r, context, at, entry[0],
				   PASID_AW(entry[0]));
		break;
	case 4:
		context->type = IVS_TRANSLATION_IDENTITY;
		break;
	}
}

static struct ivs_context context_new(const struct reading *r, u16 rid)
{
	return (struct ivs_context){
		.unit = r->unit->nr,
		.segment = r->unit->segment,
		.rid = rid,
	};
}

static int pasid_table_each(const struct reading *r, u16 rid, u64 table,
			    u32 first_pasid, u32 rid_pasid)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < PASIDS_A_TABLE; i++) {
		struct ivs_context context = context_new(r, rid);
		u64 at = table + i * PASID_ENTRY_BYTES, entry[8];

		if (ivs_phys_read(at, entry, sizeof(entry)) ||
		    !(entry[0] & PRESENT))
			continue;
		context.pasid = first_pasid + i;
		context.has_pasid = context.pasid != rid_pasid;
		decode_pasid(r, at, entry, &context);
		ret = r->fn(r->ctx, &context);
	}
	return ret;
}

/* The directory has 2^(PDTS + 7) entries of 8 bytes (spec 9.4). */
static int pasid_directory_each(const struct reading *r, u16 rid,
				const u64 entry[2])
{
	u32 nr = 1U << (SCALABLE_PDTS(entry[0]) + 7), i;
	u64 directory = entry[0] & ADDRESS, table;
	int ret = 0;

	for (i = 0; !ret && i < nr; i++) {
		if (ivs_phys_read(directory + 8 * i, &table, sizeof(table)) ||
		    !(table & PRESENT))
			continue;
		ret = pasid_table_each(r, rid, table & ADDRESS,
				       i * PASIDS_A_TABLE,
				       SCALABLE_RID(entry[1]));
		cond_resched();
		/* A corrupt entry may claim a million of them, for each device. */
		if (!ret && signal_pending(current))
			ret = -EINTR;
	}
	return ret;
}

static int pasid_directory_rid(const struct reading *r, u16 rid,
			       const u64 entry[2])
{
	u32 pasid = SCALABLE_RID(entry[1]);
	u64 directory = entry[0] & ADDRESS, table, at, words[8];
	struct ivs_context context = context_new(r, rid);

	if (ivs_phys_read(directory + 8 * (pasid / PASIDS_A_TABLE), &table,
			  sizeof(table)) || !(table & PRESENT))
		return 0;
	at = (table & ADDRESS) + pasid % PASIDS_A_TABLE * PASID_ENTRY_BYTES;
	if (ivs_phys_read(at, words, sizeof(words)) || !(words[0] & PRESENT))
		return 0;
	context.pasid = pasid;
	decode_pasid(r, at, words, &context);
	return r->fn(r->ctx, &context);
}

/* Where the context entry of a request id is; 0 when there is none. */
static u64 context_entry_at(const struct reading *r, u16 rid)
{
	bool scalable = r->state.mode == IVS_MODE_SCALABLE;
	unsigned int devfn = rid & 0xff;
	u64 root[2], table;

	if (ivs_phys_read(r->state.root + (rid >> 8) * sizeof(root), root,
			  sizeof(root)))
		return 0;
	/* Scalable: 128 entries of 32 bytes in each half (spec 9.1, 9.4). */
	table = scalable && devfn >= 128 ? root[1] : root[0];
	if (!(table & PRESENT))
		return 0;
	return (table & ADDRESS) + (scalable ? devfn % 128 * 32 : devfn * 16);
}

static int rid_each(const struct reading *r, u16 rid, bool all_pasids)
{
	u64 at = context_entry_at(r, rid), entry[2];
	struct ivs_context context;

	if (!at || ivs_phys_read(at, entry, sizeof(entry)) ||
	    !(entry[0] & PRESENT))
		return 0;
	if (r->state.mode == IVS_MODE_SCALABLE)
		return all_pasids ? pasid_directory_each(r, rid, entry) :
				    pasid_directory_rid(r, rid, entry);
	context = context_new(r, rid);
	decode_legacy(r, at, entry, &context);
	return r->fn(r->ctx, &context);
}

static int unit_each(const struct reading *r)
{
	unsigned int rid;
	int ret = 0;

	for (rid = 0; !ret && rid <= U16_MAX; rid++) {
		if (!(rid & 0x7f)) {
			cond_resched();
			if (signal_pending(current))
				return -EINTR;
			/* Most buses have no table; half of one in scalable. */
			if (!context_entry_at(r, rid)) {
				rid |= 0x7f;
				continue;
			}
		}
		ret = rid_each(r, rid, true);
	}
	return ret;
}

static bool unit_read(struct reading *r, const struct ivs_unit *unit)
{
	r->unit = unit;
	ivs_dmar_read(unit, &r->state);
	return r->state.translating && r->state.mode != IVS_MODE_OTHER;
}

/**
 * ivs_context_each - all translations of all devices
 * @fn: called for each, in the order of units and request ids; not 0 ends it
 * @ctx: for @fn
 *
 * Context: may sleep.
 * Return: 0, -EINTR, or what @fn returned.
 */
int ivs_context_each(ivs_context_fn fn, void *ctx)
{
	struct reading r = { .fn = fn, .ctx = ctx };
	const struct ivs_unit *unit;
	unsigned int nr;
	int ret = 0;

	for (nr = 0; !ret && (unit = ivs_dmar_unit(nr)); nr++)
		if (unit_read(&r, unit))
			ret = unit_each(&r);
	return ret;
}

static int context_copy(void *ctx, const struct ivs_context *context)
{
	*(struct ivs_context *)ctx = *context;
	return 1;
}

/**
 * ivs_context_find - what happens to a device's requests without PASID
 * @segment: PCI segment
 * @rid: bus, device, function
 * @context: filled when there is something
 *
 * Context: may sleep.
 * Return: 0, or -ENOENT when no unit knows it: its DMA is blocked, or nothing
 * is translated.
 */
int ivs_context_find(u32 segment, u16 rid, struct ivs_context *context)
{
	struct reading r = { .fn = context_copy, .ctx = context };
	const struct ivs_unit *unit;
	unsigned int nr;

	for (nr = 0; (unit = ivs_dmar_unit(nr)); nr++)
		if (unit->segment == segment && unit_read(&r, unit) &&
		    rid_each(&r, rid, false) > 0)
			return 0;
	return -ENOENT;
}

/**
 * ivs_context_walk - walk the page table of a translation
 * @context: which
 * @walk: room for the walk, and what it found besides leaves
 * @visitor: is told of the leaves
 * @pos: from which IOVA on
 *
 * Context: may sleep.
 * Return: as ivs_walk(); 0 at once where there is no table.
 */
int ivs_context_walk(const struct ivs_context *context, struct ivs_walk *walk,
		     struct ivs_visitor *visitor, u64 pos)
{
	walk->memory = ivs_phys_memory();
	walk->format = context->format ? : &ivs_format_second;
	walk->visitor = visitor;
	walk->root = context->root;
	walk->levels = context->levels;
	walk->anchor = context->anchor;
	walk->anchored = context->anchored;
	walk->pos = context->format ? pos : U64_MAX;
	if (!context->format)
		walk->levels = 2;
	return ivs_walk(walk);
}
