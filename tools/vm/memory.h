/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VM_MEMORY_H
#define IOVASCOPE_VM_MEMORY_H

struct json_object;
struct request;

/* `memory`: the memory bill of a process, as an answer. */
struct json_object *read_memory(const struct request *request);

#endif
