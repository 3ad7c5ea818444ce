/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_METRICS_MEMORY_H
#define IOVASCOPE_METRICS_MEMORY_H

#include <stdio.h>

struct chosen;
struct json_object;

/* The bill of each owner of a domain that has been chosen. */
void memory_print(FILE *out, struct json_object *snap,
		  const struct chosen *chosen, const char *debugfs);

#endif
