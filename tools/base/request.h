/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_REQUEST_H
#define IOVASCOPE_REQUEST_H

#include <stdint.h>

#include "compiler.h"

struct command;

enum opt {
	OPT_DEBUGFS,
	OPT_HELP,
	OPT_JSON,
	OPT_PID,
	OPT_INTERVAL,
	OPT_COUNT,
	OPT_FROM,
	OPT_CHECK,
	OPT_WANT,
	OPT_START,
	OPT_DEVICE,
	OPT_BACKINGS,
	OPT_BACKENDS,
	OPT_SIZES,
	OPT_REPEAT,
	OPT_NODE,
	OPT_COMPARE,
	OPT_TEXTFILE,
	OPT_PROCESSES,
	OPT_LIMIT,
	NR_OPTS
};

/*
 * What the command line asked for: a command of the table @commands, and which
 * options were given (a bit for each enum opt) with what arguments.
 */
struct request {
	const struct command *commands;
	const struct command *command;
	unsigned int given;
	const char *debugfs;
	uint64_t pid;
	double interval;
	uint64_t count;
	uint64_t from;
	const char *from_file;
	const char *want;
	uint64_t start;
	const char *device;
	const char *backings;
	const char *backends;
	const char *sizes;
	uint64_t repeat;
	const char *compare;
	const char *textfile;
	uint64_t limit;
	char **args;
};

#endif
