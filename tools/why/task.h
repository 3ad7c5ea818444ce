/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TASK_H
#define IOVASCOPE_TASK_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

#define TASK_UNLIMITED	UINT64_MAX

/* Mappings of at least so much that can be written are a VM's memory. */
#define TASK_MEMORY_LEAST	(64ull << 20)

/**
 * struct task - what /proc tells of a process
 * @pid: its number in the namespace of who asks
 * @comm: its name
 * @memory_bytes: its mappings that are large enough to be a VM's memory
 * @locked_bytes: what is held against its limit: mlock(), and type1's pins
 * @pinned_bytes: what iommufd has pinned for it
 * @table_bytes: the page tables by which the CPU sees its memory
 * @limit_bytes: RLIMIT_MEMLOCK, or TASK_UNLIMITED
 * @ipc_lock: it has CAP_IPC_LOCK, so the limit of type1 does not hold
 * @has_limit: @limit_bytes is known
 * @mems: the NUMA nodes that it may allocate on, as a list of the kernel's
 */
struct task {
	uint64_t pid;
	char comm[32];
	uint64_t memory_bytes;
	uint64_t locked_bytes;
	uint64_t pinned_bytes;
	uint64_t table_bytes;
	uint64_t limit_bytes;
	bool ipc_lock;
	bool has_limit;
	char mems[128];
};

/* Ends the program when there is no such process. */
void task_read(uint64_t pid, struct task *task);

/* Its facts as JSON: to be freed. */
struct json_object *task_told(const struct task *task);

/* Is a mapping of a process a device's, a BAR or a ring, and no memory? */
bool task_maps_device(const char *name);

/* By how much it is over its limit when all its memory is pinned @times. */
uint64_t task_over_limit(const struct task *task, unsigned int times);

/* Is the node in a list of the kernel's, like 0-1,4? True of an empty one. */
bool task_may_use(const struct task *task, unsigned int node);

/* "soft" and "hard" of "Max locked memory" in /proc/@pid/limits; or false. */
bool task_limits(const char *pid, char soft[32], char hard[32]);

/* Do we see the processes of the whole machine, or those of a container? */
bool task_sees_host(void);

#endif
