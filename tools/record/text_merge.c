// SPDX-License-Identifier: GPL-2.0-only
/*
 * A log in a timeline: as part of its view, and as text. What its times were
 * found from, and how sure that is, is told in words.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/human.h"
#include "base/paper.h"
#include "base/table.h"
#include "base/tree.h"
#include "merge.h"
#include "phases.h"

/* Up to this it is of no importance to who reads seconds. */
#define CLOSE_NS 100000000ull

static const char *const hows[NR_MERGE_HOWS] = {
	[MERGE_NOT] = "none",
	[MERGE_TOLD] = "told",
	[MERGE_HOST] = "host-clock",
	[MERGE_BOTH] = "both-clocks",
	[MERGE_BARS] = "bars",
	[MERGE_WALL] = "guest-wall-clock",
	[MERGE_NEIGHBOUR] = "neighbours",
};

const char *merge_clock_name(enum log_clock clock)
{
	static const char *const names[] = {
		[LOG_HOST] = "host",
		[LOG_GUEST] = "guest",
		[LOG_BOOT] = "guest-boot",
	};

	return names[clock];
}

/* ---- the view ---- */

/* Lines about BARs that are nowhere near one speak against all else. */
static const char *sure_of(const struct merge_clock *clock)
{
	bool wrong = clock->bars > 1 && 2 * clock->fits < clock->bars;

	switch (clock->how) {
	case MERGE_TOLD:
	case MERGE_HOST:
		return "certain";
	case MERGE_BOTH:
		if (wrong)
			return "guess";
		return clock->within_ns <= CLOSE_NS ? "certain" : "likely";
	case MERGE_BARS:
		if (clock->fits > 2 && clock->fits >= clock->next_fits + 2)
			return "certain";
		return clock->fits > 1 && clock->fits > clock->next_fits ?
		       "likely" : "guess";
	case MERGE_WALL:
		return "likely";
	default:
		return "guess";
	}
}

static void add_signed(struct json_object *obj, const char *key, int64_t val)
{
	tree_add(obj, key, json_object_new_int64(val));
}

/* Of the kernel's seconds when they began, of others what they are wrong by. */
static struct json_object *clock_view(const struct merge_clock *clock,
				      const struct phases *phases,
				      int64_t host_offset)
{
	struct json_object *view = tree_new();
	enum merge_how how = clock->how;

	tree_add_word(view, "clock", merge_clock_name(clock->clock));
	tree_add_u64(view, "lines", clock->lines);
	tree_add_word(view, "how", hows[how]);
	if (how == MERGE_NOT)
		return view;
	tree_add_word(view, "sure", sure_of(clock));
	if (clock->clock == LOG_BOOT)
		add_signed(view, "began_ns", clock->offset_ns -
			   (int64_t)phases->started_ns);
	else
		add_signed(view, "shift_ns", clock->offset_ns -
			   host_offset);
	if (how == MERGE_BOTH || how == MERGE_BARS || how == MERGE_NEIGHBOUR)
		tree_add_u64(view, "within_ns", clock->within_ns);
	if (clock->bars) {
		tree_add_u64(view, "bars", clock->bars);
		tree_add_u64(view, "fits", clock->fits);
	}
	if (how == MERGE_BARS)
		tree_add_u64(view, "next_fits", clock->next_fits);
	return view;
}

static struct json_object *request_view(const struct region *region)
{
	struct json_object *view = tree_new();

	tree_add_word(view, "request", region->map ? "map" :
		      region->unasked ? "end" : "unmap");
	if (region->map)
		tree_add_word(view, "backing", phase_backing(region->backing));
	tree_add_u64(view, "bytes", region->bytes);
	tree_add_u64(view, "ns", region->ns);
	return view;
}

static struct json_object *line_view(const struct merge_line *line,
				     const struct phases *phases)
{
	struct json_object *view = tree_new();

	tree_add_u64(view, "at_ns", line->at_ns);
	tree_add_word(view, "clock", merge_clock_name(line->clock->clock));
	tree_add_word(view, "text", line->text);
	tree_add_u64(view, "silence_ns", line->silence_ns);
	tree_add(view, "notable", json_object_new_boolean(line->notable));
	if (line->request != SIZE_MAX)
		tree_add(view, "during",
			 request_view(&phases->regions[line->request]));
	return view;
}

static struct json_object *lines_view(const struct merge *merge,
				      const struct phases *phases,
				      uint64_t limit)
{
	struct json_object *lines = tree_new_list();

	for (size_t i = 0; i < merge->nr; i++) {
		const struct merge_line *line = &merge->lines[i];

		if (limit == UINT64_MAX ||
		    (line->notable && tree_length(lines) < limit))
			tree_append(lines, line_view(line, phases));
	}
	return lines;
}

struct json_object *merge_view(const struct merge *merge,
			       const struct phases *phases, uint64_t limit)
{
	struct json_object *view = tree_new(), *lines;
	struct json_object *clocks = tree_new_list();
	const struct log *log = &merge->log;

	for (size_t i = 0; i < merge->nr_clocks; i++)
		tree_append(clocks, clock_view(&merge->clocks[i], phases,
					       merge->host_offset));
	lines = lines_view(merge, phases, limit);
	tree_add_word(view, "file", merge->path);
	tree_add_u64(view, "read", log->read);
	tree_add_u64(view, "without_time", log->untimed);
	tree_add_u64(view, "outside", merge->outside);
	tree_add_u64(view, "unplaced", merge->unplaced);
	tree_add_u64(view, "too_many", log->left_out);
	tree_add_u64(view, "jumps", log->jumps);
	tree_add_u64(view, "jump_ns", log->jump_ns);
	tree_add(view, "clocks", clocks);
	tree_add_u64(view, "left_out", merge->nr - tree_length(lines));
	tree_add(view, "lines", lines);
	return view;
}

/* ---- text ---- */

static const char *how_says(struct json_object *clock)
{
	static const struct {
		const char *how;
		const char *says;
	} says[] = {
		{ "none", "nothing ties it to the recording" },
		{ "told", "as --offset tells" },
		{ "host-clock", "the recording has it, too" },
		{ "both-clocks", "its lines have the host's time, too" },
		{ "bars", "from the BARs that were mapped" },
		{ "guest-wall-clock", "taken for the host's" },
		{ "neighbours", "from lines of its wall clock behind" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(says); i++)
		if (tree_is(clock, "how", says[i].how))
			return says[i].says;
	return "";
}

static void signed_print(FILE *out, int64_t ns)
{
	fprintf(out, "%s%s", ns < 0 ? "-" : "",
		human_ns(ns < 0 ? -(uint64_t)ns : (uint64_t)ns).s);
}

static int64_t signed_key(struct json_object *obj, const char *key)
{
	return json_object_get_int64(tree_get(obj, key));
}

char *merge_says(struct json_object *clock)
{
	struct paper paper;
	FILE *out;

	paper_open(&paper);
	out = paper.out;
	if (tree_is(clock, "clock", "guest-boot"))
		fputs("The guest's [seconds]", out);
	else
		fprintf(out, "The %s's wall clock", tree_word(clock, "clock"));
	if (tree_get(clock, "began_ns")) {
		fputs(" began at ", out);
		signed_print(out, signed_key(clock, "began_ns"));
	} else if (signed_key(clock, "shift_ns")) {
		fputs(" is moved by ", out);
		signed_print(out, signed_key(clock, "shift_ns"));
	}
	fprintf(out, ": %s", how_says(clock));
	if (tree_get(clock, "sure"))
		fprintf(out, "; %s", tree_word(clock, "sure"));
	if (tree_get(clock, "within_ns"))
		fprintf(out, ", within %s",
			human_key(clock, "within_ns", "ns").s);
	if (tree_get(clock, "bars"))
		fprintf(out, "; %ju of %ju 'enabling device' line%s at a BAR's map",
			(uintmax_t)tree_u64_or_0(clock, "fits"),
			(uintmax_t)tree_u64_or_0(clock, "bars"),
			human_s(tree_u64_or_0(clock, "bars")));
	if (tree_get(clock, "next_fits"))
		fprintf(out, ", elsewhere %ju at most",
			(uintmax_t)tree_u64_or_0(clock, "next_fits"));
	fputs(".", out);
	return paper_close(&paper);
}

char *merge_during(struct json_object *line)
{
	struct json_object *during = tree_get(line, "during");

	if (!during)
		return alloc_copy("");
	return alloc_print("%s %s%s", tree_word(during, "request"),
			   human_key(during, "bytes", "bytes").s,
			   tree_get(during, "backing") &&
			   tree_is(during, "backing", "mmio") ? " BAR" : "");
}

static void lines_text(FILE *out, struct json_object *lines)
{
	struct table *table;

	if (!tree_length(lines))
		return;
	table = table_new(4);
	table_row(table, "<AT", "SILENT", "<DURING", "<LINE");
	for (size_t i = 0; i < tree_length(lines); i++) {
		struct json_object *line = tree_at(lines, i);
		char *during = merge_during(line);

		table_cell(table, "%s", human_key(line, "at_ns", "ns").s);
		table_cell(table, "%s",
			   human_key(line, "silence_ns", "ns").s);
		table_cell(table, "%s", during);
		table_cell(table, "%s", tree_word(line, "text"));
		free(during);
	}
	table_end(table, out);
}

static void count_print(FILE *out, struct json_object *log, const char *key,
			const char *says)
{
	uint64_t nr = tree_u64_or_0(log, key);

	if (nr)
		fprintf(out, "%ju line%s %s.\n", (uintmax_t)nr, human_s(nr),
			says);
}

void text_merge(FILE *out, struct json_object *log)
{
	struct json_object *clocks = tree_get(log, "clocks");

	lines_text(out, tree_get(log, "lines"));
	for (size_t i = 0; i < tree_length(clocks); i++) {
		char *says = merge_says(tree_at(clocks, i));

		fprintf(out, "%s\n", says);
		free(says);
	}
	count_print(out, log, "left_out", "of the log not shown (--all)");
	count_print(out, log, "outside", "from before or after the process");
	count_print(out, log, "without_time", "without a time");
	count_print(out, log, "unplaced", "whose clock nothing ties to this one");
	count_print(out, log, "too_many", "too many to be kept");
	if (tree_u64_or_0(log, "jumps"))
		fprintf(out, "A wall clock of the log goes back %ju time%s, by %s at most: what is after that may be at the wrong time.\n",
			(uintmax_t)tree_u64_or_0(log, "jumps"),
			human_s(tree_u64_or_0(log, "jumps")),
			human_key(log, "jump_ns", "ns").s);
}
