// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it means that a domain's page table is not what its maps and unmaps must
 * have made of it. The module says by how much; of an exact domain that is
 * always somebody's mistake, and whose can be told from its direction.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/human.h"
#include "base/leaf.h"
#include "base/tree.h"
#include "differ.h"

static uint64_t leaves_of(struct json_object *record, const char *who,
			  enum leaf leaf)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_%s_leaves", who, leaf_words[leaf]);
	return tree_u64_or_0(record, key);
}

static uint64_t bytes_of(struct json_object *record, const char *who)
{
	uint64_t bytes = 0;

	for (int leaf = LEAF_4K; leaf < NR_LEAVES; leaf++)
		bytes += leaves_of(record, who, leaf) * leaf_size(leaf);
	return bytes;
}

static char *meaning_of(struct json_object *record)
{
	uint64_t flow = bytes_of(record, "flow");
	uint64_t census = bytes_of(record, "census");
	uintmax_t iova = tree_u64_or_0(record, "iova");
	char *devices = tree_join(record, "devices"), *text;

	if (census > flow)
		text = alloc_print("%s left behind, from IOVA 0x%jx on: nobody maps it any more, and %s can still read and write there; the kernel did not unmap it (5.15 without mainline 86dc40c7ea9c does so)",
				   human_bytes(census - flow).s, iova,
				   *devices ? devices : "a device");
	else if (census < flow)
		text = alloc_print("%s missing, from IOVA 0x%jx on: it was mapped and is not there; DMA of %s to it faults",
				   human_bytes(flow - census).s, iova,
				   *devices ? devices : "a device");
	else
		text = alloc_print("the same bytes in leaves of another size than the driver is known to make, from IOVA 0x%jx on: only the counts of leaves are wrong",
				   iova);
	free(devices);
	return text;
}

void differ_explain(struct json_object *check)
{
	tree_foreach(check, id, record) {
		char *text;

		(void)id;
		if (!tree_is(record, "verdict", "differs"))
			continue;
		text = meaning_of(record);
		tree_add_word(record, "meaning", text);
		free(text);
	}
}
