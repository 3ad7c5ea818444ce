// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of a process that have not returned. They are in no sum yet: who
 * asks in the middle of a start must hear of the time that they have taken so
 * far, and that a pin will not go on by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/human.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "finding.h"
#include "inflight.h"
#include "read/names.h"
#include "spent.h"

/*
 * Who is in its first call has no sums yet: none of its calls has returned. The
 * record that is made of the call belongs to the snapshot.
 */
struct json_object *inflight_beginner(struct json_object *snap, uint64_t pid)
{
	tree_foreach(tree_get(snap, "inflight"), call, record) {
		struct json_object *made;

		if (tree_u64_or_0(record, "pid") != pid)
			continue;
		made = tree_new();
		tree_share(made, record, "pid");
		tree_share(made, record, "comm");
		tree_add_u64(made, "alive", 1);
		tree_add_u64(made, "pin_faulting_ns", 0);
		tree_add(tree_get(snap, "processes"), call, made);
		return made;
	}
	return NULL;
}

/* The letter in /proc/TID/stat behind the name, which may hold anything. */
static char state_of(uint64_t tid)
{
	char *line = system_line("/proc/%ju/stat", (uintmax_t)tid);
	char *end = line ? strrchr(line, ')') : NULL;
	char state = end && end[1] == ' ' ? end[2] : '\0';

	free(line);
	return state;
}

static bool is_call(struct json_object *record, uint64_t pid, const char *op)
{
	return tree_is(record, "op", op) &&
	       tree_u64_or_0(record, "pid") == pid;
}

uint64_t inflight_ns(struct json_object *snap, uint64_t pid, const char *op)
{
	uint64_t ns = 0;

	tree_foreach(tree_get(snap, "inflight"), call, record) {
		(void)call;
		if (is_call(record, pid, op))
			ns += tree_u64_or_0(record, "age_ns");
	}
	return ns;
}

/* NULL when its task runs, however long it takes. */
static struct json_object *judge_call(const struct spent *spent,
				      const struct findings *findings,
				      const char *call,
				      struct json_object *record)
{
	uint64_t tid = strtoull(call, NULL, 10);
	uint64_t age = tree_u64_or_0(record, "age_ns");
	char state = spent->recorded ? '\0' : state_of(tid);
	struct json_object *found;

	if (state == 'R')
		return NULL;
	if (!state)
		findings_miss(findings, "whether task %ju waits or runs: /proc/%ju/stat tells nothing",
			      (uintmax_t)tid, (uintmax_t)tid);
	found = cause_new(CAUSE_STUCK_PIN);
	tree_add_u64(found, "ns", age);
	tree_add_u64(found, "percent", 100);
	tree_add_u64(found, "tid", tid);
	cause_says(found, "a pin has not returned for %s", human_ns(age).s);
	cause_evidence(found, "call %s, IOVA 0x%jx, began %s ago", call,
		       (uintmax_t)tree_u64_or_0(record, "iova"),
		       human_ns(age).s);
	if (state)
		cause_evidence(found, "its task %ju does not run: state %c",
			       (uintmax_t)tid, state);
	cause_fix(found, "look at what it waits for: cat /proc/%ju/stack (a page that a filesystem, swap or userfaultfd does not deliver)",
		  (uintmax_t)tid);
	return found;
}

struct json_object *inflight_stuck(struct json_object *snap,
				   const struct spent *spent,
				   const struct findings *findings)
{
	struct json_object *list = tree_new_list(), *found;

	tree_foreach(tree_get(snap, "inflight"), call, record) {
		if (!is_call(record, spent->pid, "pin") ||
		    tree_u64_or_0(record, "age_ns") < STUCK_NS)
			continue;
		found = judge_call(spent, findings, call, record);
		if (found)
			tree_append(list, found);
	}
	return list;
}

/* Of a whole host: the oldest pin that does not go on, if there is one. */
char *inflight_incident(struct json_object *snap)
{
	struct json_object *oldest = NULL;
	const char *tid = NULL;
	uint64_t age = STUCK_NS;
	char *line;

	tree_foreach(tree_get(snap, "inflight"), call, record) {
		if (!tree_is(record, "op", "pin") ||
		    tree_u64_or_0(record, "age_ns") < age ||
		    state_of(strtoull(call, NULL, 10)) == 'R')
			continue;
		age = tree_u64_or_0(record, "age_ns");
		oldest = record;
		tid = call;
	}
	if (!oldest)
		return NULL;
	line = alloc_print("Stuck (stuck-pin): a pin of %s has not returned for %s (call %s; iovascope why --start %s).",
			   names_owner(oldest).s, human_ns(age).s, tid, tree_word(oldest, "pid"));
	clean_word(line);
	return line;
}

/* What a call that still runs will turn out to be is not known. */
void inflight_unknown(struct json_object *snap, uint64_t pid,
		      const struct findings *findings)
{
	tree_foreach(tree_get(snap, "inflight"), call, record)
		if (is_call(record, pid, "pin") || is_call(record, pid, "map"))
			findings_miss(findings, "what a %s spends its time on that is still running, for %s (call %s, IOVA 0x%jx)",
				      tree_word(record, "op"),
				      human_key(record, "age_ns", "ns").s, call,
				      (uintmax_t)tree_u64_or_0(record, "iova"));
}
