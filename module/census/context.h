/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * context.h - what the hardware does with the DMA of each device
 */
#ifndef IVS_CONTEXT_H
#define IVS_CONTEXT_H

#include "dmar.h"
#include "walk.h"

enum ivs_translation {
	/* Blocked: no entry, or one that translates nothing. */
	IVS_TRANSLATION_NONE,
	IVS_TRANSLATION_IDENTITY,
	IVS_TRANSLATION_SECOND,
	IVS_TRANSLATION_FIRST,
	IVS_TRANSLATION_NESTED,
	IVS_NR_TRANSLATIONS,
};

extern const char *const ivs_translation_names[IVS_NR_TRANSLATIONS];

/**
 * struct ivs_context - how one device (or one PASID of it) is translated
 * @unit: by which unit
 * @segment: PCI segment of the device
 * @rid: bus, device, function, as in a request
 * @pasid: of the requests this is for
 * @has_pasid: false: for requests without PASID
 * @type: what is done with them
 * @levels: depth of the page table; 0 without one
 * @did: domain id the hardware tags its caches with
 * @root: physical address of the root table. For a nested translation that of
 *	the second stage: the first stage's addresses are the guest's
 * @anchor: physical address of the word that holds @root
 * @anchored: that word
 * @format: of the table; NULL without one
 * @pgsizes: leaf sizes the unit could use in such a table
 */
struct ivs_context {
	unsigned int unit;
	u32 segment;
	u16 rid;
	u32 pasid;
	bool has_pasid;
	enum ivs_translation type;
	unsigned int levels;
	u16 did;
	u64 root;
	u64 anchor;
	u64 anchored;
	const struct ivs_format *format;
	u64 pgsizes;
};

typedef int (*ivs_context_fn)(void *ctx, const struct ivs_context *context);

int ivs_context_each(ivs_context_fn fn, void *ctx);
int ivs_context_walk(const struct ivs_context *context, struct ivs_walk *walk,
		     struct ivs_visitor *visitor, u64 pos);
int ivs_context_find(u32 segment, u16 rid, struct ivs_context *context);

#endif /* IVS_CONTEXT_H */
