// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is in the way of a group: the process that has it open, and the devices
 * that share it, with their drivers. As it is now; what was then is not kept
 * by anybody.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/system.h"
#include "base/tree.h"
#include "holder.h"

/* What a link points to, to be freed; NULL when it is none. */
static char *link_of(const char *path)
{
	char target[256];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return NULL;
	target[len] = '\0';
	return alloc_copy(target);
}

#define DEV_VFIO	"/dev/vfio/"
/* What was seen that long ago, within one answer, is not looked up again. */
#define SEEN_NS		1000000000ll

static bool links_to(const char *dir, const char *name, const char *wanted)
{
	char *path = alloc_print("%s/%s", dir, name);
	char *target = link_of(path);
	bool same = target && !strcmp(target, wanted);

	free(target);
	free(path);
	return same;
}

static bool has_open(const char *pid, const char *wanted)
{
	char *path = alloc_print("/proc/%s/fd", pid);
	char *full = system_path(path);
	DIR *dir = opendir(full);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = links_to(full, entry->d_name, wanted);
	if (dir)
		closedir(dir);
	free(full);
	free(path);
	return found;
}

bool holder_is(const char *name, uint64_t pid)
{
	char *wanted = alloc_print(DEV_VFIO "%s", name);
	char *word = alloc_print("%ju", (uintmax_t)pid);
	bool found = has_open(word, wanted);

	free(word);
	free(wanted);
	return found;
}

static void set_comm(struct holder *holder)
{
	char *comm = system_line("/proc/%ju/comm", (uintmax_t)holder->pid);

	snprintf(holder->comm, sizeof(holder->comm), "%s", comm ?: "?");
	free(comm);
}

/* Of the files of VFIO's that a process has open, those that nobody has yet. */
static void seen_add(struct json_object *seen, const char *pid)
{
	char *path = alloc_print("/proc/%s/fd", pid);
	char *full = system_path(path);
	DIR *dir = opendir(full);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *link = alloc_print("%s/%s", full, entry->d_name);
		char *target = link_of(link);

		if (target && !strncmp(target, DEV_VFIO, strlen(DEV_VFIO)) &&
		    !tree_get(seen, target))
			tree_add_word(seen, target, pid);
		free(target);
		free(link);
	}
	if (dir)
		closedir(dir);
	free(full);
	free(path);
}

static struct json_object *see_all(void)
{
	struct json_object *seen = tree_new();
	char *path = system_path("/proc");
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strtoull(entry->d_name, NULL, 10))
			seen_add(seen, entry->d_name);
	if (dir)
		closedir(dir);
	free(path);
	return seen;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/*
 * The files of VFIO's that are open, each with a process. All processes are
 * looked at for that, so that it is not done for each of many refusals; who
 * asks again and again, as `top` does, is not told what is over.
 */
static struct json_object *files_open(void)
{
	static struct json_object *seen;
	static int64_t seen_ns;

	if (seen && now_ns() - seen_ns < SEEN_NS)
		return seen;
	json_object_put(seen);
	seen = see_all();
	seen_ns = now_ns();
	return seen;
}

bool holder_find(const char *name, struct holder *holder)
{
	char *wanted = alloc_print(DEV_VFIO "%s", name);
	struct json_object *files = files_open();
	bool found = tree_get(files, wanted);

	if (found) {
		holder->pid = strtoull(tree_word(files, wanted), NULL, 10);
		set_comm(holder);
	}
	free(wanted);
	return found;
}

static void add_member(struct json_object *members, const char *dir,
		       const char *device)
{
	char *path = alloc_print("%s/%s/driver", dir, device);
	char *driver = link_of(path), *name;

	name = driver ? strrchr(driver, '/') : NULL;
	tree_add_word(members, device, name ? name + 1 : "none");
	free(driver);
	free(path);
}

struct json_object *holder_members(const char *group)
{
	char *path = alloc_print("/sys/kernel/iommu_groups/%s/devices", group);
	struct json_object *members = tree_new();
	char *full = system_path(path);
	DIR *dir = opendir(full);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			add_member(members, full, entry->d_name);
	if (dir)
		closedir(dir);
	free(full);
	free(path);
	return members;
}
