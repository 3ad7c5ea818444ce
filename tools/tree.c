// SPDX-License-Identifier: GPL-2.0-only
/*
 * json-c with this tool's manners: adding cannot fail, and reading what is
 * absent or of another type is an answer, not an accident. Absent numbers are
 * false or 0 and absent words are "-", because a module of another version may
 * lack any key.
 */
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "tree.h"

struct json_object *tree_new(void)
{
	struct json_object *obj = json_object_new_object();

	if (!obj)
		fail(EXIT_RUNTIME, "out of memory");
	return obj;
}

/* Takes over val. */
void tree_add(struct json_object *obj, const char *key,
	      struct json_object *val)
{
	if (!val || json_object_object_add(obj, key, val))
		fail(EXIT_RUNTIME, "out of memory");
}

void tree_add_u64(struct json_object *obj, const char *key, uint64_t val)
{
	tree_add(obj, key, json_object_new_uint64(val));
}

/* A sum of counters of a broken tree must not wrap to something plausible. */
void tree_add_sum(struct json_object *obj, const char *key, uint64_t val)
{
	uint64_t sum;

	if (__builtin_add_overflow(tree_u64_or_0(obj, key), val, &sum))
		sum = UINT64_MAX;
	tree_add_u64(obj, key, sum);
}

/* Let @to have @from's member too, when there is one. */
void tree_share(struct json_object *to, struct json_object *from,
		const char *key)
{
	struct json_object *val = tree_get(from, key);

	if (val)
		tree_add(to, key, json_object_get(val));
}

struct json_object *tree_get(struct json_object *obj, const char *key)
{
	struct json_object *val;

	return json_object_object_get_ex(obj, key, &val) ? val : NULL;
}

bool tree_u64(struct json_object *obj, const char *key, uint64_t *val)
{
	struct json_object *found = tree_get(obj, key);

	if (!json_object_is_type(found, json_type_int))
		return false;
	*val = json_object_get_uint64(found);
	return true;
}

uint64_t tree_u64_or_0(struct json_object *obj, const char *key)
{
	uint64_t val;

	return tree_u64(obj, key, &val) ? val : 0;
}

const char *tree_word(struct json_object *obj, const char *key)
{
	struct json_object *found = tree_get(obj, key);

	return found ? json_object_get_string(found) : "-";
}

bool tree_is(struct json_object *obj, const char *key, const char *word)
{
	return !strcmp(tree_word(obj, key), word);
}

/* Of a list; 0 of what is none. */
size_t tree_length(struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array))
		return 0;
	return json_object_array_length(list);
}

static const char *list_word(struct json_object *list, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(list, i)) ?: "";
}

/* Is the word in the list? */
bool tree_lists(struct json_object *obj, const char *key, const char *word)
{
	struct json_object *list = tree_get(obj, key);

	for (size_t i = 0; i < tree_length(list); i++)
		if (!strcmp(list_word(list, i), word))
			return true;
	return false;
}

/* The words of the list with commas between them, to be freed. */
char *tree_join(struct json_object *obj, const char *key)
{
	struct json_object *list = tree_get(obj, key);
	char *joined = NULL;
	size_t size, i;
	FILE *out;

	out = open_memstream(&joined, &size);
	if (!out)
		fail(EXIT_RUNTIME, "out of memory");
	for (i = 0; i < tree_length(list); i++)
		fprintf(out, "%s%s", i ? "," : "", list_word(list, i));
	if (!i)
		fputc('-', out);
	if (fclose(out))
		fail(EXIT_RUNTIME, "out of memory");
	return joined;
}
