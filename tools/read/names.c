// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names for the numbers of the module's records. They are of this machine and
 * of now: a snapshot keeps those that it was taken with, and a PID has no name
 * when another process has got it since. A name that cannot be found is absent,
 * and the number stands alone.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/system.h"
#include "base/tree.h"
#include "device_name.h"
#include "names.h"
#include "process_name.h"

#define MAX_COMM	15
/* Of four bytes each they leave room for a number in a struct human. */
#define MAX_OWNER	40

/* Names of each process and device that has been looked at, which stay. */
static struct json_object *known(const char *key,
				 struct json_object *(*find)(uint64_t pid,
							     const char *bdf),
				 uint64_t pid, const char *bdf)
{
	static struct json_object *cache;

	if (!cache)
		cache = tree_new();
	if (!tree_get(cache, key))
		tree_add(cache, key, find(pid, bdf));
	return tree_get(cache, key);
}

static struct json_object *find_process(uint64_t pid, const char *bdf)
{
	(void)bdf;
	return process_name(pid);
}

static struct json_object *find_device(uint64_t pid, const char *bdf)
{
	(void)pid;
	return device_name(bdf);
}

static bool has_comm(struct json_object *record, uint64_t pid)
{
	char *comm = system_line("/proc/%ju/comm", (uintmax_t)pid);
	bool same = comm && tree_is(record, "comm", comm);

	free(comm);
	return same;
}

/*
 * Is it the process that the record is of? One that is as old as the record is
 * has had its PID ever since. Ticks are coarse: its own may be over only when
 * the record has begun. A call in flight has a task that is there.
 */
static bool is_same(struct json_object *record, uint64_t pid, uint64_t start)
{
	uint64_t ns;

	if (tree_u64(record, "start_ns", &ns))
		return process_ticks(ns) == start;
	if (tree_u64(record, "first_ns", &ns))
		return start <= process_ticks(ns);
	return tree_get(record, "age_ns") || has_comm(record, pid);
}

static void process_add(struct json_object *record)
{
	uint64_t pid = tree_u64_or_0(record, "pid"), start;
	char *key;

	start = pid ? process_start(pid) : 0;
	if (!start || tree_is(record, "alive", "0") ||
	    !is_same(record, pid, start))
		return;
	key = alloc_print("%ju %ju", (uintmax_t)pid, (uintmax_t)start);
	tree_foreach(known(key, find_process, pid, NULL), name, val)
		tree_add(record, name, json_object_get(val));
	free(key);
}

static void device_add(struct json_object *pci, const char *bdf)
{
	struct json_object *facts = known(bdf, find_device, 0, bdf);

	if (json_object_object_length(facts))
		tree_add(pci, bdf, json_object_get(facts));
}

static void devices_add(struct json_object *record, const char *id)
{
	struct json_object *devices = tree_get(record, "devices");
	struct json_object *pci = tree_new();

	for (size_t i = 0; i < tree_length(devices); i++)
		device_add(pci, json_object_get_string(tree_at(devices, i)));
	/* The records of a census are of devices. */
	if (!devices && strchr(id, ':'))
		device_add(pci, id);
	if (json_object_object_length(pci))
		tree_add(record, "pci", json_object_get(pci));
	json_object_put(pci);
}

void names_add_record(const char *id, struct json_object *record)
{
	process_add(record);
	devices_add(record, id);
}

void names_add(struct json_object *records)
{
	tree_foreach(records, id, record)
		names_add_record(id, record);
}

struct json_object *names_host(void)
{
	char *name = system_line("/proc/sys/kernel/hostname");
	struct json_object *host = tree_new();
	time_t now = time(NULL);
	char text[64];

	strftime(text, sizeof(text), "%F %T %z", localtime(&now));
	if (name)
		clean_word(name);
	tree_add_word(host, "name", name ?: "-");
	tree_add_word(host, "time", text);
	free(name);
	return host;
}

void names_share(struct json_object *to, struct json_object *from)
{
	static const char *const keys[] = {
		"vm", "libvirt", "sandbox", "pod", "namespace", "container",
		"pod_uid", "container_id", "unit", NULL
	};

	for (const char *const *key = keys; *key; key++)
		tree_share(to, from, *key);
}

static char *owner_name(struct json_object *record)
{
	const char *comm = tree_word(record, "comm");

	if (tree_get(record, "vm"))
		return alloc_copy(tree_word(record, "vm"));
	if (tree_get(record, "pod"))
		return alloc_print("%s/%s", tree_word(record, "namespace"),
				   tree_word(record, "pod"));
	return alloc_print("%.*s", (int)clean_len(comm, MAX_COMM), comm);
}

/* The kernel's names have 15 bytes, but those of a foreign file any number. */
struct human names_owner(struct json_object *record)
{
	struct human out = { "-" };
	char *name;

	if (!tree_u64_or_0(record, "pid"))
		return out;
	name = owner_name(record);
	snprintf(out.s, sizeof(out.s), "%.*s (%ju)",
		 (int)clean_len(name, MAX_OWNER), name,
		 (uintmax_t)tree_u64_or_0(record, "pid"));
	free(name);
	clean_word(out.s);
	return out;
}

struct human names_comm(struct json_object *record)
{
	const char *comm = tree_word(record, "comm");
	struct human out;

	snprintf(out.s, sizeof(out.s), "%.*s",
		 (int)clean_len(comm, MAX_OWNER), comm);
	clean_word(out.s);
	return out;
}

const char *names_device(struct json_object *record, const char *bdf)
{
	struct json_object *pci = bdf ? tree_get(tree_get(record, "pci"), bdf) :
				  NULL;

	return tree_get(pci, "name") ? tree_word(pci, "name") : NULL;
}
