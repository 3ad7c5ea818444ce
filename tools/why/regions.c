// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's regions are one list, of all domains; who asks of hundreds of VMs
 * asks for those of each. So they are sorted by domain the first time, and a
 * process that has mapped many is looked up in /proc once.
 */
#include "base/tree.h"
#include "read/process_name.h"
#include "regions.h"

#define BY_DOMAIN "regions by domain"

static struct json_object *sort_out(struct json_object *regions)
{
	struct json_object *all = tree_new();

	tree_foreach(regions, id, region) {
		const char *domain = tree_word(region, "domain");

		(void)id;
		if (!tree_get(all, domain))
			tree_add(all, domain, tree_new_list());
		tree_append(tree_get(all, domain), json_object_get(region));
	}
	return all;
}

struct json_object *regions_of(struct json_object *snap, const char *domain)
{
	if (!tree_get(snap, BY_DOMAIN))
		tree_add(snap, BY_DOMAIN,
			 sort_out(tree_get(snap, "regions")));
	return tree_get(tree_get(snap, BY_DOMAIN), domain);
}

bool region_is_owned(struct json_object *region, struct mapper *mapper)
{
	uint64_t pid = tree_u64_or_0(region, "pid");
	uint64_t start_ns = tree_u64_or_0(region, "start_ns");

	if (mapper->pid != pid || mapper->start_ns != start_ns)
		*mapper = (struct mapper){
			pid, start_ns, process_is(pid, start_ns)
		};
	return mapper->lives;
}
