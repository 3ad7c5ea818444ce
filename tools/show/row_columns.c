// SPDX-License-Identifier: GPL-2.0-only
/*
 * The columns of `domains`, `processes` and `inflight`, which `show` prints the
 * usual ones of. Every other key of a record is a column by its own name.
 */
#include <stdio.h>

#include "base/tree.h"
#include "read/names.h"
#include "rows.h"
#include "text_label.h"

/* In front of numbers that are known to be off. */
static struct human mapped(struct json_object *domain)
{
	struct human out;

	snprintf(out.s, sizeof(out.s), "%s%s", text_about(domain),
		 human_key(domain, "live_bytes", "bytes").s);
	return out;
}

/* Of the first of the domain's devices of which it is known. */
static struct human model(struct json_object *domain)
{
	struct json_object *devices = tree_get(domain, "devices");
	const char *bdf, *name = NULL;
	struct human out;

	for (size_t i = 0; !name && i < tree_length(devices); i++) {
		bdf = json_object_get_string(tree_at(devices, i));
		name = names_device(domain, bdf);
	}
	snprintf(out.s, sizeof(out.s), "%.100s", name ?: "-");
	return out;
}

static struct human numa(struct json_object *domain)
{
	struct json_object *devices = tree_get(domain, "devices");
	struct human out = { "-" };
	const char *bdf;

	for (size_t i = 0; i < tree_length(devices); i++) {
		bdf = json_object_get_string(tree_at(devices, i)) ?: "-";
		out = human_key(tree_get(tree_get(domain, "pci"), bdf),
				"numa_node", "");
		if (out.s[0] != '-')
			break;
	}
	return out;
}

static struct human pod(struct json_object *record)
{
	struct human out = { "-" };

	if (tree_get(record, "pod"))
		snprintf(out.s, sizeof(out.s), "%.60s/%.100s",
			 tree_word(record, "namespace"),
			 tree_word(record, "pod"));
	return out;
}

static struct human owner(struct json_object *process)
{
	struct human out = names_owner(process), whole;

	if (!tree_is(process, "alive", "0"))
		return out;
	snprintf(whole.s, sizeof(whole.s), "%.180s gone", out.s);
	return whole;
}

static struct human iova(struct json_object *call)
{
	struct human out;

	snprintf(out.s, sizeof(out.s), "0x%jx",
		 (uintmax_t)tree_u64_or_0(call, "iova"));
	return out;
}

/* Those of every record that has a process. */
const struct row_column owner_columns[] = {
	{ "PID", "pid", "", NULL, false, true },
	{ "COMM", "comm", NULL, NULL, false, true },
	{ "VM", "vm", NULL, NULL, false, true },
	{ "LIBVIRT", "libvirt", NULL, NULL, false, true },
	{ "POD", "pod", NULL, pod, false, true },
	{ "NAMESPACE", "namespace", NULL, NULL, false, false },
	{ "CONTAINER", "container", NULL, NULL, false, false },
	{ "SANDBOX", "sandbox", NULL, NULL, false, true },
	{ "UNIT", "unit", NULL, NULL, false, true },
	{ .name = NULL }
};

static const struct row_column domain_columns[] = {
	{ "DOMAIN", NULL, "", NULL, true, false },
	{ "OWNER", "comm", NULL, names_owner, true, false },
	{ "DEVICES", "devices", NULL, text_devices, true, true },
	{ "BACKEND", "backend", NULL, NULL, true, true },
	{ "MAPPED", "live_bytes", "bytes", mapped, true, false },
	{ "1G", "live_1g_bytes", "bytes", NULL, true, false },
	{ "2M", "live_2m_bytes", "bytes", NULL, true, false },
	{ "4K", "live_4k_bytes", "bytes", NULL, true, false },
	{ "MODEL", "pci", NULL, model, false, false },
	{ "NUMA", "pci", "", numa, false, false },
	{ "GROUP", "group", NULL, NULL, false, false },
	{ "TYPE", "type", NULL, NULL, false, false },
	{ "EXACT", "exact", "", NULL, false, false },
	{ "INEXACT", "inexact", NULL, NULL, false, false },
	{ .name = NULL }
};

static const struct row_column process_columns[] = {
	{ "PROCESS", "comm", NULL, owner, true, false },
	{ "ALL-TIME", "region_map_bytes", "bytes", NULL, true, false },
	{ "1G", "added_1g_leaves", "leaves", NULL, true, false },
	{ "2M", "added_2m_leaves", "leaves", NULL, true, false },
	{ "4K", "added_4k_leaves", "leaves", NULL, true, false },
	{ "MAP_DMA", "region_map_ns", "ns", NULL, true, false },
	{ "PIN", "pin_ns", "ns", NULL, true, false },
	{ "MAP", "map_ns", "ns", NULL, true, false },
	{ "TEARDOWN", "teardown_ns", "ns", NULL, true, false },
	{ "ID", NULL, "", NULL, false, false },
	{ "ALIVE", "alive", "", NULL, false, false },
	{ .name = NULL }
};

static const struct row_column inflight_columns[] = {
	{ "IN FLIGHT", NULL, "", NULL, true, false },
	{ "CALL", "op", NULL, NULL, true, true },
	{ "PROCESS", "comm", NULL, names_owner, true, false },
	{ "AGE", "age_ns", "ns", NULL, true, false },
	{ "IOVA", "iova", "", iova, true, false },
	{ "BYTES", "bytes", "bytes", NULL, true, false },
	{ .name = NULL }
};

const struct rows domain_rows = { "domains", domain_columns };
const struct rows process_rows = { "processes", process_columns };
const struct rows inflight_rows = { "inflight", inflight_columns };
