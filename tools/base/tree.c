// SPDX-License-Identifier: GPL-2.0-only
/*
 * json-c with this tool's manners: adding cannot fail, and reading what is
 * absent or of another type is an answer, not an accident. Absent numbers are
 * false or 0 and absent words are "-", because a module of another version may
 * lack any key.
 *
 * Of what there are millions of, no tree is held: its members are made one by
 * one as they are printed, and JSON is printed as it is made.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "paper.h"
#include "tree.h"

struct json_object *tree_new(void)
{
	struct json_object *obj = json_object_new_object();

	if (!obj)
		alloc_fail();
	return obj;
}

struct json_object *tree_new_list(void)
{
	struct json_object *list = json_object_new_array();

	if (!list)
		alloc_fail();
	return list;
}

/* Takes over val. */
void tree_add(struct json_object *obj, const char *key,
	      struct json_object *val)
{
	if (!val || json_object_object_add(obj, key, val))
		alloc_fail();
}

void tree_add_word(struct json_object *obj, const char *key, const char *word)
{
	tree_add(obj, key, json_object_new_string(word));
}

void tree_add_u64(struct json_object *obj, const char *key, uint64_t val)
{
	tree_add(obj, key, json_object_new_uint64(val));
}

/* Takes over val. */
void tree_append(struct json_object *list, struct json_object *val)
{
	if (!val || json_object_array_add(list, val))
		alloc_fail();
}

void tree_append_word(struct json_object *list, const char *word)
{
	tree_append(list, json_object_new_string(word));
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

/* For tree_foreach(): json-c's own takes no NULL for an absent section. */
struct json_object *tree_members(struct json_object *obj)
{
	static struct json_object *none;

	if (!obj && !none)
		none = tree_new();
	return obj ?: none;
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

/* It is asked for every record: of a number no text is made. */
bool tree_is(struct json_object *obj, const char *key, const char *word)
{
	struct json_object *found = tree_get(obj, key);
	uint64_t val;
	char *end;

	if (!json_object_is_type(found, json_type_int))
		return !strcmp(tree_word(obj, key), word);
	val = strtoull(word, &end, 10);
	return end != word && !*end && json_object_get_uint64(found) == val;
}

struct json_object *tree_at(struct json_object *list, size_t i)
{
	return json_object_array_get_idx(list, i);
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

bool tree_list_has(struct json_object *list, const char *word)
{
	for (size_t i = 0; i < tree_length(list); i++)
		if (!strcmp(list_word(list, i), word))
			return true;
	return false;
}

/* Is the word in the member that is a list? */
bool tree_lists(struct json_object *obj, const char *key, const char *word)
{
	return tree_list_has(tree_get(obj, key), word);
}

/* The words of the list with commas between them, to be freed. */
char *tree_join(struct json_object *obj, const char *key)
{
	struct json_object *list = tree_get(obj, key);
	struct paper paper;
	size_t i;

	paper_open(&paper);
	for (i = 0; i < tree_length(list); i++)
		fprintf(paper.out, "%s%s", i ? "," : "", list_word(list, i));
	if (!i)
		fputc('-', paper.out);
	return paper_close(&paper);
}

/* Who makes the members of a tree when they are asked for, and of what. */
struct made {
	const struct tree_maker *maker;
	void *from;
};

static void made_end(struct json_object *tree, void *data)
{
	struct made *made = data;

	(void)tree;
	made->maker->done(made->from);
	free(made);
}

struct json_object *tree_made(struct json_object *tree,
			      const struct tree_maker *maker, void *from)
{
	struct made *made = alloc_zeroed(1, sizeof(*made));

	*made = (struct made){ maker, from };
	json_object_set_userdata(tree, made, made_end);
	return tree;
}

bool tree_is_made(struct json_object *tree)
{
	return json_object_get_userdata(tree);
}

void tree_each_first(struct json_object *tree, size_t max,
		     tree_visit_fn *visit, void *data)
{
	struct made *made = json_object_get_userdata(tree);

	if (made) {
		made->maker->each(made->from, max, visit, data);
	} else if (json_object_is_type(tree, json_type_object)) {
		json_object_object_foreach(tree, key, val)
			if (max && max--)
				visit(key, val, data);
	} else {
		for (size_t i = 0; i < tree_length(tree) && i < max; i++)
			visit("", tree_at(tree, i), data);
	}
}

void tree_each(struct json_object *tree, tree_visit_fn *visit, void *data)
{
	tree_each_first(tree, SIZE_MAX, visit, data);
}

struct json_object *tree_find(struct json_object *tree, const char *key)
{
	struct made *made = json_object_get_userdata(tree);

	if (made)
		return made->maker->find(made->from, key);
	return json_object_get(tree_get(tree, key));
}

size_t tree_count(struct json_object *tree)
{
	struct made *made = json_object_get_userdata(tree);

	if (made)
		return made->maker->count(made->from);
	if (json_object_is_type(tree, json_type_object))
		return json_object_object_length(tree);
	return tree_length(tree);
}

/* Where in the text a tree is printed. */
struct printer {
	FILE *out;
	struct json_object *tree;
	tree_tell_fn *tell;
	int level;
	bool first;
	/* All of it on one line. */
	bool flat;
};

static void value_print(const struct printer *printer, struct json_object *val);

/* Of what needs no escapes, most of all there is, no copy is made. */
static void string_print(FILE *out, const char *text)
{
	struct json_object *word;
	const char *c = text;

	while ((unsigned char)*c >= ' ' && *c != '"' && *c != '\\')
		c++;
	if (!*c) {
		fprintf(out, "\"%s\"", text);
		return;
	}
	word = json_object_new_string(text);
	if (!word)
		alloc_fail();
	fputs(json_object_to_json_string_ext(word,
					     JSON_C_TO_STRING_NOSLASHESCAPE),
	      out);
	json_object_put(word);
}

static void line_begin(const struct printer *printer, int level)
{
	if (!printer->flat)
		fprintf(printer->out, "\n%*s", 2 * level, "");
}

static void member_print(const char *key, struct json_object *val, void *data)
{
	struct printer *printer = data;
	bool keyed = json_object_is_type(printer->tree, json_type_object);
	bool told = keyed && printer->tell &&
		    printer->tell(printer->tree, &key, &val);

	if (!printer->first)
		fputc(',', printer->out);
	line_begin(printer, printer->level);
	printer->first = false;
	if (keyed) {
		string_print(printer->out, key);
		fputs(printer->flat ? ":" : ": ", printer->out);
	}
	value_print(printer, val);
	if (told)
		json_object_put(val);
}

static void members_print(const struct printer *outer, struct json_object *tree)
{
	bool keyed = json_object_is_type(tree, json_type_object);
	struct printer printer = *outer;

	printer.tree = tree;
	printer.level++;
	printer.first = true;
	fputc(keyed ? '{' : '[', printer.out);
	tree_each(tree, member_print, &printer);
	line_begin(&printer, outer->level);
	fputc(keyed ? '}' : ']', printer.out);
}

static void value_print(const struct printer *printer, struct json_object *val)
{
	FILE *out = printer->out;

	switch (json_object_get_type(val)) {
	case json_type_object:
	case json_type_array:
		members_print(printer, val);
		break;
	case json_type_string:
		string_print(out, json_object_get_string(val));
		break;
	case json_type_int:
		if (json_object_get_int64(val) < 0)
			fprintf(out, "%jd",
				(intmax_t)json_object_get_int64(val));
		else
			fprintf(out, "%ju",
				(uintmax_t)json_object_get_uint64(val));
		break;
	default:
		fputs(json_object_to_json_string(val), out);
	}
}

void tree_print_told(FILE *out, struct json_object *tree, tree_tell_fn *tell)
{
	struct printer printer = { .out = out, .tell = tell };

	value_print(&printer, tree);
	fputc('\n', out);
}

void tree_print(FILE *out, struct json_object *tree)
{
	tree_print_told(out, tree, NULL);
}

void tree_print_line(FILE *out, struct json_object *tree, tree_tell_fn *tell)
{
	struct printer printer = { .out = out, .tell = tell, .flat = true };

	value_print(&printer, tree);
	fputc('\n', out);
}

/* qsort() hands its function no argument of ours: the keys to sort by. */
static struct {
	const char *first;
	const char *then;
} sort;

static int descending(struct json_object *a, struct json_object *b)
{
	uint64_t x = tree_u64_or_0(a, sort.first);
	uint64_t y = tree_u64_or_0(b, sort.first);

	if (x == y && sort.then) {
		x = tree_u64_or_0(a, sort.then);
		y = tree_u64_or_0(b, sort.then);
	}
	return (x < y) - (x > y);
}

static int items_descending(const void *a, const void *b)
{
	return descending(*(struct json_object *const *)a,
			  *(struct json_object *const *)b);
}

static int entries_descending(const void *a, const void *b)
{
	struct lh_entry *const *x = a, *const *y = b;

	return descending((struct json_object *)lh_entry_v(*x),
			  (struct json_object *)lh_entry_v(*y));
}

/* Those with most of @first come first, and of equal ones most of @then. */
void tree_sort(struct json_object *list, const char *first, const char *then)
{
	sort.first = first;
	sort.then = then;
	json_object_array_sort(list, items_descending);
}

/* The same records, those with most of @key first. */
struct json_object *tree_sorted(struct json_object *records, const char *key)
{
	struct made *made = json_object_get_userdata(records);
	struct json_object *result;
	struct lh_entry **entries, *entry;
	size_t nr, i = 0;

	if (made)
		return made->maker->sorted(made->from, key);
	result = tree_new();
	nr = json_object_object_length(records);
	entries = alloc_zeroed(nr, sizeof(*entries));

	lh_foreach(json_object_get_object(records), entry)
		entries[i++] = entry;
	sort.first = key;
	sort.then = NULL;
	qsort(entries, nr, sizeof(*entries), entries_descending);
	for (i = 0; i < nr; i++)
		tree_share(result, records, lh_entry_k(entries[i]));
	free(entries);
	return result;
}
