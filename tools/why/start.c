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
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/request.h"
#include "base/tree.h"
#include "cause.h"
#include "duplicates.h"
#include "finding.h"
#include "inflight.h"
#include "lookup.h"
#include "read/blind.h"
#include "read/names.h"
#include "read/snapshot.h"
#include "record/asked.h"
#include "refusals.h"
#include "spent.h"
#include "start.h"

#define NEGLIGIBLE_NS	100000000ull

/* What the probe of @feed does not count is left over in @phase. */
static const struct {
	const char *feed;
	const char *phase;
} rests[] = {
	{ "pin", "map_rest_ns" },
	{ "unpin", "walk_ns" },
	{ "teardown", "unmap_rest_ns" },
};

/* What is asked about, what has been found, and the answer. */
struct start {
	struct json_object *snap;
	struct spent spent;
	struct findings findings;
	struct json_object *view;
};

/*
 * Who was refused before anything of it succeeded has no sums at all. The
 * record that is made of the refusal belongs to the snapshot.
 */
static struct json_object *refused_beginner(struct json_object *snap,
					    uint64_t pid)
{
	tree_foreach(tree_get(snap, "refusals"), id, refusal) {
		struct json_object *made;

		if (tree_u64_or_0(refusal, "pid") != pid)
			continue;
		made = tree_new();
		tree_share(made, refusal, "pid");
		tree_share(made, refusal, "comm");
		tree_add_u64(made, "pin_faulting_ns", 0);
		tree_add(tree_get(snap, "processes"), id, made);
		return made;
	}
	return NULL;
}

/* A PID may have been used again: the process that came last is meant. */
static struct json_object *find_process(struct json_object *snap, uint64_t pid)
{
	struct json_object *found = NULL;

	tree_foreach(tree_get(snap, "processes"), id, record) {
		(void)id;
		if (tree_u64_or_0(record, "pid") == pid &&
		    (!found || tree_u64_or_0(record, "first_ns") >=
			       tree_u64_or_0(found, "first_ns")))
			found = record;
	}
	if (!found)
		found = inflight_beginner(snap, pid);
	if (!found && refusals_has(snap, pid))
		found = refused_beginner(snap, pid);
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
static uint64_t mapping_add(struct start *start, struct json_object *phases)
{
	struct json_object *snap = start->snap;
	struct spent *spent = &start->spent;
	uint64_t pin = spent_value(spent, "pin_ns");
	uint64_t map = spent_value(spent, "map_ns"), parts, rest;
	uint64_t touch = spent_value(spent, "pin_faulting_ns");
	uint64_t region = spent_value(spent, "region_map_ns") +
			  inflight_ns(snap, spent->pid, "region_map");

	spent->touch_ns = touch < pin ? touch : pin;
	spent->unfinished_ns = inflight_ns(snap, spent->pid, "pin") +
			       inflight_ns(snap, spent->pid, "map");
	parts = pin + map + spent->unfinished_ns;
	rest = without(region, parts);
	tree_add_u64(phases, "first_touch_ns", spent->touch_ns);
	tree_add_u64(phases, "pin_lookup_ns", pin - spent->touch_ns);
	tree_add_u64(phases, "map_ns", map);
	tree_add_u64(phases, "unfinished_ns", spent->unfinished_ns);
	tree_add_u64(phases, "map_rest_ns", rest);
	return parts + rest;
}

static uint64_t unmapping_add(struct start *start, struct json_object *phases)
{
	struct json_object *snap = start->snap;
	const struct spent *spent = &start->spent;
	uint64_t unmap = spent_value(spent, "unmap_ns");
	uint64_t unpin = spent_value(spent, "unpin_ns");
	uint64_t flush = spent_value(spent, "flush_ns");
	uint64_t parts = unmap + unpin + flush;
	uint64_t walk = without(spent_value(spent, "teardown_ns") +
				inflight_ns(snap, spent->pid, "teardown"),
				parts);
	uint64_t region = spent_value(spent, "region_unmap_ns") +
			  inflight_ns(snap, spent->pid, "region_unmap");
	uint64_t rest = without(region, walk + parts);

	tree_add_u64(phases, "walk_ns", walk);
	tree_add_u64(phases, "unmap_ns", unmap);
	if (tree_get(tree_get(snap, "schema"), "flush_ns"))
		tree_add_u64(phases, "flush_ns", flush);
	tree_add_u64(phases, "unpin_ns", unpin);
	tree_add_u64(phases, "unmap_rest_ns", rest);
	return walk + parts + rest;
}

static void phases_add(struct start *start)
{
	struct json_object *phases = tree_new();

	start->spent.total_ns = mapping_add(start, phases);
	start->spent.total_ns += unmapping_add(start, phases);
	tree_add(start->view, "phases", phases);
	tree_add_u64(start->view, "total_ns", start->spent.total_ns);
}

static uint64_t phase_ns(const struct start *start, const char *phase)
{
	return tree_u64_or_0(tree_get(start->view, "phases"), phase);
}

static struct json_object *judge_walk(const struct start *start)
{
	const struct spent *spent = &start->spent;
	uint64_t bytes = spent_value(spent, "teardown_bytes");
	uint64_t ns = phase_ns(start, "walk_ns");
	struct json_object *found;

	if (blind_probe(start->snap, "unpin"))
		return NULL;
	found = cause_of_time(CAUSE_TEARDOWN_WALK, ns, spent->total_ns);
	if (found)
		cause_evidence(found, "%s of %s in teardown went neither into unmapping nor unpinning",
			       human_ns(ns).s,
			       human_ns(spent_value(spent, "teardown_ns")).s);
	if (found && bytes)
		cause_evidence(found, "%s were torn down",
			       human_bytes(bytes).s);
	return found;
}

static struct json_object *judge_entries(const struct spent *spent)
{
	uint64_t bytes = spent_value(spent, "map_bytes");
	struct json_object *found;

	found = cause_of_time(CAUSE_MAP_ENTRIES, spent_value(spent, "map_ns"),
			      spent->total_ns);
	if (found && !bytes)
		cause_evidence(found, "nothing was mapped for it: the calls failed, or were not counted");
	else if (found)
		cause_evidence(found, "%ju call%s mapped %s by %ju 4K, %ju 2M and %ju 1G leaves",
			       (uintmax_t)spent_value(spent, "map_calls"),
			       human_s(spent_value(spent, "map_calls")),
			       human_bytes(bytes).s,
			       (uintmax_t)spent_value(spent, "added_4k_leaves"),
			       (uintmax_t)spent_value(spent, "added_2m_leaves"),
			       (uintmax_t)spent_value(spent, "added_1g_leaves"));
	return found;
}

/* Neither pinned nor mapped, or neither unpinned nor unmapped. */
static void gap_miss(const struct start *start, const char *phase,
		     const char *feed)
{
	uint64_t ns = phase_ns(start, phase);

	if (ns >= NEGLIGIBLE_NS && ns >= start->spent.total_ns / 10 &&
	    !blind_probe(start->snap, feed))
		findings_miss(&start->findings, "what %s of %s were: in the calls, but in none of their parts (waiting for a lock, or accounting)",
			      human_ns(ns).s, phase);
}

/* The time that a blind probe would have counted is in @phase. */
static struct json_object *judge_blind(const struct start *start,
				       const char *feed, const char *phase)
{
	const char *row = blind_probe(start->snap, feed);
	struct json_object *found;

	if (!row)
		return NULL;
	found = cause_of_time(CAUSE_BLIND_PROBE, phase_ns(start, phase),
			      start->spent.total_ns);
	if (!found)
		return NULL;
	tree_add_word(found, "probe", row);
	cause_says(found, "what it is, the module cannot see: its probe %s is not attached",
		   row);
	cause_evidence(found, "%s is not counted: its time is in %s",
		       feed, phase);
	return found;
}

static void list_add(struct json_object *to, struct json_object *from)
{
	for (size_t i = 0; i < tree_length(from); i++)
		tree_append(to, json_object_get(tree_at(from, i)));
}

static struct json_object *target_of(struct json_object *snap,
				     const struct spent *spent)
{
	struct json_object *domains = tree_get(snap, "domains");
	struct json_object *target = tree_new();

	tree_add_word(target, "kind", "pid");
	tree_share(target, spent->record, "pid");
	tree_share(target, spent->record, "comm");
	names_share(target, spent->record);
	tree_add(target, "domains", tree_new_list());
	tree_add(target, "devices", tree_new_list());
	tree_foreach(domains, id, domain) {
		struct json_object *devices = tree_get(domain, "devices");

		if (tree_u64_or_0(domain, "pid") != spent->pid ||
		    tree_is(domain, "backend", "none"))
			continue;
		tree_append_word(tree_get(target, "domains"), id);
		list_add(tree_get(target, "devices"), devices);
	}
	return target;
}

/* What is stuck first, then by time. */
static void causes_order(struct start *start, struct json_object *stuck)
{
	struct json_object *causes = tree_get(start->view, "causes");

	tree_sort(causes, "ns", "fixable");
	list_add(stuck, causes);
	tree_add(start->view, "causes", stuck);
	start->findings = findings_of(start->view);
}

/* The cause with most time that can be fixed, when that is worth it. */
static struct json_object *worth_fixing(const struct start *start)
{
	struct json_object *causes = start->findings.causes;

	if (start->spent.total_ns < NEGLIGIBLE_NS)
		return NULL;
	for (size_t i = 0; i < tree_length(causes); i++) {
		struct json_object *cause = tree_at(causes, i);

		if (tree_u64_or_0(cause, "fixable") &&
		    (!i || tree_u64_or_0(cause, "ns") >= NEGLIGIBLE_NS))
			return cause;
	}
	return NULL;
}

static void answer_time(const struct start *start, struct json_object *top,
			struct json_object *fix)
{
	uint64_t unfinished = start->spent.unfinished_ns;
	struct human total = human_ns(start->spent.total_ns);

	if (start->spent.total_ns < NEGLIGIBLE_NS ||
	    (!top && unfinished < NEGLIGIBLE_NS))
		answer_give(start->view, fix, "Nothing to fix: its VFIO calls took %s in all.",
			    total.s);
	else if (unfinished > tree_u64_or_0(top, "ns"))
		answer_give(start->view, fix, "Not finished: %s of %s in VFIO calls are in one that has not returned.",
			    human_ns(unfinished).s, total.s);
	else if (fix && fix != top)
		answer_give(start->view, fix, "%s of %s in VFIO calls (%s): %s; %s can be fixed (%s): %s.",
			    human_key(top, "ns", "ns").s, total.s,
			    tree_word(top, "cause"), tree_word(top, "says"),
			    human_key(fix, "ns", "ns").s,
			    tree_word(fix, "cause"), tree_word(fix, "says"));
	else
		answer_give(start->view, fix, "%s%s of %s in VFIO calls (%s): %s.",
			    fix ? "" : "Nothing to fix: ",
			    human_key(top, "ns", "ns").s, total.s,
			    tree_word(top, "cause"), tree_word(top, "says"));
}

static void start_answer(const struct start *start)
{
	struct json_object *top = tree_at(start->findings.causes, 0);

	if (tree_is(top, "cause", "stuck-pin"))
		answer_give(start->view, true, "The start does not go on (stuck-pin): %s.",
			    tree_word(top, "says"));
	else
		answer_time(start, top, worth_fixing(start));
	refusals_answer(start->view);
}

static struct json_object *read_snapshot(const struct request *request)
{
	struct json_object *snap;

	if (request->from_file)
		return snapshot_load(request->from_file);
	snap = snapshot_read(request->debugfs, SECTION_PROCESSES |
			     SECTION_DOMAINS | SECTION_INFLIGHT |
			     SECTION_PROBES);
	snapshot_add(snap, request->debugfs, 0,
		     SECTION_CENSUS | SECTION_REFUSALS);
	refusals_add_around(snap, request->debugfs);
	return snap;
}

static void check_usage(const struct request *request)
{
	if (*request->args)
		fail(EXIT_USAGE, "why --start takes no other argument: '%s'",
		     *request->args);
	if (request->want)
		fail(EXIT_USAGE, "why --start does not take --want: it is about time");
}

/* Duplicates come before lookups, because they take their share of them. */
static void start_judge(struct start *start, const char *debugfs)
{
	const struct findings *findings = &start->findings;
	struct spent *spent = &start->spent;

	findings_add(findings, lookup_judge_touch(spent, findings));
	findings_add(findings, lookup_judge_bars(spent, findings));
	findings_add(findings,
		     duplicates_judge(spent, findings, start->snap,
				      tree_get(start->view, "target"),
				      debugfs));
	findings_add(findings, lookup_judge_base(spent, findings));
	findings_add(findings, lookup_judge_huge(spent));
	findings_add(findings, judge_walk(start));
	findings_add(findings, judge_entries(spent));
	gap_miss(start, "map_rest_ns", "pin");
	gap_miss(start, "unmap_rest_ns", "teardown");
	for (size_t i = 0; i < ARRAY_SIZE(rests); i++) {
		answer_blind(start->view, start->snap, rests[i].feed);
		findings_add(findings, judge_blind(start, rests[i].feed,
						   rests[i].phase));
	}
}

static struct json_object *read_recording(const struct request *request)
{
	if (request->from_file)
		fail(EXIT_USAGE, "why --start of a recording does not take --input");
	if (access(request->start_file, F_OK))
		fail(EXIT_USAGE, "%s: neither a PID nor a recording: %s",
		     request->start_file, strerror(errno));
	return read_recorded_start(request);
}

struct json_object *read_start(const struct request *request)
{
	struct start start = {
		.view = answer_new("start"),
		.spent.recorded = request->from_file,
		.spent.pid = request->start,
	};
	struct spent *spent = &start.spent;
	struct json_object *stuck;

	check_usage(request);
	if (request->start_file) {
		json_object_put(start.view);
		return read_recording(request);
	}
	start.findings = findings_of(start.view);
	start.snap = read_snapshot(request);
	spent->record = find_process(start.snap, spent->pid);
	tree_add(start.view, "target", target_of(start.snap, spent));
	tree_add(start.view, "refusals", refusals_of(start.snap, spent->pid));
	phases_add(&start);
	tree_add(start.view, "backings",
		 lookup_backings(spent, &start.findings));
	stuck = inflight_stuck(start.snap, spent, &start.findings);
	inflight_unknown(start.snap, spent->pid, &start.findings);
	start_judge(&start, request->debugfs);
	causes_order(&start, stuck);
	start_answer(&start);
	json_object_put(start.snap);
	return start.view;
}
