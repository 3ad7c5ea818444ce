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

/* Of all processes for pid 0. */
static struct json_object *causes_of(struct json_object *snap, uint64_t pid)
{
	struct json_object *refusals = tree_get(snap, "refusals");
	struct json_object *causes = tree_new_list(), *found;
	uint64_t start = 0;

	if (pid) {
		start = last_start(refusals, pid, 0);
		start = last_start(tree_get(snap, "processes"), pid, start);
	}
	tree_foreach(refusals, id, refusal) {
		if (pid && (tree_u64_or_0(refusal, "pid") != pid ||
			    tree_u64_or_0(refusal, "start_ns") != start))
			continue;
		found = refused_judge(id, refusal, snap);
		tree_add_u64(found, "matters", refused_matters(found));
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
	struct json_object *causes = causes_of(snap, pid);
	bool any = tree_length(causes);

	json_object_put(causes);
	return any;
}

char *refusals_lately(struct json_object *snap)
{
	uint64_t now = tree_u64_or_0(tree_get(snap, "info"), "now_ns");
	struct json_object *causes = causes_of(snap, 0);
	struct json_object *last = tree_at(causes, 0);
	char *call, *line = NULL;
	uint64_t age;

	age = now - tree_u64_or_0(last, "last_ns");
	if (refusals_nr(causes) && age < LATELY_NS) {
		call = refused_call(last);
		line = alloc_print("Refused %s ago (%s): %s: %s.",
				   human_ns(age).s, tree_word(last, "cause"),
				   call, tree_word(last, "says"));
		free(call);
	}
	json_object_put(causes);
	return line;
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
