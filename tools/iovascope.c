// SPDX-License-Identifier: GPL-2.0-only
/*
 * iovascope - what VFIO maps into the IOMMU, and what it costs
 *
 * One way for every number: the module's files are read into a snapshot, a
 * command cuts its view out of that, and a renderer prints the view as text,
 * JSON or Prometheus' format. The table of commands below says which sections,
 * which view and which text belong to a command; no command knows the format
 * it is printed in.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "options.h"
#include "snapshot.h"
#include "tree.h"
#include "view.h"

#define BIT(nr)		(1u << (nr))
#define READS		(BIT(OPT_DEBUGFS) | BIT(OPT_HELP))
#define SHOWS		(READS | BIT(OPT_JSON))
#define FILTERS		(SHOWS | BIT(OPT_PID))

#define SECTION_SHOW \
	(SECTION_COUNTERS | SECTION_DOMAINS | SECTION_PROCESSES | \
	 SECTION_INFLIGHT | SECTION_PROBES)

const struct command commands[] = {
	{
		.name = "show",
		.help = "who maps what, at which leaf sizes, at what cost",
		.options = FILTERS,
		.sections = SECTION_SHOW,
		.view = view_show,
		.text = text_show,
		.watchable = true,
	}, {
		.name = "domains",
		.args = "[ID...]",
		.help = "every IOMMU domain with all its numbers",
		.options = FILTERS,
		.sections = SECTION_DOMAINS,
		.section = "domains",
		.text = text_domains,
		.watchable = true,
	}, {
		.name = "processes",
		.args = "[ID...]",
		.help = "every process that used VFIO with all its numbers",
		.options = FILTERS,
		.sections = SECTION_PROCESSES,
		.section = "processes",
		.text = text_processes,
		.watchable = true,
	}, {
		.name = "inflight",
		.help = "calls that have not returned, oldest first",
		.options = FILTERS,
		.sections = SECTION_INFLIGHT,
		.view = view_inflight,
		.text = text_inflight,
		.watchable = true,
	}, {
		.name = "counters",
		.args = "[KEY...]",
		.help = "every counter of the host, or of one process",
		.options = FILTERS,
		.sections = SECTION_COUNTERS,
		.section = "counters",
		.text = text_counters,
		.watchable = true,
	}, {
		.name = "errors",
		.args = "[OPERATION...]",
		.help = "calls that failed, by errno",
		.options = SHOWS,
		.sections = SECTION_ERRORS,
		.section = "errors",
		.text = text_errors,
		.watchable = true,
	}, {
		.name = "hist",
		.args = "[KEY...]",
		.help = "histograms of durations and sizes",
		.options = SHOWS,
		.sections = SECTION_HIST,
		.section = "hist",
		.text = text_hist,
		.watchable = true,
	}, {
		.name = "probes",
		.args = "[ROW...]",
		.help = "what the module is attached to, and what it missed",
		.options = SHOWS,
		.sections = SECTION_PROBES,
		.section = "probes",
		.text = text_probes,
	}, {
		.name = "schema",
		.args = "[KEY...]",
		.help = "every key with its kind, unit and meaning",
		.options = SHOWS,
		.section = "schema",
		.text = text_schema,
	}, {
		.name = "watch",
		.args = "[COMMAND [KEY...]]",
		.help = "what happens each second, as show or COMMAND tells it",
		.options = FILTERS | BIT(OPT_INTERVAL) | BIT(OPT_COUNT),
		.run = run_watch,
	}, {
		.name = "snapshot",
		.help = "everything the module tells as one JSON object",
		.options = READS,
		.sections = SECTION_ALL,
		.view = json_object_get,
	}, {
		.name = "diff",
		.args = "BEFORE AFTER [COMMAND [KEY...]]",
		.help = "what happened between two files made by snapshot",
		.options = BIT(OPT_HELP) | BIT(OPT_JSON) | BIT(OPT_PID),
		.run = run_diff,
	}, {
		.name = "metrics",
		.help = "everything in Prometheus' text format",
		.options = READS,
		.sections = SECTION_ALL,
		.view = json_object_get,
		.text = text_metrics,
	}, {
		.name = "version",
		.help = "the version of this tool",
		.options = BIT(OPT_HELP),
		.run = run_version,
	}, {
		.name = "help",
		.args = "[COMMAND]",
		.help = "how to use the tool or one command of it",
		.run = run_help,
	},
	{ .name = NULL }
};

const struct command *command_find(const char *name)
{
	const struct command *command = commands;

	while (command->name && strcmp(command->name, name))
		command++;
	return command->name ? command : NULL;
}

/* The command in @args, or show, with the options of the outer request. */
struct request command_inner(const struct request *request, char **args)
{
	struct request inner = *request;

	inner.command = command_find(*args ?: "show");
	inner.args = *args ? args + 1 : args;
	if (!inner.command || !inner.command->watchable)
		fail(EXIT_USAGE, "%s: '%s' cannot be watched or compared",
		     request->command->name, *args);
	if (!inner.command->args && *inner.args)
		fail(EXIT_USAGE, "%s takes no argument: '%s'",
		     inner.command->name, *inner.args);
	if (inner.pid && !(inner.command->options & BIT(OPT_PID)))
		fail(EXIT_USAGE, "%s does not take --pid: %s",
		     inner.command->name, "it is not known by process");
	return inner;
}

struct json_object *command_snapshot(const struct request *request)
{
	unsigned int sections = request->command->sections;

	if (request->pid)
		sections |= SECTION_PROCESSES;
	return snapshot_read(request->debugfs, sections);
}

static void text_json(FILE *out, struct json_object *view,
		      struct json_object *schema)
{
	(void)schema;
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(view,
					       JSON_C_TO_STRING_PRETTY |
					       JSON_C_TO_STRING_SPACED |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
}

static struct json_object *make_view(const struct request *request,
				     struct json_object *snap)
{
	const struct command *command = request->command;

	if (command->view)
		return command->view(snap);
	return view_section(snap, command->section, request->args);
}

/* Bytes of the control character at s (C0, DEL, or C1 in UTF-8), or 0. */
static int control_len(const unsigned char *s)
{
	if (s[0] < ' ' || s[0] == 0x7f)
		return 1;
	return s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0 ? 2 : 0;
}

/* A process chooses its name: it must not command the user's terminal. */
static void print_clean(const char *text, size_t max_lines)
{
	while (*text && max_lines) {
		int control = control_len((const unsigned char *)text);

		if (*text == '\n')
			max_lines--;
		putchar(control && *text != '\n' ? '?' : *text);
		text += control ?: 1;
	}
}

/* Text is composed in memory: it is cleaned, and cut, when it is complete. */
struct paper {
	char *text;
	size_t size;
	FILE *out;
};

static void paper_open(struct paper *paper)
{
	paper->out = open_memstream(&paper->text, &paper->size);
	if (!paper->out)
		fail(EXIT_RUNTIME, "out of memory");
}

static void paper_print(struct paper *paper, size_t max_lines)
{
	if (fclose(paper->out))
		fail(EXIT_RUNTIME, "out of memory");
	print_clean(paper->text, max_lines);
	free(paper->text);
}

void command_print(const struct request *request, struct json_object *snap,
		   size_t max_lines)
{
	bool json = request->given & BIT(OPT_JSON) || !request->command->text;
	text_fn *render = json ? text_json : request->command->text;
	struct json_object *own, *view;
	struct paper paper;

	own = request->pid ? snapshot_of_pid(snap, request->pid) :
			     json_object_get(snap);
	view = make_view(request, own);
	paper_open(&paper);
	render(paper.out, view, tree_get(snap, "schema"));
	paper_print(&paper, max_lines);
	json_object_put(view);
	json_object_put(own);
}

void run_diff(const struct request *request)
{
	struct json_object *before, *after, *diff;
	struct request inner;

	if (!request->args[0] || !request->args[1])
		fail(EXIT_USAGE, "diff needs two files made by snapshot");
	inner = command_inner(request, request->args + 2);
	before = snapshot_load(request->args[0]);
	after = snapshot_load(request->args[1]);
	diff = snapshot_diff(before, after);
	command_print(&inner, diff, SIZE_MAX);
	json_object_put(diff);
	json_object_put(after);
	json_object_put(before);
}

void run_help(const struct request *request)
{
	const struct command *command = NULL;
	struct paper paper;

	paper_open(&paper);
	if (*request->args) {
		command = command_find(*request->args);
		if (!command)
			fail(EXIT_USAGE, "no such command: '%s': %s",
			     *request->args, "try `iovascope help`");
		help_print_command(paper.out, command);
	} else {
		help_print(paper.out);
	}
	paper_print(&paper, SIZE_MAX);
}

void run_version(const struct request *request)
{
	(void)request;
	printf("iovascope %s\n", VERSION);
}

static void run(const struct request *request)
{
	struct json_object *snap;

	if (request->command->run) {
		request->command->run(request);
		return;
	}
	snap = command_snapshot(request);
	command_print(request, snap, SIZE_MAX);
	json_object_put(snap);
}

/* A full disk is found out only at the end, when the buffer is written. */
static void close_stdout(void)
{
	if (!ferror(stdout) && !fclose(stdout))
		return;
	fprintf(stderr, "iovascope: stdout: %s\n", strerror(errno));
	_exit(EXIT_RUNTIME);
}

int main(int argc, char **argv)
{
	struct request request;

	atexit(close_stdout);
	request = options_parse(argc, argv);
	run(&request);
	return EXIT_OK;
}
