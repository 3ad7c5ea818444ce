/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_SAMPLES_H
#define IOVASCOPE_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

/* What has been measured again and again. */
struct samples {
	uint64_t *ns;
	size_t nr;
};

void samples_add(struct samples *samples, uint64_t ns);

/* Of @what: its median as <what>_ns, the least and the greatest of them. */
void samples_tell(struct json_object *row, const char *what,
		  struct samples *samples);
void samples_free(struct samples *samples);

#endif
