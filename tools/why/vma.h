/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VMA_H
#define IOVASCOPE_VMA_H

#include <stdint.h>

struct findings;
struct json_object;
struct runs;

/* A list of the process' mappings, each beside the leaves of one table. */
struct json_object *vmas_of(uint64_t pid, const struct runs *runs,
			    const struct findings *findings);

#endif
