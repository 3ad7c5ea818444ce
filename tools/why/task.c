// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /proc tells of the process that has, or will have, the devices: how much
 * memory it has, what is locked of it, and how much more may be. All of it is
 * there before any module is loaded.
 *
 * Which mappings are a VM's memory nothing says. They are the large ones that
 * can be written: heaps of threads are smaller and mostly PROT_NONE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/system.h"
#include "base/tree.h"
#include "task.h"

#define CAP_IPC_LOCK	14

/* Of the first PID namespace: PROC_PID_INIT_INO, which is part of the ABI. */
#define FIRST_NAMESPACE	"pid:[4026531836]"

bool task_maps_device(const char *name)
{
	return !strncmp(name, "anon_inode:", 11) ||
	       !strncmp(name, "/dev/vfio/", 10);
}

bool task_limits(const char *pid, char soft[32], char hard[32])
{
	FILE *limits = system_open("/proc/%s/limits", pid);
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	while (limits && !found && getline(&line, &size, limits) > 0)
		found = sscanf(line, "Max locked memory %31s %31s", soft,
			       hard) == 2;
	free(line);
	if (limits)
		fclose(limits);
	return found;
}

static void limit_read(struct task *task)
{
	char pid[32], soft[32], hard[32];

	snprintf(pid, sizeof(pid), "%ju", (uintmax_t)task->pid);
	task->has_limit = task_limits(pid, soft, hard);
	if (task->has_limit)
		task->limit_bytes = *soft == 'u' ? TASK_UNLIMITED :
				    strtoull(soft, NULL, 10);
}

static void status_take(struct task *task, const char *line)
{
	uintmax_t val;

	if (sscanf(line, "VmLck: %ju kB", &val) == 1)
		task->locked_bytes = val << 10;
	else if (sscanf(line, "VmPin: %ju kB", &val) == 1)
		task->pinned_bytes = val << 10;
	else if (sscanf(line, "VmPTE: %ju kB", &val) == 1)
		task->table_bytes = val << 10;
	else if (sscanf(line, "CapEff: %jx", &val) == 1)
		task->ipc_lock = val >> CAP_IPC_LOCK & 1;
	else
		sscanf(line, "Mems_allowed_list: %127s", task->mems);
}

static bool status_read(struct task *task)
{
	FILE *status = system_open("/proc/%ju/status", (uintmax_t)task->pid);
	char *line = NULL;
	size_t size = 0;

	if (!status)
		return false;
	while (getline(&line, &size, status) > 0)
		status_take(task, line);
	free(line);
	fclose(status);
	return true;
}

static void memory_read(struct task *task)
{
	FILE *maps = system_open("/proc/%ju/maps", (uintmax_t)task->pid);
	uintmax_t start, end;
	char *line = NULL, perms[8], name[64];
	size_t size = 0;

	while (maps && getline(&line, &size, maps) > 0) {
		*name = '\0';
		if (sscanf(line, "%jx-%jx %7s %*s %*s %*s %63s", &start, &end,
			   perms, name) >= 3 && end > start &&
		    perms[1] == 'w' && !task_maps_device(name) &&
		    end - start >= TASK_MEMORY_LEAST)
			task->memory_bytes += end - start;
	}
	free(line);
	if (maps)
		fclose(maps);
}

void task_read(uint64_t pid, struct task *task)
{
	char *comm = system_line("/proc/%ju/comm", (uintmax_t)pid);

	*task = (struct task){ .pid = pid };
	snprintf(task->comm, sizeof(task->comm), "%s", comm ?: "?");
	free(comm);
	if (!status_read(task))
		fail(EXIT_USAGE, "%ju: no such process%s", (uintmax_t)pid,
		     task_sees_host() ? "" :
		     " in this container's PID namespace");
	limit_read(task);
	memory_read(task);
}

struct json_object *task_told(const struct task *task)
{
	struct json_object *told = tree_new();

	tree_add_u64(told, "pid", task->pid);
	tree_add_word(told, "comm", task->comm);
	tree_add_u64(told, "memory_bytes", task->memory_bytes);
	tree_add_u64(told, "locked_bytes", task->locked_bytes);
	tree_add_u64(told, "pinned_bytes", task->pinned_bytes);
	tree_add_u64(told, "ipc_lock", task->ipc_lock);
	if (task->has_limit && task->limit_bytes == TASK_UNLIMITED)
		tree_add_word(told, "limit_bytes", "unlimited");
	else if (task->has_limit)
		tree_add_u64(told, "limit_bytes", task->limit_bytes);
	if (*task->mems)
		tree_add_word(told, "nodes_allowed", task->mems);
	return told;
}

uint64_t task_over_limit(const struct task *task, unsigned int times)
{
	uint64_t needed = task->memory_bytes * times;

	if (!task->has_limit || task->ipc_lock || needed <= task->limit_bytes)
		return 0;
	return needed - task->limit_bytes;
}

bool task_may_use(const struct task *task, unsigned int node)
{
	const char *at = task->mems;
	unsigned int first, last;
	int len;

	while (*at) {
		if (sscanf(at, "%u%n", &first, &len) != 1)
			return true;
		last = first;
		at += len;
		if (sscanf(at, "-%u%n", &last, &len) == 1)
			at += len;
		if (node >= first && node <= last)
			return true;
		at += *at == ',';
	}
	return !*task->mems;
}

bool task_sees_host(void)
{
	char *name = system_link("/proc/self/ns/pid");
	bool first = !name || !strcmp(name, FIRST_NAMESPACE);

	free(name);
	return first;
}
