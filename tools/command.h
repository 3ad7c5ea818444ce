/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_COMMAND_H
#define IOVASCOPE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum opt {
	OPT_DEBUGFS,
	OPT_HELP,
	OPT_JSON,
	OPT_PID,
	OPT_INTERVAL,
	OPT_COUNT,
	NR_OPTS
};

/* What the command line asked for. */
struct request {
	const struct command *command;
	unsigned int given;
	const char *debugfs;
	uint64_t pid;
	double interval;
	uint64_t count;
	char **args;
};

/*
 * A command shows (a view of the snapshot, as text or JSON) or does something
 * else (run). A view is one section unless there is a function that makes it;
 * one without text is always JSON. Watchable is what makes sense as a
 * difference of two snapshots.
 */
struct command {
	const char *name;
	const char *args;
	const char *help;
	unsigned int options;
	unsigned int sections;
	const char *section;
	struct json_object *(*view)(struct json_object *snap);
	text_fn *text;
	bool watchable;
	void (*run)(const struct request *request);
};

extern const struct command commands[];

const struct command *command_find(const char *name);
struct request command_inner(const struct request *request, char **args);
struct json_object *command_snapshot(const struct request *request);
void command_print(const struct request *request, struct json_object *snap,
		   size_t max_lines);

void run_diff(const struct request *request);
void run_help(const struct request *request);
void run_version(const struct request *request);
void run_watch(const struct request *request);

#endif
