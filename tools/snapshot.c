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
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "keyed.h"
#include "snapshot.h"
#include "tree.h"

#define FORMAT	1

static const struct {
	const char *name;
	bool nested;
} sections[] = {
	{ "info", false },
	{ "schema", true },
	{ "counters", false },
	{ "errors", true },
	{ "hist", true },
	{ "domains", true },
	{ "processes", true },
	{ "inflight", true },
	{ "probes", true },
};

static const char *const words[] = {
	"version", "kernel", "note", "comm", "group", "help", "symbol",
	"module", NULL
};

static const char *const lists[] = {
	"devices", "inexact", "feeds", "in", NULL
};

static bool is_in(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

static struct json_object *new_list(const char *joined)
{
	struct json_object *list = json_object_new_array();
	char *copy = strdup(joined);
	char *rest = copy, *item;

	if (!list || !copy)
		fail(EXIT_RUNTIME, "out of memory");
	while ((item = strsep(&rest, ",")))
		if (*item)
			json_object_array_add(list,
					      json_object_new_string(item));
	free(copy);
	return list;
}

static void type_values(struct json_object *record)
{
	json_object_object_foreach(record, key, val) {
		/* The value is gone when its successor is added. */
		const char *word = json_object_get_string(val) ?: "";

		if (is_in(lists, key))
			tree_add(record, key, new_list(word));
		else if (is_in(words, key))
			tree_add(record, key, json_object_new_string(word));
	}
}

/* Is every member an object (nested) or none (flat)? */
static bool shape_ok(struct json_object *section, bool nested)
{
	if (!json_object_is_type(section, json_type_object))
		return false;
	json_object_object_foreach(section, name, val) {
		(void)name;
		if (!val || json_object_is_type(val, json_type_object) != nested)
			return false;
	}
	return true;
}

static void type_section(struct json_object *section, bool nested)
{
	if (!nested) {
		type_values(section);
		return;
	}
	json_object_object_foreach(section, name, record) {
		(void)name;
		type_values(record);
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

static struct json_object *section_read(const char *dir, size_t nr)
{
	struct json_object *section;
	char *path;
	int err;

	if (asprintf(&path, "%s/%s", dir, sections[nr].name) < 0)
		fail(EXIT_RUNTIME, "out of memory");
	err = keyed_read(path, &section);
	if (!err && !shape_ok(section, sections[nr].nested))
		err = -EBADMSG;
	if (err)
		fail_read(err, dir, path, sections[nr].name);
	free(path);
	type_section(section, sections[nr].nested);
	return section;
}

/* Where debugfs is mounted, as getmntent() undid its escapes. */
static char *find_dir(void)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent *mnt;
	char *dir = NULL;

	if (!mounts)
		fail(EXIT_RUNTIME, "/proc/mounts: %s", strerror(errno));
	while (!dir && (mnt = getmntent(mounts)))
		if (!strcmp(mnt->mnt_type, "debugfs") &&
		    asprintf(&dir, "%s/iovascope", mnt->mnt_dir) < 0)
			fail(EXIT_RUNTIME, "out of memory");
	endmntent(mounts);
	if (!dir)
		fail(EXIT_ABSENT, "debugfs is not mounted: %s",
		     "mount -t debugfs none /sys/kernel/debug");
	return dir;
}

struct json_object *snapshot_read(const char *dir, unsigned int wanted)
{
	struct json_object *snap = tree_new();
	char *found = dir ? NULL : find_dir();
	size_t nr;

	/* Every command needs to know whom it talks to, and the units. */
	wanted |= SECTION_INFO | SECTION_SCHEMA;
	tree_add_u64(snap, "format", FORMAT);
	for (nr = 0; nr < ARRAY_SIZE(sections); nr++)
		if (wanted & 1u << nr)
			tree_add(snap, sections[nr].name,
				 section_read(dir ?: found, nr));
	free(found);
	return snap;
}

/* What `iovascope snapshot` wrote. */
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
		if (!shape_ok(tree_get(snap, sections[nr].name),
			      sections[nr].nested))
			fail(EXIT_RUNTIME, "%s: broken section: %s", path,
			     sections[nr].name);
	return snap;
}
