/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_ASKED_H
#define IOVASCOPE_ASKED_H

#include <stdint.h>

#include "file.h"
#include "phases.h"
#include "recording.h"

struct json_object;
struct request;

/* A recording that is asked why, and the answer. */
struct asked {
	struct file_reader file;
	struct recording recording;
	struct phases phases;
	struct json_object *view;
};

/*
 * `why --start FILE`, handed what --start is told, and `why --end FILE`: where
 * the tool is built without libraries for recordings, they say so.
 */
struct json_object *read_recorded_start(const struct request *request);
struct json_object *read_recorded_end(const struct request *request);

/* Ends the program when @path is no recording of a process that used VFIO. */
void asked_open(struct asked *asked, const char *path, const char *question);

/* From now on only what was from @since on. */
void asked_since(struct asked *asked, uint64_t since);

/* The view; all else is freed. */
struct json_object *asked_close(struct asked *asked);

/* Why not all of it is there, in a word that timeline has too; NULL: it is. */
const char *asked_short(const struct asked *asked);

/* "qemu-system-x86_64 (4242)", to be freed. */
char *asked_name(const struct asked *asked);

/* What was spent in phases from @first to @last. */
uint64_t asked_spent(const struct asked *asked, enum phase first,
		     enum phase last);

/* Member "phases" of the view: nanoseconds of each that took any. */
void asked_phases_add(const struct asked *asked);

/* How often devices were reset, and what that took with all that it calls. */
struct json_object *asked_judge_resets(const struct asked *asked,
				       uint64_t wall);

#endif
