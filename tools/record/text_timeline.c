// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timeline as text: the sentence, the tree with what each part took and when,
 * the requests that took longest, and what is not known.
 */
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/paper.h"
#include "base/table.h"
#include "base/tree.h"
#include "merge.h"
#include "phases.h"
#include "timeline.h"

#define NR_REGIONS 5

static const struct {
	const char *phase;
	const char *says;
} names[] = {
	{ "mapping", "mapping memory" },
	{ "unmapping", "unmapping memory" },
	{ "vmm", "rest of the VMM" },
	{ "not-seen", "not seen" },
	{ "bus-reset", "bus reset" },
	{ "flr", "function-level reset" },
	{ "on-cpu", "on CPU" },
	{ "waiting-for-cpu", "waiting for a CPU" },
	{ "blocked", "blocked (disk, lock)" },
	{ "before-recording", "before the recording" },
	{ "lost", "events were lost" },
	{ "not-known", "not known" },
};

const char *timeline_says(struct json_object *node)
{
	const char *phase = tree_word(node, "phase");

	if (tree_get(node, "device"))
		return tree_word(node, "device");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i].phase, phase))
			return names[i].says;
	return phase;
}

static void cell_or_none(struct table *table, struct json_object *node,
			 const char *key, const char *unit)
{
	if (tree_get(node, key))
		table_cell(table, "%s", human_key(node, key, unit).s);
	else
		table_cell(table, "%s", "");
}

static void node_print(struct table *table, struct json_object *node,
		       unsigned int depth, uint64_t wall)
{
	struct json_object *parts = tree_get(node, "parts");
	bool backing = tree_get(node, "backing");
	uint64_t ns = tree_u64_or_0(node, "ns");

	if (!ns && !tree_u64_or_0(node, "calls") && !tree_length(parts))
		return;
	table_cell(table, "%*s%s%s%s", 2 * depth, "", timeline_says(node),
		   backing ? " " : "",
		   backing ? tree_word(node, "backing") : "");
	table_cell(table, "%s", human_ns(ns).s);
	table_cell(table, "%s", human_percent(ns, wall).s);
	cell_or_none(table, node, "calls", "");
	cell_or_none(table, node, "bytes", "bytes");
	table_cell(table, "%s", tree_word(node, "when"));
	/* The only part of a phase that is called as that is. */
	if (tree_length(parts) == 1 &&
	    tree_is(tree_at(parts, 0), "phase", tree_word(node, "phase")))
		return;
	for (size_t i = 0; i < tree_length(parts); i++)
		node_print(table, tree_at(parts, i), depth + 1, wall);
}

static void tree_text(FILE *out, struct json_object *view)
{
	struct json_object *phases = tree_get(view, "phases");
	uint64_t wall = tree_u64_or_0(view, "wall_ns");
	struct table *table = table_new(6);

	table_row(table, "<PHASE", "TIME", "SHARE", "CALLS", "BYTES", "=WHEN");
	for (size_t i = 0; i < tree_length(phases); i++)
		node_print(table, tree_at(phases, i), 0, wall);
	table_end(table, out);
}

static void regions_text(FILE *out, struct json_object *view)
{
	struct json_object *regions = tree_get(view, "regions");
	size_t nr = tree_length(regions), shown;
	struct table *table;

	if (!nr)
		return;
	shown = nr < NR_REGIONS ? nr : NR_REGIONS;
	table = table_new(7);
	table_row(table, "<REQUEST", "AT", "TOOK", "IOVA", "BYTES", "<BACKING",
		  "PINS");
	for (size_t i = 0; i < shown; i++) {
		struct json_object *region = tree_at(regions, i);

		table_cell(table, "%s", tree_word(region, "request"));
		table_cell(table, "%s", human_key(region, "at_ns", "ns").s);
		table_cell(table, "%s", human_key(region, "ns", "ns").s);
		if (tree_get(region, "iova"))
			table_cell(table, "0x%jx", (uintmax_t)
				   tree_u64_or_0(region, "iova"));
		else
			table_cell(table, "%s", "");
		table_cell(table, "%s", human_key(region, "bytes", "bytes").s);
		table_cell(table, "%s", tree_word(region, "backing"));
		cell_or_none(table, region, "pin_calls", "");
	}
	table_end(table, out);
	nr += tree_u64_or_0(view, "left_out");
	if (nr > shown)
		fprintf(out, "%ju more request%s, none of which took longer.\n",
			(uintmax_t)(nr - shown), human_s(nr - shown));
}

static const char *process_name(struct json_object *process)
{
	struct json_object *command = tree_get(process, "command");
	const char *name, *slash;

	if (!tree_length(command))
		return tree_word(process, "comm");
	name = json_object_get_string(tree_at(command, 0));
	slash = strrchr(name, '/');
	return slash && slash[1] ? slash + 1 : name;
}

static const char *from_to(struct json_object *view)
{
	struct json_object *process = tree_get(view, "process");
	bool exit = tree_is(tree_get(view, "recording"), "end", "exit");

	if (tree_u64_or_0(process, "exec_seen"))
		return exit ? "from exec to exit" : "from exec on";
	return exit ? "until its exit" : "so far";
}

char *timeline_sentence(struct json_object *view)
{
	struct json_object *process = tree_get(view, "process");
	struct json_object *phases = tree_get(view, "phases");
	struct paper paper;
	bool first = true;

	paper_open(&paper);
	fprintf(paper.out, "%s (%ju): %s %s", process_name(process),
		(uintmax_t)tree_u64_or_0(process, "pid"),
		human_key(view, "wall_ns", "ns").s, from_to(view));
	for (size_t i = 0; i < tree_length(phases); i++) {
		struct json_object *node = tree_at(phases, i);

		if (!tree_u64_or_0(node, "ns"))
			continue;
		fprintf(paper.out, "%s%s %s", first ? ": " : ", ",
			human_key(node, "ns", "ns").s, timeline_says(node));
		first = false;
	}
	fputs(".", paper.out);
	return paper_close(&paper);
}

static void facts(FILE *out, struct json_object *view)
{
	struct json_object *recording = tree_get(view, "recording");
	struct json_object *missing = tree_get(view, "missing");

	fprintf(out, "Recorded on %s, %s, kernel %s, iovascope %s, module %s: %ju events, %ju lost.\n",
		tree_word(recording, "host"),
		tree_word(recording, "time"),
		tree_word(recording, "kernel"),
		tree_word(recording, "version"),
		tree_word(recording, "module"),
		(uintmax_t)tree_u64_or_0(recording, "events"),
		(uintmax_t)tree_u64_or_0(recording, "lost_events"));
	for (size_t i = 0; i < tree_length(missing); i++)
		fprintf(out, "Not known: %s.\n",
			json_object_get_string(tree_at(missing, i)));
}

void text_timeline(FILE *out, struct json_object *view,
		   struct json_object *schema)
{
	char *sentence = timeline_sentence(view);

	(void)schema;
	fprintf(out, "%s\n", sentence);
	free(sentence);
	tree_text(out, view);
	regions_text(out, view);
	if (tree_get(view, "log"))
		text_merge(out, tree_get(view, "log"));
	facts(out, view);
}
