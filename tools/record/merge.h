/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_MERGE_H
#define IOVASCOPE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "log.h"

struct json_object;
struct phases;
struct recording;
struct request;

/* By what the clock of a log is tied to that of the recording. */
enum merge_how {
	/* There is nothing that ties them. */
	MERGE_NOT,
	/* --offset */
	MERGE_TOLD,
	/* The recording has the host's wall clock, too. */
	MERGE_HOST,
	/* Lines have both times: the host's, and the guest's. */
	MERGE_BOTH,
	/* The guest enabled devices when their BARs were mapped. */
	MERGE_BARS,
	/* It is the guest's wall clock, which began with the host's. */
	MERGE_WALL,
	/* A line of the kernel's comes before one that has that. */
	MERGE_NEIGHBOUR,
	NR_MERGE_HOWS
};

/* @offset_ns makes a time of that clock one of the recording's. */
struct merge_clock {
	enum log_clock clock;
	unsigned int boot;
	enum merge_how how;
	int64_t offset_ns;
	/* How far off it may be, as far as that is known. */
	uint64_t within_ns;
	size_t lines;
	/* So many of the lines that tell of a BAR are where one is mapped. */
	unsigned int fits;
	unsigned int bars;
	/* With the next best offset it would be so many. */
	unsigned int next_fits;
};

/* A line in the time of the process; @request: during that, or SIZE_MAX. */
struct merge_line {
	uint64_t at_ns;
	const struct merge_clock *clock;
	const char *text;
	size_t request;
	/* Since the line before it. */
	uint64_t silence_ns;
	bool notable;
};

/* A log and a recording on one clock. */
struct merge {
	const char *path;
	struct log log;
	struct merge_clock *clocks;
	size_t nr_clocks;
	/* Makes the host's wall clock the recording's. */
	int64_t host_offset;
	struct merge_line *lines;
	size_t nr;
	/* Before the process began, or after its end. */
	uint64_t outside;
	/* Of a clock that nothing ties. */
	uint64_t unplaced;
};

/* As they are called in JSON. */
const char *merge_clock_name(enum log_clock clock);

/* Ends the program when no line of the log can be placed. */
void merge_read(struct merge *merge, const struct request *request,
		const struct recording *recording,
		const struct phases *phases);
void merge_free(struct merge *merge);

/* At most @limit lines that are notable; UINT64_MAX: all. To be put. */
struct json_object *merge_view(const struct merge *merge,
			       const struct phases *phases, uint64_t limit);

/* The lines that people are shown, and how sure their times are. */
void text_merge(FILE *out, struct json_object *log);

/* "Its [seconds] began ...", of a clock of the view; to be freed. */
char *merge_says(struct json_object *clock);

/* What the host was doing, of a line of the view; to be freed. */
char *merge_during(struct json_object *line);

#endif
