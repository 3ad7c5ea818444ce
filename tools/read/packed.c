// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records as bytes, for files that have millions. As a tree, a run of twelve
 * numbers takes 3 KiB; here it is its name, the number of its form, and its
 * values, in 40 bytes.
 *
 * Records of one file have the same keys in the same order: that list is a
 * form, kept once. A value begins with a byte that says what it is: itself, a
 * number below TAG_INTEGER; the length of the integer that follows; or JSON,
 * with its length, for whatever else there may be.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "packed.h"

#define TAG_INTEGER	0x80	/* and how many bytes it has */
#define TAG_JSON	0x90

#define MAX_TRIES	8
#define BLOCK_BYTES	(256 * 1024)

struct form {
	char **key;
	size_t nr;
};

/* Records are not cut: one is in one block. */
struct block {
	struct block *next;
	size_t used;
	unsigned char bytes[];
};

struct packed {
	struct form *form;
	size_t nr_forms;
	struct block *first;
	struct block *last;
	/* The record that is being made. */
	unsigned char *bytes;
	size_t used;
	size_t room;
};

struct packed *packed_new(void)
{
	return alloc_zeroed(1, sizeof(struct packed));
}

static void form_free(struct form *form)
{
	for (size_t i = 0; i < form->nr; i++)
		free(form->key[i]);
	free(form->key);
}

void packed_free(struct packed *packed)
{
	struct block *block, *next;

	for (block = packed->first; block; block = next) {
		next = block->next;
		free(block);
	}
	for (size_t i = 0; i < packed->nr_forms; i++)
		form_free(&packed->form[i]);
	free(packed->form);
	free(packed->bytes);
	free(packed);
}

static bool form_fits(const struct form *form, struct json_object *record)
{
	size_t i = 0;

	if ((size_t)json_object_object_length(record) != form->nr)
		return false;
	tree_foreach(record, key, val) {
		(void)val;
		if (strcmp(key, form->key[i++]))
			return false;
	}
	return true;
}

static size_t form_add(struct packed *packed, struct json_object *record)
{
	struct form *form;

	packed->form = alloc_more(packed->form, packed->nr_forms + 1,
				  sizeof(*packed->form));
	form = &packed->form[packed->nr_forms];
	form->nr = 0;
	form->key = alloc_zeroed(json_object_object_length(record),
				 sizeof(*form->key));
	tree_foreach(record, key, val) {
		(void)val;
		form->key[form->nr++] = alloc_copy(key);
	}
	return packed->nr_forms++;
}

/* The next record is like one that was there lately. */
static size_t form_of(struct packed *packed, struct json_object *record)
{
	size_t i, tries = 0;

	for (i = packed->nr_forms; i-- > 0 && tries < MAX_TRIES; tries++)
		if (form_fits(&packed->form[i], record))
			return i;
	return form_add(packed, record);
}

static void bytes_put(struct packed *packed, const void *bytes, size_t nr)
{
	if (packed->used + nr > packed->room) {
		packed->room = 2 * (packed->used + nr);
		packed->bytes = alloc_more(packed->bytes, packed->room, 1);
	}
	memcpy(packed->bytes + packed->used, bytes, nr);
	packed->used += nr;
}

static void integer_put(struct packed *packed, uint64_t val)
{
	unsigned char bytes[1 + sizeof(val)] = { val };
	size_t nr = 0;

	if (val < TAG_INTEGER) {
		bytes_put(packed, bytes, 1);
		return;
	}
	for (; val; val >>= 8)
		bytes[++nr] = val;
	bytes[0] = TAG_INTEGER + nr;
	bytes_put(packed, bytes, 1 + nr);
}

static void value_put(struct packed *packed, struct json_object *val)
{
	unsigned char tag = TAG_JSON;
	const char *json;

	if (json_object_is_type(val, json_type_int)) {
		integer_put(packed, json_object_get_uint64(val));
		return;
	}
	json = json_object_to_json_string_ext(val, JSON_C_TO_STRING_PLAIN);
	bytes_put(packed, &tag, 1);
	bytes_put(packed, json, strlen(json) + 1);
}

static struct block *block_with_room(struct packed *packed, size_t nr)
{
	size_t room = nr > BLOCK_BYTES ? nr : BLOCK_BYTES;
	struct block *block = packed->last;

	if (block && block->used + nr <= BLOCK_BYTES)
		return block;
	block = alloc_more(NULL, 1, sizeof(*block) + room);
	block->next = NULL;
	block->used = 0;
	if (packed->last)
		packed->last->next = block;
	else
		packed->first = block;
	packed->last = block;
	return block;
}

void packed_add(struct packed *packed, const char *name,
		struct json_object *record)
{
	struct block *block;

	packed->used = 0;
	bytes_put(packed, name, strlen(name) + 1);
	integer_put(packed, form_of(packed, record));
	tree_foreach(record, key, val) {
		(void)key;
		value_put(packed, val);
	}
	block = block_with_room(packed, packed->used);
	memcpy(block->bytes + block->used, packed->bytes, packed->used);
	block->used += packed->used;
}

static uint64_t integer_get(const unsigned char **at)
{
	unsigned char nr = *(*at)++;
	uint64_t val = 0;

	if (nr < TAG_INTEGER)
		return nr;
	nr -= TAG_INTEGER;
	for (unsigned char i = 0; i < nr; i++)
		val |= (uint64_t)*(*at)++ << 8 * i;
	return val;
}

static struct json_object *value_get(const unsigned char **at)
{
	struct json_object *val;

	if (**at != TAG_JSON)
		return json_object_new_uint64(integer_get(at));
	val = json_tokener_parse((const char *)*at + 1);
	*at += strlen((const char *)*at) + 1;
	return val;
}

static void record_visit(struct packed *packed, const unsigned char **at,
			 tree_visit_fn *visit, void *data)
{
	struct json_object *record = tree_new();
	const char *name = (const char *)*at;
	const struct form *form;

	*at += strlen(name) + 1;
	form = &packed->form[integer_get(at)];
	for (size_t i = 0; i < form->nr; i++)
		tree_add(record, form->key[i], value_get(at));
	visit(name, record, data);
	json_object_put(record);
}

void packed_each(struct packed *packed, tree_visit_fn *visit, void *data)
{
	for (struct block *block = packed->first; block; block = block->next) {
		const unsigned char *at = block->bytes;

		while (at < block->bytes + block->used)
			record_visit(packed, &at, visit, data);
	}
}
