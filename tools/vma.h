/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VMA_H
#define IOVASCOPE_VMA_H

#include <stdint.h>

struct json_object;
struct runs;

/* The process' mappings beside the leaves of one table: `vmas` of the view. */
void vmas_add(struct json_object *view, uint64_t pid, const struct runs *runs);

#endif
