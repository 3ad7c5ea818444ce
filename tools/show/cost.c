// SPDX-License-Identifier: GPL-2.0-only
/*
 * What operations cost, out of a flat record of counters:
 *
 *	{ "pin": { "total": { "calls": 3, "bytes": .., "ns": .. },
 *		   "hugetlb_1g": {..}, .. }, .. }
 *
 * No operation is known here by name. What has `_calls`, `_bytes` and `_ns` is
 * an operation, and an operation whose name begins with another's is a part of
 * it: pin_hugetlb_1g is pin's share on hugetlb_1g. So an operation or a backing
 * that a later module counts appears by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/tree.h"
#include "cost.h"

static const char *const facts[] = {
	"calls", "errors", "bytes", "ns", "max_ns"
};

/* Length of the operation's name in front of _fact, 0 when it has none. */
static size_t stem_len(const char *key, const char *fact)
{
	size_t len = strlen(key), end = strlen(fact);

	if (len < end + 2 || key[len - end - 1] != '_' ||
	    strcmp(key + len - end, fact))
		return 0;
	return len - end - 1;
}

static bool fact_get(struct json_object *record, const char *op, size_t len,
		     const char *fact, uint64_t *val)
{
	char *key = alloc_print("%.*s_%s", (int)len, op, fact);
	bool found = tree_u64(record, key, val);

	free(key);
	return found;
}

static bool is_op(struct json_object *record, const char *op, size_t len)
{
	uint64_t val;

	return len && fact_get(record, op, len, "calls", &val) &&
	       fact_get(record, op, len, "bytes", &val) &&
	       fact_get(record, op, len, "ns", &val);
}

/* Length of the operation's name that this one is a part of, or its own. */
static size_t parent_len(struct json_object *record, const char *op,
			 size_t len)
{
	for (size_t i = 1; i < len - 1; i++)
		if (op[i] == '_' && is_op(record, op, i))
			return i;
	return len;
}

static struct json_object *facts_of(struct json_object *record, const char *op,
				    size_t len)
{
	struct json_object *known = tree_new();
	uint64_t val;

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (fact_get(record, op, len, facts[i], &val))
			tree_add_u64(known, facts[i], val);
	return known;
}

static void cost_add_part(struct json_object *cost, struct json_object *record,
			  const char *op, size_t len)
{
	size_t parent = parent_len(record, op, len);
	char *name = alloc_print("%.*s", (int)len, op);

	name[parent] = '\0';
	if (!tree_get(cost, name))
		tree_add(cost, name, tree_new());
	tree_add(tree_get(cost, name),
		 parent < len ? name + parent + 1 : "total",
		 facts_of(record, op, len));
	free(name);
}

struct json_object *cost_of(struct json_object *record)
{
	struct json_object *cost = tree_new();

	tree_foreach(record, key, val) {
		size_t len = stem_len(key, "calls");

		(void)val;
		if (is_op(record, key, len))
			cost_add_part(cost, record, key, len);
	}
	return cost;
}

/* Is the key told in the record's cost? */
bool cost_has(struct json_object *record, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (is_op(record, key, stem_len(key, facts[i])))
			return true;
	return false;
}
