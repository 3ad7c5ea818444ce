// SPDX-License-Identifier: GPL-2.0-only
/*
 * `show`: one screen whose first line is the answer. Then who maps what, what
 * it cost, and how far the numbers can be trusted. It names the keys it needs
 * and prints "-" for one that the module does not have; what does not fit is
 * announced with the command that has it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/leaf.h"
#include "base/paper.h"
#include "base/tree.h"
#include "rows.h"
#include "text_census.h"
#include "text_records.h"
#include "text_show.h"

#define MAX_ROWS	10

static struct human live_bytes(struct json_object *record, enum leaf leaf)
{
	char key[32];

	snprintf(key, sizeof(key), "live_%s_bytes", leaf_words[leaf]);
	return human_key(record, key, "bytes");
}

static void print_answer(FILE *out, struct json_object *live)
{
	uint64_t inexact = tree_u64_or_0(live, "inexact_domains");
	uint64_t domains = tree_u64_or_0(live, "domains");
	uint64_t bytes;

	/* Where something was not seen, 0 is a number like any other. */
	if (!inexact && tree_u64(live, "live_bytes", &bytes) && !bytes)
		domains = 0;
	if (!domains) {
		fputs("Nothing is mapped for VFIO.\n", out);
		return;
	}
	fprintf(out, "%s%s mapped in %ju domain%s", inexact ? "~" : "",
		human_key(live, "live_bytes", "bytes").s, (uintmax_t)domains,
		human_s(domains));
	if (tree_get(live, "live_bytes") && !tree_get(live, "live_4k_bytes")) {
		fputs(", in leaves that are not known.\n", out);
		return;
	}
	fputc(':', out);
	for (int leaf = LEAF_1G; leaf >= LEAF_4K; leaf--)
		fprintf(out, "%s %s%s in %s leaves", leaf < LEAF_1G ? "," : "",
			inexact ? "~" : "", live_bytes(live, leaf).s,
			leaf_names[leaf]);
	fputs(".\n", out);
}

/* Of those that have gone only what they did matters. */
static bool is_idle(struct json_object *process)
{
	return tree_is(process, "alive", "0") &&
	       !tree_u64_or_0(process, "region_map_calls") &&
	       !tree_u64_or_0(process, "teardown_calls");
}

static void busy_add(const char *id, struct json_object *process, void *busy)
{
	if (!is_idle(process))
		tree_add(busy, id, json_object_get(process));
}

static void print_processes(FILE *out, struct json_object *processes,
			    struct json_object *schema)
{
	struct json_object *busy = tree_new();

	tree_each(processes, busy_add, busy);
	rows_print(out, busy, &process_rows, schema, rows_max(MAX_ROWS),
		   "processes");
	json_object_put(busy);
}

static void print_teardown(FILE *out, struct json_object *teardown)
{
	uint64_t ns = tree_u64_or_0(teardown, "ns"), flush;

	if (!ns)
		return;
	fprintf(out, "Of the teardown, %s was unmap, ",
		human_percent(tree_u64_or_0(teardown, "unmap_ns"), ns).s);
	if (tree_u64(teardown, "flush_ns", &flush))
		fprintf(out, "%s flush, ", human_percent(flush, ns).s);
	fprintf(out, "%s unpin and %s the walk that finds the pages.\n",
		human_percent(tree_u64_or_0(teardown, "unpin_ns"), ns).s,
		human_percent(tree_u64_or_0(teardown, "walk_ns"), ns).s);
}

/* The rest of them are counted. */
#define MAX_INEXACT	10

static int print_inexact(FILE *out, struct json_object *inexact)
{
	int doubts = 0;

	tree_foreach(inexact, id, reasons) {
		char *joined;

		(void)reasons;
		if (doubts++ >= MAX_INEXACT)
			continue;
		joined = tree_join(inexact, id);
		fprintf(out, "%s domain %s inexact (%s)", doubts > 1 ? "," : "",
			id, joined);
		free(joined);
	}
	if (doubts > MAX_INEXACT)
		fprintf(out, ", and %d domains more", doubts - MAX_INEXACT);
	return doubts;
}

static int print_blind(FILE *out, struct json_object *blind, int doubts)
{
	tree_foreach(blind, row, probe)
		fprintf(out, "%s probe %s %s", doubts++ ? "," : "", row,
			tree_word(probe, "state"));
	return doubts;
}

static bool key_begins(const char *key, const char *const *prefixes)
{
	while (*prefixes && strncmp(key, *prefixes, strlen(*prefixes)))
		prefixes++;
	return *prefixes;
}

/* Events that took something from the numbers, or others worth a word. */
static int print_events(FILE *out, struct json_object *quality,
			struct json_object *schema, bool losses, int printed)
{
	static const char *const loss[] = {
		"probe_missed", "lost_", "unknown_", "unread_", "overmapped_",
		NULL
	};
	static const char *const own[] = { "self_", "filtered_", NULL };

	tree_foreach(quality, key, val) {
		const char *unit = tree_word(tree_get(schema, key), "unit");

		(void)val;
		if (tree_u64_or_0(quality, key) && !key_begins(key, own) &&
		    key_begins(key, loss) == losses)
			fprintf(out, "%s %s %s", printed++ ? "," : "",
				human_key(quality, key, unit).s, key);
	}
	return printed;
}

static void print_quality(FILE *out, struct json_object *quality,
			  struct json_object *schema)
{
	int doubts;

	fputs("Quality:", out);
	doubts = print_inexact(out, tree_get(quality, "inexact"));
	doubts = print_blind(out, tree_get(quality, "blind"), doubts);
	doubts = print_events(out, quality, schema, true, doubts);
	fprintf(out, "%s; own time %s in %s call%s.\n",
		doubts ? "" : " nothing missed, nothing lost",
		human_key(quality, "self_ns", "ns").s,
		human_key(quality, "self_calls", "calls").s,
		human_s(tree_u64_or_0(quality, "self_calls")));
}

/* Whether the tables hold what has been counted, where that was looked at. */
static void print_check(FILE *out, struct json_object *check)
{
	uint64_t domains = tree_u64_or_0(check, "domains");

	fputs("Self-check: ", out);
	if (tree_u64_or_0(check, "made"))
		text_verdicts(out, check);
	else if (tree_get(check, "leaves"))
		fputs("not made, it may take long (iovascope show --check)",
		      out);
	else
		fputs("not made, this module has no census", out);
	if (tree_u64_or_0(tree_get(check, "verdicts"), "equal") != domains)
		fputs(" (iovascope check)", out);
	fputs(".\n", out);
}

static void print_waiting(FILE *out, struct json_object *waiting)
{
	tree_foreach(waiting, module, probes)
		fprintf(out, "Waiting for %s to be loaded (%s probe%s).\n",
			module, json_object_get_string(probes),
			human_s(json_object_get_uint64(probes)));
}

static void print_others(FILE *out, struct json_object *quality,
			 struct json_object *schema)
{
	struct paper paper;
	char *events;

	paper_open(&paper);
	if (print_events(paper.out, quality, schema, false, 0))
		fputc('.', paper.out);
	events = paper_close(&paper);
	if (*events)
		fprintf(out, "Also seen:%s\n", events);
	free(events);
}

/* A screen that is sent to somebody else must say whose it is. */
static void print_host(FILE *out, struct json_object *view)
{
	struct json_object *host = tree_get(view, "host");

	if (host)
		fprintf(out, "Host %s, %s. ", tree_word(host, "name"),
			tree_word(host, "time"));
	if (tree_get(view, "watched_ns"))
		fprintf(out, "The module has watched for %s.",
			human_key(view, "watched_ns", "ns").s);
	if (host || tree_get(view, "watched_ns"))
		fputc('\n', out);
}

void text_show(FILE *out, struct json_object *view, struct json_object *schema)
{
	struct json_object *quality = tree_get(view, "quality");
	struct json_object *info = tree_get(view, "info");

	text_interval(out, view);
	if (tree_get(view, "incident"))
		fprintf(out, "%s\n", tree_word(view, "incident"));
	print_answer(out, tree_get(view, "live"));
	rows_print(out, tree_get(view, "inflight"), &inflight_rows, schema,
		   rows_max(MAX_ROWS), "inflight");
	rows_print(out, tree_get(view, "domains"), &domain_rows, schema,
		   rows_max(MAX_ROWS), "domains");
	print_processes(out, tree_get(view, "processes"), schema);
	text_cost(out, tree_get(view, "cost"));
	fputc('\n', out);
	print_host(out, view);
	print_teardown(out, tree_get(view, "teardown"));
	print_others(out, quality, schema);
	print_quality(out, quality, schema);
	print_check(out, tree_get(view, "check"));
	print_waiting(out, tree_get(quality, "waiting"));
	if (tree_is(info, "unverified", "1"))
		fputs("Unverified: this kernel is newer than any iovascope was written for; iovascope check, while something is mapped, tells.\n",
		      out);
	if (tree_get(info, "note"))
		fprintf(out, "Note: %s.\n", tree_word(info, "note"));
}
