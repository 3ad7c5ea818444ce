// SPDX-License-Identifier: GPL-2.0-only
/*
 * A result of `bench`: the machine, and lists of rows. It is made here empty,
 * and read back from a file that `bench --json` wrote; everything that reads
 * one relies on the shape that is checked here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <cpuid.h>

#include "base/compiler.h"
#include "base/fail.h"
#include "base/system.h"
#include "base/tree.h"
#include "plan.h"
#include "result.h"

#define FORMAT		1
#define CPUID_HYPERVISOR	0x40000000
#define ECX_HYPERVISOR		BIT(31)

/* What the processor says it runs on; "" for hardware. */
static void hypervisor_name(char name[13])
{
	unsigned int eax, ebx, ecx, edx, regs[3];

	name[0] = '\0';
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & ECX_HYPERVISOR))
		return;
	__cpuid(CPUID_HYPERVISOR, eax, regs[0], regs[1], regs[2]);
	memcpy(name, regs, sizeof(regs));
	name[12] = '\0';
}

static struct json_object *machine_of(const struct plan *plan)
{
	struct json_object *machine = tree_new();
	struct utsname host;
	char name[13];

	uname(&host);
	hypervisor_name(name);
	tree_add_word(machine, "kernel", host.release);
	tree_add_word(machine, "hypervisor", name);
	tree_add_word(machine, "time", strcmp(name, "TCGTCGTCGTCG") ? "real" :
		      "emulated");
	tree_add_word(machine, "module", system_has("/sys/module/iovascope") ?
		      "loaded" : "absent");
	tree_add(machine, "devices", tree_new_list());
	for (size_t i = 0; i < plan->nr_devices; i++)
		tree_append_word(tree_get(machine, "devices"), plan->device[i]);
	return machine;
}

struct json_object *result_new(const struct plan *plan)
{
	struct json_object *view = tree_new();

	tree_add_u64(view, "bench", FORMAT);
	tree_add(view, "machine", machine_of(plan));
	tree_add_u64(view, "rounds", plan->rounds);
	tree_add(view, "first_touch", tree_new_list());
	tree_add(view, "rows", tree_new_list());
	tree_add(view, "slopes", tree_new_list());
	tree_add(view, "node", tree_new_list());
	tree_add(view, "refused", tree_new_list());
	return view;
}

static bool is_list_of_objects(struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < tree_length(list); i++)
		if (!json_object_is_type(tree_at(list, i),
					 json_type_object))
			return false;
	return true;
}

static bool is_result(struct json_object *view)
{
	static const char *const lists[] = {
		"first_touch", "rows", "slopes", "node", "refused"
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (!is_list_of_objects(tree_get(view, lists[i])))
			return false;
	return json_object_is_type(tree_get(view, "machine"), json_type_object) &&
	       (!tree_get(view, "times") ||
		is_list_of_objects(tree_get(view, "times")));
}

/* A run of `make bench`: results, each of a part of it on a kernel. */
static bool is_run(struct json_object *view)
{
	struct json_object *parts = tree_get(view, "parts");

	if (!is_list_of_objects(parts))
		return false;
	for (size_t i = 0; i < tree_length(parts); i++) {
		struct json_object *part = tree_at(parts, i);

		if (!tree_get(part, "kernel") || !tree_get(part, "part") ||
		    !is_result(tree_get(part, "result")))
			return false;
	}
	return true;
}

struct json_object *result_load(const char *path)
{
	struct json_object *view;
	FILE *file = fopen(path, "re");

	if (!file)
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	view = json_object_from_fd(fileno(file));
	fclose(file);
	if (!json_object_is_type(view, json_type_object))
		fail(EXIT_RUNTIME, "%s: not JSON, or not made by bench --json",
		     path);
	if (tree_u64_or_0(view, "bench") != FORMAT)
		fail(EXIT_FORMAT, "%s: unknown format: not made by bench --json of this version",
		     path);
	if (tree_get(view, "parts") ? !is_run(view) : !is_result(view))
		fail(EXIT_RUNTIME, "%s: broken: a part is missing", path);
	return view;
}

void result_refuse(struct json_object *view, const char *backing,
		   const char *backend, uint64_t bytes, const char *why)
{
	struct json_object *row = tree_new();

	if (backing)
		tree_add_word(row, "backing", backing);
	if (backend)
		tree_add_word(row, "backend", backend);
	if (bytes)
		tree_add_u64(row, "bytes", bytes);
	tree_add_word(row, "reason", why);
	tree_append(tree_get(view, "refused"), row);
}
