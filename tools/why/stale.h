/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_STALE_H
#define IOVASCOPE_STALE_H

#include <stdbool.h>

struct findings;
struct json_object;
struct request;

/*
 * Of the regions of a target: pages that a device reaches, and that the process
 * no longer has at that address. Every page, or some of each region.
 */
struct json_object *stale_regions(const struct findings *findings,
				  struct json_object *snap,
				  struct json_object *target,
				  const char *debugfs, bool all);

/* What is stale is what an answer begins with, whatever was asked. */
void stale_answer(struct json_object *answer);

struct json_object *read_stale(const struct request *request);

#endif
