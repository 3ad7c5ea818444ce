/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_START_H
#define IOVASCOPE_START_H

#include <stdbool.h>
#include <stdint.h>

#include "cause.h"

struct json_object;
struct request;

/* What is asked about, and what has been found so far. */
struct start {
	struct json_object *view;
	struct json_object *snap;
	/* The sums of the process. */
	struct json_object *record;
	uint64_t pid;
	/* Only the sums are there: no process to look at. */
	bool recorded;
	/* All of it, and the calls in it that have not returned. */
	uint64_t total;
	uint64_t unfinished;
	/* Of the pins: first touch, and lookup without it. */
	uint64_t touch;
	uint64_t base_lookup;
	uint64_t huge_lookup;
	uint64_t ram_bytes;
};

static inline uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t start_value(const struct start *start, const char *key);

/* NULL when it is no hundredth of the whole. */
struct json_object *start_add(struct start *start, enum cause cause,
			      uint64_t ns);

void lookup_tell(struct start *start);
void lookup_judge_touch(struct start *start);
void lookup_judge_bars(struct start *start);
void lookup_judge_memory(struct start *start);

void duplicates_judge(struct start *start, const struct request *request);

uint64_t inflight_ns(struct json_object *snap, uint64_t pid, const char *op);
struct json_object *inflight_beginner(struct json_object *snap, uint64_t pid);
struct json_object *inflight_stuck(struct start *start);
void inflight_tell(struct start *start);

#endif
