/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_COMMAND_H
#define IOVASCOPE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/paper.h"
#include "base/request.h"
#include "base/text.h"

struct rows;

/*
 * A command shows (a view of the snapshot, as text or JSON) or does something
 * else (run). A view is one section, or what a function makes of it, or of the
 * snapshot; one without text is always JSON. Watchable is what makes sense as
 * a difference of two snapshots.
 *
 * The snapshot has the sections, and those welcome where the module has them.
 * Reading one that walks takes as long as there are leaves: those are read
 * with --check, or when the walk is known to be short and they are welcome.
 * Of domains and processes text may need these keys only; NULL: all of them. They
 * are packed where nobody needs to have them otherwise.
 * A view with @rows has a row for each record of one of its members, of which
 * the user may choose.
 *
 * What is no part of a snapshot is read by the command's own function. A judge
 * ends the program when the view, which has been printed, is bad news.
 */
struct command {
	const char *name;
	const char *args;
	const char *help;
	uint64_t options;
	unsigned int sections;
	unsigned int welcome;
	unsigned int walks;
	const char *const *keys;
	bool packed;
	struct json_object *(*read)(const struct request *request);
	const char *section;
	const struct rows *rows;
	struct json_object *(*view)(struct json_object *snap);
	text_fn *text;
	void (*judge)(struct json_object *view);
	bool watchable;
	void (*run)(const struct request *request);
};

/* Options of what prints a row for each record. */
#define LISTS \
	(BIT(OPT_OUTPUT) | BIT(OPT_SORT) | BIT(OPT_FILTER) | BIT(OPT_LIMIT) | \
	 BIT(OPT_ALL) | BIT(OPT_NOHEADINGS) | BIT(OPT_PAIRS) | BIT(OPT_RAW) | \
	 BIT(OPT_LONG))

void command_run(const struct request *request);

/* The command in @args, or show, with the options of the outer request. */
struct request command_inner(const struct request *request, char **args);
struct json_object *command_snapshot(const struct request *request);

void command_print(const struct request *request, struct json_object *snap,
		   struct page page);

void run_diff(const struct request *request);

#endif
