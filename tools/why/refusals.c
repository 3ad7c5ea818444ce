// SPDX-License-Identifier: GPL-2.0-only
/*
 * `refusals`: which calls failed, and why; also of processes that are gone.
 * `why` and `show` take from here what concerns them. A refusal that was made
 * up for later, or that programs expect, is told and is nothing to fix.
 */
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/alloc.h"
#include "base/human.h"
#include "base/request.h"
#include "base/system.h"
#include "base/tree.h"
#include "finding.h"
#include "read/snapshot.h"
#include "refusals.h"
#include "refused.h"

#define LATELY_NS	600000000000ull

static uint64_t last_start(struct json_object *records, uint64_t pid,
			   uint64_t start)
{
	tree_foreach(records, id, record) {
		(void)id;
		if (tree_u64_or_0(record, "pid") == pid &&
		    tree_u64_or_0(record, "start_ns") > start)
			start = tree_u64_or_0(record, "start_ns");
	}
	return start;
}

/* The process of that number that came last. */
static uint64_t start_of(struct json_object *snap, uint64_t pid)
{
	uint64_t start = last_start(tree_get(snap, "refusals"), pid, 0);

	return last_start(tree_get(snap, "processes"), pid, start);
}

static bool is_of(struct json_object *refusal, uint64_t pid, uint64_t start)
{
	return tree_u64_or_0(refusal, "pid") == pid &&
	       tree_u64_or_0(refusal, "start_ns") == start;
}

/* Of all processes for pid 0. */
static struct json_object *causes_of(struct json_object *snap, uint64_t pid)
{
	struct json_object *causes = tree_new_list(), *found;
	uint64_t start = pid ? start_of(snap, pid) : 0;

	tree_foreach(tree_get(snap, "refusals"), id, refusal) {
		if (pid && !is_of(refusal, pid, start))
			continue;
		found = refused_judge(id, refusal, snap);
		tree_add_u64(found, "matters", refused_matters(refusal));
		tree_append(causes, found);
	}
	tree_sort(causes, "matters", "last_ns");
	return causes;
}

void refusals_add_around(struct json_object *snap, const char *debugfs)
{
	static const char *const keys[] = { "devices", NULL };
	static const struct snapshot_many many = { .keys = keys };

	if (!json_object_object_length(tree_members(tree_get(snap, "refusals"))))
		return;
	if (!tree_get(snap, "domains"))
		snapshot_add_many(snap, debugfs, 0, SECTION_DOMAINS, &many);
	if (!tree_get(snap, "regions"))
		snapshot_add(snap, debugfs, 0, SECTION_REGIONS);
}

struct json_object *refusals_of(struct json_object *snap, uint64_t pid)
{
	return causes_of(snap, pid);
}

uint64_t refusals_nr(struct json_object *causes)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < tree_length(causes); i++)
		nr += tree_u64_or_0(tree_at(causes, i), "matters");
	return nr;
}

bool refusals_has(struct json_object *snap, uint64_t pid)
{
	uint64_t start = start_of(snap, pid);

	tree_foreach(tree_get(snap, "refusals"), id, refusal) {
		(void)id;
		if (is_of(refusal, pid, start))
			return true;
	}
	return false;
}

/* How long ago it was; the clock was read before the refusals were. */
static uint64_t age_of(struct json_object *refusal, struct json_object *snap)
{
	uint64_t now = tree_u64_or_0(tree_get(snap, "info"), "now_ns");
	uint64_t last = tree_u64_or_0(refusal, "last_ns");

	return now > last ? now - last : 0;
}

/* Of those that matter the last: its key, or NULL. It alone is judged. */
static const char *find_last(struct json_object *refusals)
{
	const char *found = NULL;

	tree_foreach(refusals, id, refusal)
		if (refused_matters(refusal) &&
		    (!found || tree_u64_or_0(refusal, "last_ns") >
		     tree_u64_or_0(tree_get(refusals, found), "last_ns")))
			found = id;
	return found;
}

char *refusals_lately(struct json_object *snap)
{
	struct json_object *refusals = tree_get(snap, "refusals"), *cause;
	const char *id = find_last(refusals);
	struct json_object *last = id ? tree_get(refusals, id) : NULL;
	char *call, *line;

	if (!last || age_of(last, snap) >= LATELY_NS)
		return NULL;
	cause = refused_judge(id, last, snap);
	call = refused_call(cause);
	line = alloc_print("Refused %s ago (%s): %s: %s.",
			   human_ns(age_of(last, snap)).s,
			   tree_word(cause, "cause"), call,
			   tree_word(cause, "says"));
	free(call);
	json_object_put(cause);
	return line;
}

struct json_object *refusals_ages(struct json_object *snap, uint64_t *nr)
{
	struct json_object *ages = tree_new();

	*nr = 0;
	tree_foreach(tree_get(snap, "refusals"), id, refusal) {
		uint64_t age = age_of(refusal, snap), least;
		const char *cause;

		(void)id;
		if (!refused_matters(refusal))
			continue;
		++*nr;
		cause = refused_cause(refusal, snap);
		if (!tree_u64(ages, cause, &least) || age < least)
			tree_add_u64(ages, cause, age);
	}
	return ages;
}

/*
 * What was refused comes before what was mapped badly. Without a refusal that
 * matters the answer stays what it is.
 */
void refusals_answer(struct json_object *answer)
{
	struct json_object *refusals = tree_get(answer, "refusals");
	struct json_object *top = tree_at(refusals, 0);
	uint64_t nr = refusals_nr(refusals);
	char *call;

	if (!nr)
		return;
	call = refused_call(top);
	answer_give(answer, true, "Refused (%s): %s: %s%s.",
		    tree_word(top, "cause"), call, tree_word(top, "says"),
		    nr > 1 ? " (and others)" : "");
	free(call);
}

static void answer_all(struct json_object *view)
{
	struct json_object *causes = tree_get(view, "causes");
	uint64_t nr = refusals_nr(causes);
	char *call;

	if (!nr) {
		answer_give(view, false, "Nothing was refused%s.",
			    tree_length(causes) ?
			    " that was not made up for" : "");
		return;
	}
	call = refused_call(tree_at(causes, 0));
	answer_give(view, true, "%ju refused, the last (%s): %s: %s.",
		    (uintmax_t)nr, tree_word(tree_at(causes, 0), "cause"),
		    call, tree_word(tree_at(causes, 0), "says"));
	free(call);
}

static struct json_object *read_snap(const struct request *request)
{
	struct json_object *snap;

	if (request->from_file)
		return snapshot_load(request->from_file);
	snap = snapshot_read(request->debugfs, SECTION_PROCESSES |
			     SECTION_PROBES | SECTION_REFUSALS);
	refusals_add_around(snap, request->debugfs);
	return snap;
}

struct json_object *read_refusals(const struct request *request)
{
	struct json_object *snap = read_snap(request);
	struct json_object *view = answer_new("refusals");
	uint64_t pid = request_pid(request, "refusals");

	tree_add(view, "causes", causes_of(snap, pid));
	if (system_is_left() && tree_length(tree_get(view, "causes"))) {
		struct findings findings = findings_of(view);

		findings_miss(&findings, "what /proc and /sys tell: a file is not asked of this machine");
	}
	answer_blind(view, snap, "refusals");
	answer_blind(view, snap, "region_map");
	answer_all(view);
	json_object_put(snap);
	return view;
}
