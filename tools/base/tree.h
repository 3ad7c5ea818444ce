/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TREE_H
#define IOVASCOPE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

struct json_object *tree_new(void);
struct json_object *tree_new_list(void);
void tree_add(struct json_object *obj, const char *key,
	      struct json_object *val);
void tree_add_word(struct json_object *obj, const char *key, const char *word);
void tree_add_u64(struct json_object *obj, const char *key, uint64_t val);
void tree_add_sum(struct json_object *obj, const char *key, uint64_t val);
void tree_append(struct json_object *list, struct json_object *val);
void tree_append_word(struct json_object *list, const char *word);
void tree_share(struct json_object *to, struct json_object *from,
		const char *key);

struct json_object *tree_get(struct json_object *obj, const char *key);
struct json_object *tree_members(struct json_object *obj);

/* Each member; of what is not there, none. */
#define tree_foreach(obj, key, val) \
	json_object_object_foreach(tree_members(obj), key, val)
bool tree_u64(struct json_object *obj, const char *key, uint64_t *val);
uint64_t tree_u64_or_0(struct json_object *obj, const char *key);
const char *tree_word(struct json_object *obj, const char *key);
bool tree_is(struct json_object *obj, const char *key, const char *word);
size_t tree_length(struct json_object *list);
struct json_object *tree_at(struct json_object *list, size_t i);
bool tree_list_has(struct json_object *list, const char *word);
bool tree_lists(struct json_object *obj, const char *key, const char *word);
char *tree_join(struct json_object *obj, const char *key);

typedef void tree_visit_fn(const char *key, struct json_object *val,
			   void *data);

/*
 * What makes the members of a tree that has too many to be held, from whatever
 * it keeps them in: each of the first @max is handed to @visit and taken back;
 * one is found, to be put, or NULL; they are counted; and the same ones are a
 * tree in another order. @done is for when the tree goes.
 */
struct tree_maker {
	void (*each)(void *from, size_t max, tree_visit_fn *visit, void *data);
	struct json_object *(*find)(void *from, const char *key);
	size_t (*count)(void *from);
	struct json_object *(*sorted)(void *from, const char *key);
	void (*done)(void *from);
};

/*
 * Makes of the empty object one whose members are made when they are asked for:
 * only what follows, tree_sorted() and tree_print() see them.
 */
struct json_object *tree_made(struct json_object *tree,
			      const struct tree_maker *maker, void *from);

bool tree_is_made(struct json_object *tree);

/* Every member, in order; of a list, without a key. */
void tree_each(struct json_object *tree, tree_visit_fn *visit, void *data);
void tree_each_first(struct json_object *tree, size_t max,
		     tree_visit_fn *visit, void *data);

/* To be put; NULL when it is not there. */
struct json_object *tree_find(struct json_object *tree, const char *key);
size_t tree_count(struct json_object *tree);

/* As JSON for people: indented, with a newline at its end. */
void tree_print(FILE *out, struct json_object *tree);

/*
 * May put another value, which is given back, and another key in the place of a
 * member of @obj; true when it has.
 */
typedef bool tree_tell_fn(struct json_object *obj, const char **key,
			  struct json_object **val);
void tree_print_told(FILE *out, struct json_object *tree, tree_tell_fn *tell);
void tree_print_line(FILE *out, struct json_object *tree, tree_tell_fn *tell);

void tree_sort(struct json_object *list, const char *first, const char *then);
struct json_object *tree_sorted(struct json_object *records, const char *key);

#endif
