/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RESERVED_H
#define IOVASCOPE_RESERVED_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* IOVAs that nobody may map for a group, and why ("msi", "direct", ..). */
struct reserved {
	uint64_t first, last;
	char type[24];
};

/*
 * All of a device's group, or of a group by its number: a list of first, last
 * and type, to be freed.
 */
struct json_object *reserved_list(const char *device);

/* The first reserved range of the device's group that [first, last] meets. */
bool reserved_hit(const char *device, uint64_t first, uint64_t last,
		  struct reserved *range);

/*
 * The place nearest to @iova where @bytes meet nothing that is reserved, up to
 * @aperture_last (0: not known).
 */
bool reserved_nearest(const char *device, uint64_t iova, uint64_t bytes,
		      uint64_t aperture_last, uint64_t *found);

#endif
