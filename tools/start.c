// SPDX-License-Identifier: GPL-2.0-only
/*
 * `why --start`: where the seconds went that a process spent in VFIO. The
 * module's sums of the process are taken apart: a region is mapped by pins and
 * maps, and torn down by a walk, unmaps and unpins; what is left of each is
 * the rest (accounting, the ioctl itself).
 *
 * Each nanosecond is in one phase, and has one cause at most.
 *
 *	inflight.c	calls that have not returned
 *	lookup.c	what looking up page frames took
 *	duplicates.c	memory that was pinned more than once
 *
 * Where a probe is blind, its calls are in the rest of the phase around them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blind.h"
#include "cause.h"
#include "command.h"
#include "fail.h"
#include "human.h"
#include "snapshot.h"
#include "start.h"
#include "tree.h"
#include "why.h"

#define NEGLIGIBLE_NS	100000000ull

uint64_t start_value(const struct start *start, const char *key)
{
	return tree_u64_or_0(start->record, key);
}

/* A PID may have been used again: the process that came last is meant. */
static struct json_object *find_process(struct json_object *snap, uint64_t pid)
{
	struct json_object *found = NULL;

	json_object_object_foreach(tree_get(snap, "processes"), id, record) {
		(void)id;
		if (tree_u64_or_0(record, "pid") == pid &&
		    (!found || tree_u64_or_0(record, "first_ns") >=
			       tree_u64_or_0(found, "first_ns")))
			found = record;
	}
	if (!found)
		found = inflight_beginner(snap, pid);
	if (!found)
		fail(EXIT_USAGE, "%ju: no such process (`iovascope processes` lists them)",
		     (uintmax_t)pid);
	return found;
}

/*
 * What a process is in the middle of has no sum yet, but its parts that are
 * done have: the larger of both is what has been spent so far. Attaching a
 * device pins and maps outside of any region, too. Phases add up to the total.
 */
static uint64_t tell_mapping(struct start *start, struct json_object *phases)
{
	uint64_t pin = start_value(start, "pin_ns");
	uint64_t map = start_value(start, "map_ns"), parts, rest;
	uint64_t region = start_value(start, "region_map_ns") +
			  inflight_ns(start->snap, start->pid, "region_map");

	start->touch = least(start_value(start, "pin_faulting_ns"), pin);
	start->unfinished = inflight_ns(start->snap, start->pid, "pin") +
			    inflight_ns(start->snap, start->pid, "map");
	parts = pin + map + start->unfinished;
	rest = less(region, parts);
	tree_add_u64(phases, "first_touch_ns", start->touch);
	tree_add_u64(phases, "pin_lookup_ns", pin - start->touch);
	tree_add_u64(phases, "map_ns", map);
	tree_add_u64(phases, "unfinished_ns", start->unfinished);
	tree_add_u64(phases, "map_rest_ns", rest);
	return parts + rest;
}

static uint64_t tell_unmapping(struct start *start, struct json_object *phases)
{
	uint64_t unmap = start_value(start, "unmap_ns");
	uint64_t unpin = start_value(start, "unpin_ns");
	uint64_t flush = start_value(start, "flush_ns");
	uint64_t parts = unmap + unpin + flush;
	uint64_t walk = less(start_value(start, "teardown_ns") +
			     inflight_ns(start->snap, start->pid, "teardown"),
			     parts);
	uint64_t region = start_value(start, "region_unmap_ns") +
			  inflight_ns(start->snap, start->pid, "region_unmap");
	uint64_t rest = less(region, walk + parts);

	tree_add_u64(phases, "walk_ns", walk);
	tree_add_u64(phases, "unmap_ns", unmap);
	if (tree_get(tree_get(start->snap, "schema"), "flush_ns"))
		tree_add_u64(phases, "flush_ns", flush);
	tree_add_u64(phases, "unpin_ns", unpin);
	tree_add_u64(phases, "unmap_rest_ns", rest);
	return walk + parts + rest;
}

static void tell_phases(struct start *start)
{
	struct json_object *phases = tree_new();

	start->total = tell_mapping(start, phases);
	start->total += tell_unmapping(start, phases);
	tree_add(start->view, "phases", phases);
	tree_add_u64(start->view, "total_ns", start->total);
}

struct json_object *start_add(struct start *start, enum cause cause,
			      uint64_t ns)
{
	uint64_t percent = start->total ? ns / (start->total / 100 + 1) : 0;
	struct json_object *found;

	if (!ns || ns < start->total / 100)
		return NULL;
	found = cause_new(cause);
	tree_add_u64(found, "ns", ns);
	tree_add_u64(found, "percent", percent > 100 ? 100 : percent);
	json_object_array_add(tree_get(start->view, "causes"), found);
	return found;
}

static void judge_rest(struct start *start)
{
	uint64_t bytes = start_value(start, "teardown_bytes");
	struct json_object *phases = tree_get(start->view, "phases"), *found;

	found = blind_probe(start->snap, "unpin") ? NULL :
		start_add(start, CAUSE_TEARDOWN_WALK,
			  tree_u64_or_0(phases, "walk_ns"));
	if (found)
		cause_evidence(found, "%s of %s in teardown went neither into unmapping nor unpinning; %s were torn down",
			       human_key(phases, "walk_ns", "ns").s,
			       human_ns(start_value(start, "teardown_ns")).s,
			       human_bytes(bytes).s);
	found = start_add(start, CAUSE_MAP_ENTRIES,
			  start_value(start, "map_ns"));
	if (found)
		cause_evidence(found, "%ju calls mapped %s by %ju 4K, %ju 2M and %ju 1G leaves",
			       (uintmax_t)start_value(start, "map_calls"),
			       human_bytes(start_value(start, "map_bytes")).s,
			       (uintmax_t)start_value(start, "added_4k_leaves"),
			       (uintmax_t)start_value(start, "added_2m_leaves"),
			       (uintmax_t)start_value(start, "added_1g_leaves"));
}

/* Neither pinned nor mapped, or neither unpinned nor unmapped. */
static void tell_gap(struct start *start, const char *phase, const char *feed)
{
	struct json_object *phases = tree_get(start->view, "phases");
	uint64_t ns = tree_u64_or_0(phases, phase);

	if (ns >= NEGLIGIBLE_NS && ns >= start->total / 10 &&
	    !blind_probe(start->snap, feed))
		missing_add(start->view, "what %s of %s were: in the calls, but in none of their parts (waiting for a lock, or accounting)",
			    human_ns(ns).s, phase);
}

/* What a blind probe would have counted is in the rest of a phase. */
static void judge_blind(struct start *start)
{
	static const struct {
		const char *feed;
		const char *phase;
	} rests[] = {
		{ "pin", "map_rest_ns" },
		{ "unpin", "walk_ns" },
		{ "teardown", "unmap_rest_ns" },
	};
	struct json_object *phases = tree_get(start->view, "phases"), *found;

	for (size_t i = 0; i < ARRAY_SIZE(rests); i++) {
		const char *feed = rests[i].feed;
		const char *row = blind_probe(start->snap, feed);

		blind_tell(start->view, start->snap, feed);
		if (!row)
			continue;
		found = start_add(start, CAUSE_BLIND_PROBE,
				  tree_u64_or_0(phases, rests[i].phase));
		if (!found)
			continue;
		tree_add(found, "probe", json_object_new_string(row));
		cause_says(found, "what it is, the module cannot see: its probe %s is not attached",
			   row);
		cause_evidence(found, "%s is not counted: its time is in %s",
			       feed, rests[i].phase);
	}
}

static void add_all(struct json_object *to, struct json_object *from)
{
	for (size_t i = 0; from && i < json_object_array_length(from); i++) {
		struct json_object *item = json_object_array_get_idx(from, i);

		json_object_array_add(to, json_object_get(item));
	}
}

static struct json_object *target_of(const struct start *start)
{
	struct json_object *domains = tree_get(start->snap, "domains");
	struct json_object *target = tree_new();

	tree_add(target, "kind", json_object_new_string("pid"));
	tree_share(target, start->record, "pid");
	tree_share(target, start->record, "comm");
	tree_add(target, "domains", json_object_new_array());
	tree_add(target, "devices", json_object_new_array());
	json_object_object_foreach(domains, id, domain) {
		struct json_object *devices = tree_get(domain, "devices");

		if (tree_u64_or_0(domain, "pid") != start->pid ||
		    tree_is(domain, "backend", "none"))
			continue;
		json_object_array_add(tree_get(target, "domains"),
				      json_object_new_string(id));
		add_all(tree_get(target, "devices"), devices);
	}
	return target;
}

static int by_ns(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a;
	struct json_object *y = *(struct json_object *const *)b;
	uint64_t u = tree_u64_or_0(x, "ns"), v = tree_u64_or_0(y, "ns");

	if (u == v) {
		u = tree_u64_or_0(x, "fixable");
		v = tree_u64_or_0(y, "fixable");
	}
	return (u < v) - (u > v);
}

/* What is stuck first, then by time. */
static void order(struct start *start, struct json_object *first)
{
	struct json_object *causes = tree_get(start->view, "causes");

	json_object_array_sort(causes, by_ns);
	add_all(first, causes);
	tree_add(start->view, "causes", first);
}

/* The cause with most time that can be fixed, when that is worth it. */
static struct json_object *worth_fixing(const struct start *start)
{
	struct json_object *causes = tree_get(start->view, "causes");

	if (start->total < NEGLIGIBLE_NS)
		return NULL;
	for (size_t i = 0; i < json_object_array_length(causes); i++) {
		struct json_object *cause =
			json_object_array_get_idx(causes, i);

		if (tree_u64_or_0(cause, "fixable") &&
		    (!i || tree_u64_or_0(cause, "ns") >= NEGLIGIBLE_NS))
			return cause;
	}
	return NULL;
}

static char *compose(const struct start *start, struct json_object *top,
		     struct json_object *fix)
{
	struct human total = human_ns(start->total);
	char *line;
	int len;

	if (start->total < NEGLIGIBLE_NS ||
	    (!top && start->unfinished < NEGLIGIBLE_NS))
		len = asprintf(&line, "Nothing to fix: its VFIO calls took %s in all.",
			       total.s);
	else if (start->unfinished > tree_u64_or_0(top, "ns"))
		len = asprintf(&line, "Not finished: %s of %s in VFIO calls are in one that has not returned.",
			       human_ns(start->unfinished).s, total.s);
	else if (fix && fix != top)
		len = asprintf(&line, "%s of %s in VFIO calls (%s): %s; %s can be fixed (%s): %s.",
			       human_key(top, "ns", "ns").s, total.s,
			       tree_word(top, "cause"), tree_word(top, "says"),
			       human_key(fix, "ns", "ns").s,
			       tree_word(fix, "cause"), tree_word(fix, "says"));
	else
		len = asprintf(&line, "%s%s of %s in VFIO calls (%s): %s.",
			       fix ? "" : "Nothing to fix: ",
			       human_key(top, "ns", "ns").s, total.s,
			       tree_word(top, "cause"), tree_word(top, "says"));
	if (len < 0)
		fail(EXIT_RUNTIME, "out of memory");
	return line;
}

static char *compose_stuck(struct json_object *top)
{
	char *line;

	if (asprintf(&line, "The start does not go on (stuck-pin): %s.",
		     tree_word(top, "says")) < 0)
		fail(EXIT_RUNTIME, "out of memory");
	return line;
}

static void answer(struct start *start)
{
	struct json_object *causes = tree_get(start->view, "causes");
	struct json_object *top = json_object_array_get_idx(causes, 0), *fix;
	bool is_stuck = tree_is(top, "cause", "stuck-pin");
	char *line;

	fix = is_stuck ? top : worth_fixing(start);
	line = is_stuck ? compose_stuck(top) : compose(start, top, fix);
	tree_add_u64(start->view, "fix_needed", !!fix);
	answer_says(start->view, json_object_new_string(line));
	free(line);
}

static struct json_object *read_snapshot(const struct request *request)
{
	struct json_object *snap;

	if (request->from_file)
		return snapshot_load(request->from_file);
	snap = snapshot_read(request->debugfs, SECTION_PROCESSES |
			     SECTION_DOMAINS | SECTION_INFLIGHT |
			     SECTION_PROBES);
	snapshot_add(snap, request->debugfs, 0, SECTION_CENSUS);
	return snap;
}

struct json_object *read_start(const struct request *request)
{
	struct start start = { .view = answer_new("start"),
			       .recorded = request->from_file };
	struct json_object *first;

	if (*request->args)
		fail(EXIT_USAGE, "why --start takes no other argument: '%s'",
		     *request->args);
	if (request->want)
		fail(EXIT_USAGE, "why --start does not take --want: it is about time");
	start.pid = request->start;
	start.snap = read_snapshot(request);
	start.record = find_process(start.snap, start.pid);
	tree_add(start.view, "target", target_of(&start));
	tell_phases(&start);
	lookup_tell(&start);
	first = inflight_stuck(&start);
	inflight_tell(&start);
	lookup_judge_touch(&start);
	lookup_judge_bars(&start);
	duplicates_judge(&start, request);
	lookup_judge_memory(&start);
	judge_rest(&start);
	tell_gap(&start, "map_rest_ns", "pin");
	tell_gap(&start, "unmap_rest_ns", "teardown");
	judge_blind(&start);
	order(&start, first);
	answer(&start);
	json_object_put(start.snap);
	return start.view;
}
