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
	char **args;
};

/*
 * A command shows (a view of the snapshot, as text or JSON) or does something
 * else (run). A view is one section, or what a function makes of it, or of the
 * snapshot; one without text is always JSON. Watchable is what makes sense as
 * a difference of two snapshots.
 *
 * The snapshot has the sections, and those welcome where the module has them.
 * Reading one that walks takes as long as there are leaves: those are read
 * with --check, or when the walk is known to be short and they are welcome.
 * What is no part of a snapshot is read by the command's own function. A judge
 * ends the program when the view, which has been printed, is bad news.
 */
struct command {
	const char *name;
	const char *args;
	const char *help;
	unsigned int options;
	unsigned int sections;
	unsigned int welcome;
	unsigned int walks;
	struct json_object *(*read)(const struct request *request);
	const char *section;
	struct json_object *(*view)(struct json_object *snap);
	text_fn *text;
	void (*judge)(struct json_object *view);
	bool watchable;
	void (*run)(const struct request *request);
};

extern const struct command commands[];

const struct command *command_find(const char *name);
struct request command_inner(const struct request *request, char **args);
struct json_object *command_snapshot(const struct request *request);
void command_print(const struct request *request, struct json_object *snap,
		   size_t max_lines);

struct json_object *read_bench(const struct request *request);
struct json_object *read_host(const struct request *request);
struct json_object *read_runs(const struct request *request);
struct json_object *read_why(const struct request *request);

void judge_answer(struct json_object *view);
void judge_bench(struct json_object *view);
void judge_check(struct json_object *view);

void run_diff(const struct request *request);
void run_help(const struct request *request);
void run_version(const struct request *request);
void run_watch(const struct request *request);

#endif
