/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_REQUEST_H
#define IOVASCOPE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "table.h"

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
	OPT_INPUT,
	OPT_LIMIT,
	OPT_ALIGN,
	OPT_BATCH,
	OPT_COLOR,
	OPT_OUTPUT,
	OPT_SORT,
	OPT_FILTER,
	OPT_ALL,
	OPT_NOHEADINGS,
	OPT_PAIRS,
	OPT_RAW,
	OPT_LONG,
	OPT_TEXTFILE,
	OPT_PROCESSES,
	OPT_MEMORY,
	OPT_FILE,
	OPT_DURATION,
	OPT_BYTES,
	OPT_PERFETTO,
	OPT_MERGE,
	OPT_OFFSET,
	OPT_NEXT,
	OPT_END,
	NR_OPTS
};

/*
 * What the command line asked for: a command of the table @commands, and which
 * options were given (a bit for each enum opt) with what arguments.
 */
struct request {
	const struct command *commands;
	const struct command *command;
	uint64_t given;
	const char *debugfs;
	uint64_t pid;
	double interval;
	uint64_t count;
	uint64_t limit;
	uint64_t from;
	const char *from_file;
	const char *want;
	/* A process, or else the file of a recording. */
	uint64_t start;
	const char *start_file;
	const char *end_file;
	const char *device;
	const char *backings;
	const char *backends;
	const char *sizes;
	uint64_t repeat;
	const char *compare;
	const char *colour;
	/* JSON is one object a line, for there will be several. */
	bool lines;
	const char *output;
	const char *sort;
	const char *filter;
	struct table_form form;
	const char *textfile;
	const char *file;
	double duration;
	uint64_t bytes;
	const char *perfetto;
	const char *merge;
	double offset;
	const char *next;
	char **args;
};

/* The one PID that @command is asked of, or 0 for all; ends the program on else. */
uint64_t request_pid(const struct request *request, const char *command);

#endif
