// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views as JSON. The module's grammar has no type for yes and no, nor for a
 * list of numbers; JSON has, and who reads it should not have to know the
 * module's. What is a boolean is known by its key, as what is a list is.
 *
 * It is told while it is printed: the view shares its records with the snapshot,
 * which goes on, and has too many for a copy.
 *
 * `snapshot` is not printed by this: it is a file that is read again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "json.h"

static const char *const booleans[] = {
	"able", "alive", "alone", "baseline", "blocks", "dma_api", "exact",
	"exec_seen", "exit_seen",
	"first_1g", "first_2m", "fix_needed", "fixable", "intel_iommu",
	"ipc_lock", "made", "matters", "present", "private", "readable",
	"required", "second_1g", "second_2m", "translation", "unverified",
	NULL
};

static bool is_boolean(const char *key, struct json_object *val)
{
	const char *const *name = booleans;

	if (!json_object_is_type(val, json_type_int) ||
	    json_object_get_uint64(val) > 1)
		return false;
	while (*name && strcmp(*name, key))
		name++;
	return *name;
}

/* "17,18" of a domain; "-" and the like are no group. */
static struct json_object *numbers_of(const char *joined)
{
	struct json_object *list = tree_new_list();
	char *copy = alloc_copy(joined), *rest = copy, *item, *end;
	uint64_t nr;

	while ((item = strsep(&rest, ","))) {
		nr = strtoull(item, &end, 10);
		if (end > item && !*end)
			tree_append(list, json_object_new_uint64(nr));
	}
	free(copy);
	return list;
}

static bool member_tell(struct json_object *obj, const char **key,
			struct json_object **val)
{
	if (is_boolean(*key, *val)) {
		*val = json_object_new_boolean(json_object_get_uint64(*val));
		return true;
	}
	if (strcmp(*key, "group") || !tree_get(obj, "devices"))
		return false;
	*key = "groups";
	*val = numbers_of(json_object_get_string(*val) ?: "");
	return true;
}

void text_json(FILE *out, struct json_object *view, struct json_object *schema)
{
	(void)schema;
	tree_print_told(out, view, member_tell);
}

void text_json_line(FILE *out, struct json_object *view,
		    struct json_object *schema)
{
	(void)schema;
	tree_print_line(out, view, member_tell);
}
