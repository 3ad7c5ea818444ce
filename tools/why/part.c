// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of runs for which there is a cause. A table can have a million
 * parts, and few causes: parts with the same cause and the same key facts, the
 * group, are one cause with the sum of their bytes; its addresses are those of
 * the first part.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/tree.h"
#include "kind.h"
#include "part.h"

uint64_t part_phys(const struct part *part)
{
	return part->run->phys + (part->iova - part->run->iova);
}

uint64_t part_last(const struct part *part)
{
	return part->iova + part->bytes - 1;
}

static enum leaf smallest_used(const struct run *run)
{
	enum leaf leaf = LEAF_4K;

	while (leaf < LEAF_1G && !run->leaves[leaf])
		leaf++;
	return leaf;
}

static struct json_object *part_cause(enum cause cause,
				      const struct part *part)
{
	struct json_object *found = cause_new(cause);

	tree_add_u64(found, "bytes", part->short_bytes);
	tree_add_u64(found, "runs", 1);
	tree_add_u64(found, "iova", part->iova);
	tree_add_u64(found, "last", part_last(part));
	tree_add_u64(found, "phys", part_phys(part));
	tree_add_word(found, "used", leaf_words[smallest_used(part->run)]);
	return found;
}

static void cause_grow(struct json_object *found, const struct part *part)
{
	tree_add_sum(found, "bytes", part->short_bytes);
	tree_add_sum(found, "runs", 1);
}

static void kind_leave(struct kind *kind, const struct part *part)
{
	kind->left_bytes += part->short_bytes;
	kind->left_runs++;
}

struct json_object *part_add_as(struct facts *facts, enum cause cause,
				bool fixable, const char *group,
				const struct part *part)
{
	struct kind *kind = &facts->kinds->kind[cause][fixable];
	struct json_object *found;
	char key[320];

	kind_add(kind, part->short_bytes, part->iova, part_last(part));
	snprintf(key, sizeof(key), "%d %d %s", cause, fixable, group);
	found = tree_get(facts->groups, key);
	if (found) {
		cause_grow(found, part);
		return NULL;
	}
	if (!kind_has_room(facts->kinds, kind)) {
		kind_leave(kind, part);
		return NULL;
	}
	found = part_cause(cause, part);
	tree_add_u64(found, "fixable", fixable);
	tree_add(facts->groups, key, found);
	kind->causes++;
	return found;
}

struct json_object *part_add(struct facts *facts, enum cause cause,
			     const char *group, const struct part *part)
{
	return part_add_as(facts, cause, cause_fixable(cause), group, part);
}
