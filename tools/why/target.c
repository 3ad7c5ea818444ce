// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a question is about. A process has domains, a domain has devices, and
 * devices that share a table need to be looked at once. A number may be a
 * process and a domain at once: then it has to be said which is meant.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bdf.h"
#include "base/fail.h"
#include "read/names.h"
#include "refusals.h"
#include "target.h"
#include "base/tree.h"

static void target_add_domain(struct json_object *target, const char *id,
			      struct json_object *domain)
{
	struct json_object *devices = tree_get(domain, "devices");

	tree_append_word(tree_get(target, "domains"), id);
	for (size_t i = 0; i < tree_length(devices); i++) {
		struct json_object *device = tree_at(devices, i);

		if (!tree_lists(target, "devices",
				json_object_get_string(device)))
			tree_append(tree_get(target, "devices"),
				    json_object_get(device));
	}
	if (tree_get(target, "pid"))
		return;
	tree_share(target, domain, "pid");
	tree_share(target, domain, "comm");
	tree_share(target, domain, "pci");
	names_share(target, domain);
}

static struct json_object *target_new(const char *kind, const char *name)
{
	struct json_object *target = tree_new();

	tree_add_word(target, "kind", kind);
	tree_add_word(target, "name", name);
	tree_add(target, "domains", tree_new_list());
	tree_add(target, "devices", tree_new_list());
	return target;
}

static struct json_object *by_pid(struct json_object *snap, const char *name,
				  uint64_t pid)
{
	struct json_object *target = target_new("pid", name);

	tree_foreach(tree_get(snap, "domains"), id, domain)
		if (tree_u64_or_0(domain, "pid") == pid &&
		    !tree_is(domain, "backend", "none"))
			target_add_domain(target, id, domain);
	/* A start that was refused may have come to nothing. */
	if (tree_length(tree_get(target, "domains")) ||
	    refusals_has(snap, pid)) {
		tree_add_u64(target, "pid", pid);
		return target;
	}
	json_object_put(target);
	return NULL;
}

static struct json_object *by_domain(struct json_object *snap, const char *name)
{
	struct json_object *domain = tree_get(tree_get(snap, "domains"), name);
	struct json_object *target;

	if (!domain)
		return NULL;
	target = target_new("domain", name);
	target_add_domain(target, name, domain);
	return target;
}

static struct json_object *by_device(struct json_object *snap, const char *name)
{
	struct json_object *target = target_new("device", name);
	struct json_object *census = tree_get(snap, "census");

	/* Where nothing translates, the hardware names no device at all. */
	if (json_object_object_length(census) && !tree_get(census, name))
		fail(EXIT_USAGE, "%s: no such device (`iovascope census` lists them)",
		     name);
	tree_foreach(tree_get(snap, "domains"), id, domain)
		if (tree_lists(domain, "devices", name))
			target_add_domain(target, id, domain);
	tree_add(target, "devices", tree_new_list());
	tree_append_word(tree_get(target, "devices"), name);
	return target;
}

static uint64_t number_of(const char *word)
{
	uint64_t val;
	char *end;

	errno = 0;
	val = strtoull(word, &end, 10);
	if (errno || *end || *word < '0' || *word > '9')
		fail(EXIT_USAGE, "neither a PID nor a device nor a domain: '%s'",
		     word);
	return val;
}

static struct json_object *by_number(struct json_object *snap, const char *word)
{
	struct json_object *process = by_pid(snap, word, number_of(word));
	struct json_object *domain = by_domain(snap, word);

	if (process && domain)
		fail(EXIT_USAGE, "%s is a process and a domain: say pid:%s or domain:%s",
		     word, word, word);
	return process ?: domain;
}

struct json_object *target_none(const char *word)
{
	return target_new("pid", word);
}

struct json_object *target_try(struct json_object *snap, const char *word)
{
	char *device = bdf_of(word);
	struct json_object *target;

	if (!strncmp(word, "pid:", 4))
		target = by_pid(snap, word + 4, number_of(word + 4));
	else if (!strncmp(word, "domain:", 7))
		target = by_domain(snap, word + 7);
	else if (strchr(word, ':'))
		target = by_device(snap, device ?: word);
	else
		target = by_number(snap, word);
	free(device);
	/* Without VT-d there is nothing to have mapped with. */
	if (!target && !json_object_object_length(tree_get(snap, "units")))
		target = target_none(word);
	return target;
}

struct json_object *target_find(struct json_object *snap, const char *word)
{
	struct json_object *target = target_try(snap, word);

	if (!target)
		fail(EXIT_USAGE, "%s: nothing has a mapping by that name (`iovascope domains` lists what has)",
		     word);
	return target;
}

/* A process by its first domain, and a domain that no process is known of. */
static struct json_object *target_of_domain(struct json_object *snap,
					    struct json_object *seen,
					    const char *id,
					    struct json_object *domain)
{
	bool none = tree_is(domain, "backend", "none");
	const char *pid = tree_word(domain, "pid");
	uint64_t number;

	/* The host's own, or one that is older than the module. */
	if (none || !tree_u64(domain, "pid", &number))
		return none && !tree_is(domain, "type", "unmanaged") ? NULL :
		       by_domain(snap, id);
	if (tree_get(seen, pid))
		return NULL;
	tree_add_u64(seen, pid, number);
	return by_pid(snap, pid, number);
}

struct json_object *targets_all(struct json_object *snap)
{
	struct json_object *targets = tree_new_list(), *seen = tree_new();

	tree_foreach(tree_get(snap, "domains"), id, domain) {
		struct json_object *target = target_of_domain(snap, seen, id,
							      domain);

		if (target)
			tree_append(targets, target);
	}
	json_object_put(seen);
	return targets;
}

struct json_object *target_tables(struct json_object *snap,
				  struct json_object *target)
{
	struct json_object *devices = tree_get(target, "devices");
	struct json_object *census = tree_get(snap, "census");
	struct json_object *tables = tree_new();

	for (size_t i = 0; i < tree_length(devices); i++) {
		struct json_object *word = tree_at(devices, i);
		const char *device = json_object_get_string(word);
		struct json_object *record = tree_get(census, device);
		const char *table = tree_get(record, "table") ?
				    tree_word(record, "table") : device;

		if (!tree_get(tables, table))
			tree_add_word(tables, table, device);
	}
	return tables;
}
