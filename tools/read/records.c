// SPDX-License-Identifier: GPL-2.0-only
/*
 * A section whose records are packed: domains and processes, of which a host
 * may have ten thousand. Here is what a tree of them has besides: the order in
 * which they are told, which may be another in a view, and where one is by its
 * name.
 *
 * The bytes belong to the section and to what has been sorted of it, whichever
 * goes last.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "packed.h"
#include "records.h"

/* @nr: the how manyth it was in the file; @weight: what they are sorted by. */
struct member {
	const unsigned char *place;
	size_t nr;
	uint64_t weight;
};

struct store {
	struct packed *packed;
	unsigned int users;
	/* By name. */
	struct member *names;
	size_t nr;
};

struct records {
	struct store *store;
	struct member *order;
};

static int by_nr(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return (x->nr > y->nr) - (x->nr < y->nr);
}

static int by_name(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return strcmp(packed_name(x->place), packed_name(y->place)) ?:
	       by_nr(a, b);
}

static int by_weight(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return (x->weight < y->weight) - (x->weight > y->weight) ?:
	       by_nr(a, b);
}

/* Of several with one name the last, where the first was. */
static void names_unite(struct store *store)
{
	struct member *names = store->names;
	size_t kept = 0;

	for (size_t i = 0; i < store->nr; i++) {
		if (kept && !strcmp(packed_name(names[kept - 1].place),
				    packed_name(names[i].place)))
			names[kept - 1].place = names[i].place;
		else
			names[kept++] = names[i];
	}
	store->nr = kept;
}

static struct store *store_new(struct packed *packed)
{
	struct store *store = alloc_zeroed(1, sizeof(*store));
	const unsigned char **places;

	store->packed = packed;
	store->nr = packed_nr(packed);
	store->names = alloc_zeroed(store->nr, sizeof(*store->names));
	places = alloc_zeroed(store->nr, sizeof(*places));
	packed_places(packed, places);
	for (size_t i = 0; i < store->nr; i++)
		store->names[i] = (struct member){ places[i], i, 0 };
	free(places);
	qsort(store->names, store->nr, sizeof(*store->names), by_name);
	names_unite(store);
	return store;
}

static const struct tree_maker records_maker;

/* A tree with an order of its own. */
static struct json_object *records_new(struct store *store,
				       struct member *order)
{
	struct records *records = alloc_zeroed(1, sizeof(*records));

	*records = (struct records){ store, order };
	store->users++;
	return tree_made(tree_new(), &records_maker, records);
}

static struct member *members_copy(const struct member *members, size_t nr)
{
	struct member *copy = alloc_zeroed(nr, sizeof(*copy));

	for (size_t i = 0; i < nr; i++)
		copy[i] = members[i];
	return copy;
}

static void records_each(void *from, size_t max, tree_visit_fn *visit,
			 void *data)
{
	const struct records *records = from;

	for (size_t i = 0; i < records->store->nr && i < max; i++) {
		const unsigned char *place = records->order[i].place;
		struct json_object *record =
			packed_record(records->store->packed, place);

		visit(packed_name(place), record, data);
		json_object_put(record);
	}
}

static int name_compare(const void *name, const void *member)
{
	const struct member *other = member;

	return strcmp(name, packed_name(other->place));
}

static struct json_object *records_find(void *from, const char *name)
{
	const struct store *store = ((const struct records *)from)->store;
	const struct member *found = bsearch(name, store->names, store->nr,
					     sizeof(*store->names),
					     name_compare);

	return found ? packed_record(store->packed, found->place) : NULL;
}

static size_t records_count(void *from)
{
	return ((const struct records *)from)->store->nr;
}

static struct json_object *records_sorted(void *from, const char *key)
{
	const struct records *records = from;
	struct store *store = records->store;
	struct member *order = members_copy(records->order, store->nr);

	for (size_t i = 0; i < store->nr; i++)
		order[i].weight = packed_u64(store->packed, order[i].place,
					     key);
	qsort(order, store->nr, sizeof(*order), by_weight);
	return records_new(store, order);
}

static void records_done(void *from)
{
	struct records *records = from;
	struct store *store = records->store;

	if (!--store->users) {
		packed_free(store->packed);
		free(store->names);
		free(store);
	}
	free(records->order);
	free(records);
}

static const struct tree_maker records_maker = {
	.each = records_each,
	.find = records_find,
	.count = records_count,
	.sorted = records_sorted,
	.done = records_done,
};

struct json_object *records_tree(struct packed *packed)
{
	struct store *store = store_new(packed);
	struct member *order = members_copy(store->names, store->nr);

	qsort(order, store->nr, sizeof(*order), by_nr);
	return records_new(store, order);
}
