/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_LOG_H
#define IOVASCOPE_LOG_H

#include <stddef.h>
#include <stdint.h>

/* Whose clock a line's time is of. */
enum log_clock {
	/* The host's wall clock. */
	LOG_HOST,
	/* The guest's wall clock. */
	LOG_GUEST,
	/* The guest's seconds since its kernel began. */
	LOG_BOOT,
};

#define LOG_NO_TIME INT64_MIN

/* @host_ns: when the host wrote what the guest had said, if it told that. */
struct log_line {
	enum log_clock clock;
	/* Of LOG_BOOT: how often the guest had begun anew before. */
	unsigned int boot;
	int64_t ns;
	int64_t host_ns;
	char *text;
};

/* Lines that have a time, as they are in the file; and how many have not. */
struct log {
	struct log_line *lines;
	size_t nr;
	size_t room;
	unsigned int boots;
	uint64_t read;
	uint64_t untimed;
	/* Not in the time that was asked for, by the host's clock. */
	uint64_t outside;
	/* There were too many. */
	uint64_t left_out;
	/* How often a wall clock went back, and how far at most. */
	uint64_t jumps;
	uint64_t jump_ns;
	/* Whose console containerd has read, or NULL. */
	char *sandbox;
};

/*
 * Ends the program when there is no line with a time. Lines that the host wrote
 * before @from or after @to are only counted: wall clocks, in ns since 1970.
 */
void log_read(struct log *log, const char *path, int64_t from, int64_t to);
void log_free(struct log *log);

#endif
