// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records as bytes, for files that have many. As a tree, a run of twelve
 * numbers takes 3 KiB and a domain 5; here it is its name, the number of its
 * form, and its values, in 40 bytes and 150.
 *
 * Records of one file have the same keys in the same order: that list is a
 * form, kept once, and its keys are kept for good, so that a record that is
 * made shares them and may outlive all this. A value begins with a byte that
 * says what it is: itself, a number below TAG_INTEGER; the length of the
 * integer that follows; a word; that words follow, and how many; or JSON, for
 * whatever else there may be.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "packed.h"

#define TAG_INTEGER	0x80	/* and how many bytes it has */
#define TAG_WORD	0x90
#define TAG_WORDS	0x91	/* and how many they are */
#define TAG_JSON	0x92

#define MAX_TRIES	8
#define BLOCK_BYTES	(256 * 1024)

struct form {
	const char **key;
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
	size_t nr;
	/* The record that is being made. */
	unsigned char *bytes;
	size_t used;
	size_t room;
};

struct packed *packed_new(void)
{
	return alloc_zeroed(1, sizeof(struct packed));
}

/* The same text, which stays: there are a few hundred of them at most. */
static const char *key_keep(const char *key)
{
	static const char **kept;
	static size_t nr;

	for (size_t i = 0; i < nr; i++)
		if (!strcmp(kept[i], key))
			return kept[i];
	kept = alloc_more(kept, nr + 1, sizeof(*kept));
	kept[nr] = alloc_copy(key);
	return kept[nr++];
}

void packed_free(struct packed *packed)
{
	struct block *block, *next;

	for (block = packed->first; block; block = next) {
		next = block->next;
		free(block);
	}
	for (size_t i = 0; i < packed->nr_forms; i++)
		free(packed->form[i].key);
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
		form->key[form->nr++] = key_keep(key);
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

static void tag_put(struct packed *packed, unsigned char tag)
{
	bytes_put(packed, &tag, 1);
}

static void text_put(struct packed *packed, const char *text)
{
	bytes_put(packed, text, strlen(text) + 1);
}

/* JSON has strings with a NUL inside; the module's files have not. */
static bool is_word(struct json_object *val)
{
	return json_object_is_type(val, json_type_string) &&
	       strlen(json_object_get_string(val)) ==
	       (size_t)json_object_get_string_len(val);
}

static bool is_words(struct json_object *val)
{
	if (!json_object_is_type(val, json_type_array))
		return false;
	for (size_t i = 0; i < tree_length(val); i++)
		if (!is_word(tree_at(val, i)))
			return false;
	return true;
}

static void words_put(struct packed *packed, struct json_object *words)
{
	tag_put(packed, TAG_WORDS);
	integer_put(packed, tree_length(words));
	for (size_t i = 0; i < tree_length(words); i++)
		text_put(packed, json_object_get_string(tree_at(words, i)));
}

static void value_put(struct packed *packed, struct json_object *val)
{
	if (json_object_is_type(val, json_type_int)) {
		integer_put(packed, json_object_get_uint64(val));
	} else if (is_word(val)) {
		tag_put(packed, TAG_WORD);
		text_put(packed, json_object_get_string(val));
	} else if (is_words(val)) {
		words_put(packed, val);
	} else {
		tag_put(packed, TAG_JSON);
		text_put(packed, json_object_to_json_string_ext
				 (val, JSON_C_TO_STRING_PLAIN));
	}
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
	text_put(packed, name);
	integer_put(packed, form_of(packed, record));
	tree_foreach(record, key, val) {
		(void)key;
		value_put(packed, val);
	}
	block = block_with_room(packed, packed->used);
	memcpy(block->bytes + block->used, packed->bytes, packed->used);
	block->used += packed->used;
	packed->nr++;
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

static const char *text_get(const unsigned char **at)
{
	const char *text = (const char *)*at;

	*at += strlen(text) + 1;
	return text;
}

static struct json_object *words_get(const unsigned char **at)
{
	struct json_object *words = tree_new_list();

	for (uint64_t nr = integer_get(at); nr; nr--)
		tree_append_word(words, text_get(at));
	return words;
}

/* Most are 0, and few are not: those that are below TAG_INTEGER are shared. */
static struct json_object *small_get(unsigned char val)
{
	static struct json_object *kept[TAG_INTEGER];

	if (!kept[val])
		kept[val] = json_object_new_uint64(val);
	return json_object_get(kept[val]);
}

static struct json_object *value_get(const unsigned char **at)
{
	if (**at < TAG_INTEGER)
		return small_get(*(*at)++);
	if (**at < TAG_WORD)
		return json_object_new_uint64(integer_get(at));
	switch (*(*at)++) {
	case TAG_WORD:
		return json_object_new_string(text_get(at));
	case TAG_WORDS:
		return words_get(at);
	default:
		return json_tokener_parse(text_get(at));
	}
}

static void value_skip(const unsigned char **at)
{
	uint64_t nr = 1;

	if (**at < TAG_WORD) {
		integer_get(at);
		return;
	}
	if (*(*at)++ == TAG_WORDS)
		nr = integer_get(at);
	while (nr--)
		text_get(at);
}

static struct json_object *record_get(const struct packed *packed,
				      const unsigned char **at)
{
	const struct form *form = &packed->form[integer_get(at)];
	struct json_object *record = tree_new();

	for (size_t i = 0; i < form->nr; i++) {
		struct json_object *val = value_get(at);

		if (!val || json_object_object_add_ex
				(record, form->key[i], val,
				 JSON_C_OBJECT_ADD_KEY_IS_NEW |
				 JSON_C_OBJECT_KEY_IS_CONSTANT))
			alloc_fail();
	}
	return record;
}

static void record_skip(const struct packed *packed, const unsigned char **at)
{
	size_t nr = packed->form[integer_get(at)].nr;

	while (nr--)
		value_skip(at);
}

const char *packed_name(const unsigned char *at)
{
	return (const char *)at;
}

struct json_object *packed_record(const struct packed *packed,
				  const unsigned char *at)
{
	text_get(&at);
	return record_get(packed, &at);
}

uint64_t packed_u64(const struct packed *packed, const unsigned char *at,
		    const char *key)
{
	const struct form *form;

	text_get(&at);
	form = &packed->form[integer_get(&at)];
	for (size_t i = 0; i < form->nr; i++) {
		if (!strcmp(form->key[i], key))
			return *at < TAG_WORD ? integer_get(&at) : 0;
		value_skip(&at);
	}
	return 0;
}

size_t packed_nr(const struct packed *packed)
{
	return packed->nr;
}

void packed_places(const struct packed *packed, const unsigned char **places)
{
	for (struct block *block = packed->first; block; block = block->next) {
		const unsigned char *at = block->bytes;

		while (at < block->bytes + block->used) {
			*places++ = at;
			text_get(&at);
			record_skip(packed, &at);
		}
	}
}

void packed_each(struct packed *packed, size_t max, tree_visit_fn *visit,
		 void *data)
{
	for (struct block *block = packed->first; block; block = block->next) {
		const unsigned char *at = block->bytes;

		while (max && at < block->bytes + block->used) {
			const char *name = text_get(&at);
			struct json_object *record = record_get(packed, &at);

			visit(name, record, data);
			json_object_put(record);
			max--;
		}
	}
}
