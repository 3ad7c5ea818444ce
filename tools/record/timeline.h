/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TIMELINE_H
#define IOVASCOPE_TIMELINE_H

#include <stdint.h>
#include <stdio.h>

struct json_object;
struct phases;
struct recording;
struct request;

/* The phases of a process in a recording, as one tree that adds up. */
struct json_object *read_timeline(const struct request *request);
void text_timeline(FILE *out, struct json_object *view,
		   struct json_object *schema);

/* What people call a node of the tree. */
const char *timeline_says(struct json_object *node);

/* The answer, in one sentence; to be freed. */
char *timeline_sentence(struct json_object *view);

/* The view of a file's own process, without its regions; to be put. */
struct json_object *timeline_load(const char *path);

/* Of a view: what is recorded and how it ended, and what is not known, of it. */
struct json_object *timeline_recording(const struct recording *recording);
struct json_object *timeline_missing(const struct recording *recording,
				     const struct phases *phases);

/* @limit regions, the longest; to be put. */
struct json_object *timeline_view(const struct recording *recording,
				  const struct phases *phases, uint64_t limit);

#endif
