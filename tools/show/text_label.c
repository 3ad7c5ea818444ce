// SPDX-License-Identifier: GPL-2.0-only
/*
 * What several tables and sentences call a domain's devices, and how they mark
 * its numbers.
 */
#include <stdio.h>

#include "base/tree.h"
#include "read/names.h"
#include "text_label.h"

/* The first device, what it is called, and how many more there are. */
struct human text_devices(struct json_object *domain)
{
	struct json_object *devices = tree_get(domain, "devices");
	size_t nr = tree_length(devices);
	struct human out = { "-" };
	const char *bdf, *name;
	char more[24] = "";

	if (!nr)
		return out;
	bdf = json_object_get_string(tree_at(devices, 0)) ?: "-";
	name = names_device(domain, bdf);
	if (nr > 1)
		snprintf(more, sizeof(more), " +%zu", nr - 1);
	snprintf(out.s, sizeof(out.s), "%.31s%s%s%.48s", bdf, more,
		 name ? " " : "", name ?: "");
	return out;
}

/* In front of numbers that are known to be off. */
const char *text_about(struct json_object *domain)
{
	return tree_is(domain, "exact", "0") ? "~" : "";
}
