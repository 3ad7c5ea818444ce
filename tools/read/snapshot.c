// SPDX-License-Identifier: GPL-2.0-only
/*
 * One reading of the module's files as one JSON tree:
 *
 *	{ "format": 1, "info": {..}, "schema": {..}, "counters": {..}, .. }
 *
 * Each member is one file, read by keyed_read() and typed: the grammar cannot
 * tell a process called 123 from the number, but the key can. Everything
 * behind this file relies on the shape checked here: a flat section holds
 * values, a nested one objects of values. Which keys there are is for the
 * module to say.
 *
 * The files are read one after another, not frozen together: a call that
 * returns in between is in the later file only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/progress.h"
#include "base/system.h"
#include "base/tree.h"
#include "debugfs.h"
#include "keyed.h"
#include "names.h"
#include "packed.h"
#include "records.h"
#include "snapshot.h"

#define FORMAT	1

/* @list: a key that has a list in this section and a number in another. */
static const struct section_type {
	const char *name;
	bool flat;
	const char *list;
} sections[] = {
	{ .name = "info", .flat = true },
	{ .name = "schema" },
	{ .name = "counters", .flat = true },
	{ .name = "errors" },
	{ .name = "hist" },
	{ .name = "domains" },
	{ .name = "processes" },
	{ .name = "inflight" },
	{ .name = "probes" },
	{ .name = "units", .list = "levels" },
	{ .name = "census" },
	{ .name = "check" },
	{ .name = "refusals" },
	{ .name = "refused" },
	{ .name = "regions" },
};

/* Of one device, so a section of no snapshot. */
static const struct section_type runs_type = { .name = "runs" };

static const char *const words[] = {
	"version", "kernel", "note", "comm", "group", "help", "symbol",
	"module", "target", "device", NULL
};

static const char *const lists[] = {
	"devices", "inexact", "feeds", "in", NULL
};

static bool is_in(const char *const *names, const char *name)
{
	/* It is asked for every key of every record. */
	while (*names && (**names != *name || strcmp(*names, name)))
		names++;
	return *names;
}

static struct json_object *list_of(const char *joined)
{
	struct json_object *list = tree_new_list();
	char *copy = alloc_copy(joined);
	char *rest = copy, *item;

	while ((item = strsep(&rest, ",")))
		if (*item)
			tree_append_word(list, item);
	free(copy);
	return list;
}

static const char *word_of(struct json_object *val)
{
	return json_object_get_string(val) ?: "";
}

static void type_values(const struct section_type *type,
			struct json_object *record)
{
	/* Of a number no text is made that nobody wants: most are numbers. */
	tree_foreach(record, key, val)
		if (is_in(lists, key) || (type->list && !strcmp(type->list, key)))
			tree_add(record, key, list_of(word_of(val)));
		else if (is_in(words, key) &&
			 !json_object_is_type(val, json_type_string))
			tree_add_word(record, key, word_of(val));
}

/* Is every member an object (nested) or none (flat)? */
static bool shape_ok(const struct section_type *type,
		     struct json_object *section)
{
	if (!json_object_is_type(section, json_type_object))
		return false;
	tree_foreach(section, name, val) {
		(void)name;
		if (!val ||
		    json_object_is_type(val, json_type_object) == type->flat)
			return false;
	}
	return true;
}

static void type_section(const struct section_type *type,
			 struct json_object *section)
{
	if (type->flat) {
		type_values(type, section);
		return;
	}
	tree_foreach(section, name, record) {
		(void)name;
		type_values(type, record);
	}
}

static void fail_absent(const char *dir, const char *path, const char *name)
{
	if (access(dir, F_OK) || !strcmp(name, "info"))
		fail(EXIT_ABSENT,
		     "%s: not there: load the module (modprobe iovascope)",
		     path);
	fail(EXIT_RUNTIME, "%s: not there: the module is of another version",
	     path);
}

static void fail_read(int err, const char *dir, const char *path,
		      const char *name)
{
	switch (err) {
	case -ENOENT:
		fail_absent(dir, path, name);
		break;
	case -EACCES:
	case -EPERM:
		fail(EXIT_DENIED, "%s: permission denied: run as root", path);
	case -EPROTO:
		fail(EXIT_FORMAT,
		     "%s: unknown format: tool (%s) and module do not match",
		     path, VERSION);
	case -EBADMSG:
		fail(EXIT_RUNTIME, "%s: broken: cut, or not a file of iovascope",
		     path);
	}
	fail(EXIT_RUNTIME, "%s: %s", path, strerror(-err));
}

/* One section, and whether it is of this machine and of now. */
struct section_reader {
	const struct section_type *type;
	bool live;
	struct packed *packed;
};

static struct json_object *section_parse(const struct section_reader *reader,
					 const char *path,
					 const struct keyed_part *part, int *err)
{
	struct json_object *section = NULL;

	*err = keyed_read_part(path, part, &section);
	if (!*err && !shape_ok(reader->type, section))
		*err = -EBADMSG;
	if (*err) {
		json_object_put(section);
		return NULL;
	}
	type_section(reader->type, section);
	if (reader->live)
		names_add(section);
	return section;
}

static int record_pack(const char *name, struct json_object *record, void *data)
{
	const struct section_reader *reader = data;
	int ret = -EBADMSG;

	if (json_object_is_type(record, json_type_object)) {
		type_values(reader->type, record);
		if (reader->live)
			names_add_record(name, record);
		packed_add(reader->packed, name, record);
		ret = 0;
	}
	json_object_put(record);
	return ret;
}

static struct json_object *section_pack(struct section_reader *reader,
					const char *path,
					const struct keyed_part *part, int *err)
{
	reader->packed = packed_new();
	*err = keyed_each(path, part, record_pack, reader);
	if (!*err)
		return records_tree(reader->packed);
	packed_free(reader->packed);
	return NULL;
}

static void section_add(struct json_object *snap, const char *dir, size_t nr,
			const struct snapshot_many *many, bool wanted,
			bool live)
{
	struct section_reader reader = { .type = &sections[nr], .live = live };
	char *path = alloc_print("%s/%s", dir, sections[nr].name);
	struct keyed_part part = { 0 };
	struct json_object *section;
	int err;

	if (many && BIT(nr) & SECTION_MANY)
		part.keys = many->keys;

	progress_say("reading %s", sections[nr].name);
	if (many && many->packed && BIT(nr) & SECTION_PACKED)
		section = section_pack(&reader, path, &part, &err);
	else
		section = section_parse(&reader, path, &part, &err);
	if (!err)
		tree_add(snap, sections[nr].name, section);
	else if (wanted || err != -ENOENT)
		fail_read(err, dir, path, sections[nr].name);
	free(path);
}

void snapshot_add_many(struct json_object *snap, const char *dir,
		       unsigned int wanted, unsigned int welcome,
		       const struct snapshot_many *many)
{
	char *found = dir ? NULL : debugfs_find();
	size_t nr;

	for (nr = 0; nr < ARRAY_SIZE(sections); nr++)
		if ((wanted | welcome) & BIT(nr))
			section_add(snap, dir ?: found, nr,
				    many, wanted & BIT(nr), !dir);
	free(found);
}

void snapshot_add(struct json_object *snap, const char *dir,
		  unsigned int wanted, unsigned int welcome)
{
	snapshot_add_many(snap, dir, wanted, welcome, NULL);
}

bool snapshot_is_there(const char *dir)
{
	char *info;
	bool found;

	if (!dir)
		return debugfs_has_module();
	info = alloc_print("%s/info", dir);
	found = !access(info, R_OK);
	free(info);
	return found;
}

struct json_object *snapshot_read_many(const char *dir,
				       unsigned int sections_wanted,
				       const struct snapshot_many *many)
{
	struct json_object *snap = tree_new();

	tree_add_u64(snap, "format", FORMAT);
	if (!dir)
		tree_add(snap, "host", names_host());
	/* Every command needs to know whom it talks to, and the units. */
	snapshot_add_many(snap, dir,
			  SECTION_INFO | SECTION_SCHEMA | sections_wanted, 0,
			  many);
	return snap;
}

struct json_object *snapshot_read(const char *dir, unsigned int sections_wanted)
{
	return snapshot_read_many(dir, sections_wanted, NULL);
}

/* One run, handed to whoever reads them. */
struct run_reader {
	keyed_fn *fn;
	void *data;
};

static int run_typed(const char *iova, struct json_object *run, void *data)
{
	struct run_reader *reader = data;

	if (!json_object_is_type(run, json_type_object)) {
		json_object_put(run);
		return -EBADMSG;
	}
	type_values(&runs_type, run);
	return reader->fn(iova, run, reader->data);
}

static void fail_runs(int err, const char *dir, const char *path,
		      const char *device, uint64_t from)
{
	char *devices = alloc_print("%s/devices", dir);

	if (err == -ENOENT && !access(devices, F_OK))
		fail(EXIT_RUNTIME,
		     "%s: no such device (`iovascope census` lists them)",
		     device);
	if (err == -EINVAL)
		fail(EXIT_USAGE, "0x%jx is beyond every page table",
		     (uintmax_t)from);
	fail_read(err, dir, path, runs_type.name);
}

void snapshot_each_run(const char *dir, const char *device,
		       const struct keyed_part *part, keyed_fn *fn, void *data)
{
	char *found = dir ? NULL : debugfs_find();
	char *path = alloc_print("%s/devices/%s/runs", dir ?: found, device);
	struct run_reader reader = { fn, data };
	int err;

	err = keyed_each(path, part, run_typed, &reader);
	if (err)
		fail_runs(err, dir ?: found, path, device, part->from);
	free(path);
	free(found);
}

bool snapshot_lost_device(const char *dir, const char *device)
{
	char *found = dir ? NULL : debugfs_find();
	char *devices = alloc_print("%s/devices", dir ?: found);
	char *path = alloc_print("%s/%s/runs", devices, device);
	bool lost = !access(devices, F_OK) && access(path, F_OK) &&
		    errno == ENOENT;

	free(path);
	free(devices);
	free(found);
	return lost;
}

struct runs_chosen {
	struct packed *packed;
	struct json_object *snap;
	uint64_t from;
	uint64_t count;
};

/* The first @count runs that do not end before @from, and where to go on. */
static int run_choose(const char *iova, struct json_object *run, void *data)
{
	struct runs_chosen *chosen = data;
	uint64_t last;
	bool enough = false;

	if (!tree_u64(run, "last", &last) || last >= chosen->from) {
		enough = !chosen->count--;
		if (enough)
			tree_add_u64(chosen->snap, "next",
				     strtoull(iova, NULL, 0));
		else
			packed_add(chosen->packed, iova, run);
	}
	json_object_put(run);
	return enough;
}

static void runs_each(void *packed, size_t max, tree_visit_fn *visit,
		      void *data)
{
	packed_each(packed, max, visit, data);
}

static void runs_done(void *packed)
{
	packed_free(packed);
}

/* There may be a million: nobody looks for one, or has them in another order. */
static const struct tree_maker runs_maker = {
	.each = runs_each,
	.done = runs_done,
};

struct json_object *snapshot_runs(const char *dir, const char *device,
				  uint64_t from, uint64_t count)
{
	struct json_object *snap = snapshot_read(dir, 0);
	struct keyed_part part = { .from = from };
	struct runs_chosen chosen = { packed_new(), snap, from, count };

	tree_add_word(snap, "device", device);
	snapshot_each_run(dir, device, &part, run_choose, &chosen);
	tree_add(snap, "runs", tree_made(tree_new(), &runs_maker,
					 chosen.packed));
	return snap;
}

/* The sections behind those that every module has may be absent. */
static bool may_be(struct json_object *snap, size_t nr)
{
	struct json_object *section = tree_get(snap, sections[nr].name);

	if (!section && !(SECTION_ALL & BIT(nr)))
		return true;
	return shape_ok(&sections[nr], section);
}

/* What `iovascope snapshot` wrote. This machine is no part of it. */
struct json_object *snapshot_load(const char *path)
{
	struct json_object *snap;
	size_t nr;

	if (access(path, R_OK))
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	snap = json_object_from_file(path);
	if (!json_object_is_type(snap, json_type_object))
		fail(EXIT_RUNTIME, "%s: not JSON of `iovascope snapshot`",
		     path);
	if (tree_u64_or_0(snap, "format") != FORMAT)
		fail(EXIT_FORMAT, "%s: unknown format", path);
	for (nr = 0; nr < ARRAY_SIZE(sections); nr++)
		if (!may_be(snap, nr))
			fail(EXIT_RUNTIME, "%s: broken section: %s", path,
			     sections[nr].name);
	system_leave();
	return snap;
}
