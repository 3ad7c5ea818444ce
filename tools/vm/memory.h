/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VM_MEMORY_H
#define IOVASCOPE_VM_MEMORY_H

struct json_object;
struct request;

/*
 * The same of a snapshot that has its own `domains` and `processes`, with a
 * `census` where what is in the IO page tables is to be told. NULL when it
 * cannot be made: the process is gone. Not to be called inside fail_survive().
 */
struct json_object *memory_bill(struct json_object *snap, const char *debugfs,
				const char *pid);

/* `memory`: the memory bill of a process, as an answer. */
struct json_object *read_memory(const struct request *request);

#endif
