/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_METRICS_EVENTS_H
#define IOVASCOPE_METRICS_EVENTS_H

#include <stdio.h>

struct chosen;
struct json_object;

/* The self-check is told of domains that have been chosen, and that differ. */
void events_print(FILE *out, struct json_object *snap,
		  const struct chosen *chosen);

#endif
