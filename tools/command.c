// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a command of the table is run.
 *
 * One way for every number: the module's files are read into a snapshot, a
 * command cuts its view out of that, and a renderer prints the view as text,
 * JSON or Prometheus' format. The table says which sections, which view and
 * which text belong to a command; no command knows the format it is printed in.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/paper.h"
#include "base/progress.h"
#include "base/tree.h"
#include "command.h"
#include "options.h"
#include "read/diff.h"
#include "read/snapshot.h"
#include "record/difference.h"
#include "show/json.h"
#include "show/rows.h"
#include "show/view.h"
#include "show/view_census.h"

struct request command_inner(const struct request *request, char **args)
{
	struct request inner = *request;

	inner.command = command_find(request->commands, *args ?: "show");
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
	option_refuse(&inner, LISTS);
	return inner;
}

/* Of the sections that walk those asked for, and those known to be quick. */
static void walks_add(const struct request *request, struct json_object *snap,
		      const struct snapshot_many *many)
{
	const struct command *command = request->command;
	unsigned int quick = command->welcome & command->walks;

	if (request->given & BIT(OPT_CHECK))
		snapshot_add_many(snap, request->debugfs, command->walks, 0,
				  many);
	else if (quick && view_walk_is_short(snap))
		snapshot_add(snap, request->debugfs, 0, quick);
}

/* JSON has all, and the sums of one process are made of all that it has. */
static const char *const *keys_of(const struct request *request)
{
	if (request->given & BIT(OPT_JSON) || request->pid)
		return NULL;
	return request->command->keys;
}

/* What is chosen from, or cut out by process, has to be there. */
static bool is_choosy(const struct request *request)
{
	uint64_t chooses = BIT(OPT_FILTER) | BIT(OPT_SORT);

	if (request->command->rows)
		chooses |= BIT(OPT_LIMIT);
	return request->pid || *request->args || request->given & chooses;
}

struct json_object *command_snapshot(const struct request *request)
{
	const struct command *command = request->command;
	struct snapshot_many many = {
		.keys = keys_of(request),
		.packed = command->packed && !is_choosy(request),
	};
	unsigned int sections = command->sections;
	struct json_object *snap;

	if (command->read)
		return command->read(request);
	if (request->pid)
		sections |= SECTION_PROCESSES;
	snap = snapshot_read_many(request->debugfs, sections, &many);
	snapshot_add(snap, request->debugfs, 0,
		     command->welcome & ~command->walks);
	walks_add(request, snap, &many);
	return snap;
}

/* What is read again stays as it is. */
static void text_file(FILE *out, struct json_object *view,
		      struct json_object *schema)
{
	(void)schema;
	tree_print(out, view);
}

static struct json_object *view_of(const struct request *request,
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

void command_print(const struct request *request, struct json_object *snap,
		   struct page page)
{
	text_fn *text = request->command->text ?: text_file;
	text_fn *render = text;
	struct json_object *own, *view;
	struct paper paper;

	/* What a command reads by itself it has cut out itself. */
	own = request->pid && !request->command->read ?
	      snapshot_of_pid(snap, request->pid) : json_object_get(snap);
	if (request->given & BIT(OPT_JSON) && text != text_file)
		render = request->lines ? text_json_line : text_json;
	view = view_of(request, own);
	progress_end();
	rows_choose(request, view, tree_get(snap, "schema"));
	paper_begin(&paper, page);
	render(paper.out, view, tree_get(snap, "schema"));
	paper_print(&paper, page);
	if (request->command->judge)
		request->command->judge(view);
	json_object_put(view);
	json_object_put(own);
}

void command_run(const struct request *request)
{
	struct json_object *snap;

	if (request->command->run) {
		request->command->run(request);
		return;
	}
	progress_begin("%s", request->command->name);
	snap = command_snapshot(request);
	command_print(request, snap, PAGE_ENDLESS);
	json_object_put(snap);
}

/* What is no file may be read only once: of that it is not known. */
static bool is_recording(const char *path)
{
	static const char magic[] = "iovascope-rec ";
	char found[sizeof(magic) - 1];
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is = fd >= 0 && !fstat(fd, &stat) && S_ISREG(stat.st_mode) &&
		  read(fd, found, sizeof(found)) == sizeof(found) &&
		  !memcmp(found, magic, sizeof(found));

	if (fd >= 0)
		close(fd);
	return is;
}

static const struct command diff_recordings = {
	.name = "diff",
	.options = BIT(OPT_JSON),
	.view = json_object_get,
	.text = text_difference,
};

static void run_diff_recordings(const struct request *request)
{
	struct request inner = *request;
	struct json_object *diff;

	inner.command = &diff_recordings;
	option_refuse(&inner, ~0ull);
	if (request->args[2])
		fail(EXIT_USAGE, "diff of two recordings takes no command: '%s'",
		     request->args[2]);
	progress_begin("diff");
	diff = read_difference(request->args[0], request->args[1]);
	command_print(&inner, diff, PAGE_ENDLESS);
	json_object_put(diff);
}

void run_diff(const struct request *request)
{
	struct json_object *before, *after, *diff;
	struct request inner;
	bool recordings;

	if (!request->args[0] || !request->args[1])
		fail(EXIT_USAGE, "diff needs two files made by snapshot, or two by record");
	recordings = is_recording(request->args[0]);
	if (recordings != is_recording(request->args[1]))
		fail(EXIT_RUNTIME, "%s is a recording, %s is none: two of one kind can be compared",
		     request->args[!recordings], request->args[recordings]);
	if (recordings) {
		run_diff_recordings(request);
		return;
	}
	inner = command_inner(request, request->args + 2);
	progress_begin("diff");
	before = snapshot_load(request->args[0]);
	after = snapshot_load(request->args[1]);
	diff = snapshot_diff(before, after);
	command_print(&inner, diff, PAGE_ENDLESS);
	json_object_put(diff);
	json_object_put(after);
	json_object_put(before);
}
