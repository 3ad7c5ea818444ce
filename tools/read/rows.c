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
#include "rows.h"

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

struct rows {
	struct form *form;
	size_t nr_forms;
	struct block *first;
	struct block *last;
	/* The record that is being made. */
	unsigned char *bytes;
	size_t used;
	size_t room;
};

struct rows *rows_new(void)
{
	return alloc_zeroed(1, sizeof(struct rows));
}

static void form_free(struct form *form)
{
	for (size_t i = 0; i < form->nr; i++)
		free(form->key[i]);
	free(form->key);
}

void rows_free(struct rows *rows)
{
	struct block *block, *next;

	for (block = rows->first; block; block = next) {
		next = block->next;
		free(block);
	}
	for (size_t i = 0; i < rows->nr_forms; i++)
		form_free(&rows->form[i]);
	free(rows->form);
	free(rows->bytes);
	free(rows);
}

static bool form_fits(const struct form *form, struct json_object *record)
{
	size_t i = 0;

	if ((size_t)json_object_object_length(record) != form->nr)
		return false;
	json_object_object_foreach(record, key, val) {
		(void)val;
		if (strcmp(key, form->key[i++]))
			return false;
	}
	return true;
}

static size_t form_add(struct rows *rows, struct json_object *record)
{
	struct form *form;

	rows->form = alloc_more(rows->form, rows->nr_forms + 1,
				sizeof(*rows->form));
	form = &rows->form[rows->nr_forms];
	form->nr = 0;
	form->key = alloc_zeroed(json_object_object_length(record),
				 sizeof(*form->key));
	json_object_object_foreach(record, key, val) {
		(void)val;
		form->key[form->nr++] = alloc_copy(key);
	}
	return rows->nr_forms++;
}

/* The next record is like one that was there lately. */
static size_t form_of(struct rows *rows, struct json_object *record)
{
	size_t i, tries = 0;

	for (i = rows->nr_forms; i-- > 0 && tries < MAX_TRIES; tries++)
		if (form_fits(&rows->form[i], record))
			return i;
	return form_add(rows, record);
}

static void bytes_put(struct rows *rows, const void *bytes, size_t nr)
{
	if (rows->used + nr > rows->room) {
		rows->room = 2 * (rows->used + nr);
		rows->bytes = alloc_more(rows->bytes, rows->room, 1);
	}
	memcpy(rows->bytes + rows->used, bytes, nr);
	rows->used += nr;
}

static void integer_put(struct rows *rows, uint64_t val)
{
	unsigned char bytes[1 + sizeof(val)] = { val };
	size_t nr = 0;

	if (val < TAG_INTEGER) {
		bytes_put(rows, bytes, 1);
		return;
	}
	for (; val; val >>= 8)
		bytes[++nr] = val;
	bytes[0] = TAG_INTEGER + nr;
	bytes_put(rows, bytes, 1 + nr);
}

static void value_put(struct rows *rows, struct json_object *val)
{
	unsigned char tag = TAG_JSON;
	const char *json;

	if (json_object_is_type(val, json_type_int)) {
		integer_put(rows, json_object_get_uint64(val));
		return;
	}
	json = json_object_to_json_string_ext(val, JSON_C_TO_STRING_PLAIN);
	bytes_put(rows, &tag, 1);
	bytes_put(rows, json, strlen(json) + 1);
}

static struct block *block_with_room(struct rows *rows, size_t nr)
{
	size_t room = nr > BLOCK_BYTES ? nr : BLOCK_BYTES;
	struct block *block = rows->last;

	if (block && block->used + nr <= BLOCK_BYTES)
		return block;
	block = alloc_more(NULL, 1, sizeof(*block) + room);
	block->next = NULL;
	block->used = 0;
	if (rows->last)
		rows->last->next = block;
	else
		rows->first = block;
	rows->last = block;
	return block;
}

void rows_add(struct rows *rows, const char *name, struct json_object *record)
{
	struct block *block;

	rows->used = 0;
	bytes_put(rows, name, strlen(name) + 1);
	integer_put(rows, form_of(rows, record));
	json_object_object_foreach(record, key, val) {
		(void)key;
		value_put(rows, val);
	}
	block = block_with_room(rows, rows->used);
	memcpy(block->bytes + block->used, rows->bytes, rows->used);
	block->used += rows->used;
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

static void record_visit(struct rows *rows, const unsigned char **at,
			 tree_visit_fn *visit, void *data)
{
	struct json_object *record = tree_new();
	const char *name = (const char *)*at;
	const struct form *form;

	*at += strlen(name) + 1;
	form = &rows->form[integer_get(at)];
	for (size_t i = 0; i < form->nr; i++)
		tree_add(record, form->key[i], value_get(at));
	visit(name, record, data);
	json_object_put(record);
}

void rows_each(struct rows *rows, tree_visit_fn *visit, void *data)
{
	for (struct block *block = rows->first; block; block = block->next) {
		const unsigned char *at = block->bytes;

		while (at < block->bytes + block->used)
			record_visit(rows, &at, visit, data);
	}
}
