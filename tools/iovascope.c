// SPDX-License-Identifier: GPL-2.0-only
/*
 * iovascope - what VFIO maps into the IOMMU, and what it costs
 *
 * One way for every number: the module's files are read into a snapshot, a
 * command cuts its view out of that, and a renderer prints the view as text,
 * JSON or Prometheus' format. The table in commands.c says which sections, which
 * view and which text belong to a command; no command knows the format it is
 * printed in.
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
	if (request->given & BIT(OPT_CHECK) & ~inner.command->options)
		fail(EXIT_USAGE, "%s does not take --check: %s",
		     inner.command->name, "it walks no tables");
	return inner;
}

/* Of the sections that walk those asked for, and those known to be quick. */
static void add_walks(const struct request *request, struct json_object *snap)
{
	const struct command *command = request->command;
	unsigned int quick = command->welcome & command->walks;

	if (request->given & BIT(OPT_CHECK))
		snapshot_add(snap, request->debugfs, command->walks, 0);
	else if (quick && view_walk_is_short(snap))
		snapshot_add(snap, request->debugfs, 0, quick);
}

struct json_object *command_snapshot(const struct request *request)
{
	const struct command *command = request->command;
	unsigned int sections = command->sections;
	struct json_object *snap;

	if (command->read)
		return command->read(request);
	if (request->pid)
		sections |= SECTION_PROCESSES;
	snap = snapshot_read(request->debugfs, sections);
	snapshot_add(snap, request->debugfs, 0,
		     command->welcome & ~command->walks);
	add_walks(request, snap);
	return snap;
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
	struct json_object *from, *view;

	if (!command->section)
		return command->view(snap);
	from = view_section(snap, command->section, request->args);
	view = command->view ? command->view(from) : json_object_get(from);
	json_object_put(from);
	return view;
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
	if (request->command->judge)
		request->command->judge(view);
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
