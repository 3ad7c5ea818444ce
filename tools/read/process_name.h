/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PROCESS_NAME_H
#define IOVASCOPE_PROCESS_NAME_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/*
 * Who a process of this machine is to those who started it: `vm`, `libvirt`,
 * `sandbox`, `pod`, `namespace`, `container`, `pod_uid`, `container_id` and
 * `unit`, each where it is known. To be put.
 */
struct json_object *process_name(uint64_t pid);

/* When it began, in clock ticks since boot; 0 when there is none. */
uint64_t process_start(uint64_t pid);
/* Is it the process that began then, and not another one with its number? */
bool process_is(uint64_t pid, uint64_t start_ns);
/* So many nanoseconds since boot in these. */
uint64_t process_ticks(uint64_t ns);

#endif
