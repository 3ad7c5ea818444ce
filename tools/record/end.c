// SPDX-License-Identifier: GPL-2.0-only
/*
 * `why --end FILE`: how long the end of a process took that was recorded, until
 * its devices were free and its memory was, and what held that up.
 *
 * An end is what a process is about when it is no longer there: its tasks exit,
 * requests unmap, devices are closed, and what is left is torn down. It begins
 * with the first of these marks that is followed by others, none a second after
 * the one before it, until the process is gone, and by no request to map. So
 * with SIGKILL it begins when the kernel lets the first task exit: when it was
 * sent is in no event.
 *
 * Flushes have no event either: they are in the walk.
 */
#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/paper.h"
#include "base/request.h"
#include "base/tree.h"
#include "saving.h"
#include "why/answer.h"
#include "why/cause.h"
#include "why/finding.h"

#define GAP_NS		1000000000ull
#define NEGLIGIBLE_NS	100000000ull

/* What of an end there is to see, and when. */
struct mark {
	uint64_t began_ns;
	uint64_t ended_ns;
	const char *what;
};

struct marks {
	struct mark *list;
	size_t nr;
	size_t room;
};

struct end {
	struct asked asked;
	struct findings findings;
	const char *began_with;
	uint64_t began;
	uint64_t wall;
};

/* ---- when it begins ---- */

static void mark_add(struct marks *marks, uint64_t began, uint64_t ended,
		     const char *what)
{
	if (marks->nr == marks->room) {
		marks->room = marks->room ? 2 * marks->room : 64;
		marks->list = alloc_more(marks->list, marks->room,
					 sizeof(*marks->list));
	}
	marks->list[marks->nr++] = (struct mark){ began, ended, what };
}

static const char *mark_of(enum phase phase)
{
	switch (phase) {
	case PHASE_CLOSE:
		return "close";
	case PHASE_WALK:
	case PHASE_UNMAP_REST:
		return "unmap";
	default:
		return NULL;
	}
}

static void marks_find(struct marks *marks, const struct asked *asked)
{
	const struct recording *recording = &asked->recording;
	const struct phases *phases = &asked->phases;

	for (size_t i = 0; i < recording->nr; i++)
		if (recording->events[i].kind == EVENT_EXIT &&
		    phases_has_task(phases, recording->events[i].tid))
			mark_add(marks, recording->events[i].ns,
				 recording->events[i].ns, "exit");
	for (size_t i = 0; i < phases->spans.nr; i++) {
		const struct span *span = &phases->spans.list[i];
		const char *what = mark_of(span->phase);

		if (what)
			mark_add(marks, span->began_ns, span->ended_ns, what);
	}
}

/* What has been mapped after it is no end yet. */
static uint64_t last_map(const struct phases *phases)
{
	uint64_t last = phases->began_ns;

	for (size_t i = 0; i < phases->spans.nr; i++)
		if (phases->spans.list[i].phase == PHASE_MAP_REST &&
		    phases->spans.list[i].ended_ns > last)
			last = phases->spans.list[i].ended_ns;
	return last;
}

static int latest_first(const void *one, const void *other)
{
	const struct mark *a = one, *b = other;

	return a->ended_ns > b->ended_ns ? -1 : a->ended_ns < b->ended_ns;
}

static void end_find(struct end *end)
{
	const struct phases *phases = &end->asked.phases;
	uint64_t map = last_map(phases);
	struct marks marks = {};

	end->began = phases->ended_ns;
	marks_find(&marks, &end->asked);
	if (marks.nr)
		qsort(marks.list, marks.nr, sizeof(*marks.list), latest_first);
	for (size_t i = 0; i < marks.nr; i++) {
		const struct mark *mark = &marks.list[i];

		if (mark->ended_ns <= map || mark->ended_ns + GAP_NS < end->began)
			break;
		if (mark->began_ns > end->began)
			continue;
		end->began = mark->began_ns;
		end->began_with = mark->what;
	}
	free(marks.list);
}

/* ---- what it was made of ---- */

/* When the last of these calls ended, since the beginning of the end. */
static void free_add(const struct end *end, const char *key, enum phase first,
		     enum phase last)
{
	const struct phases *phases = &end->asked.phases;
	uint64_t ns = end->began;

	for (size_t i = 0; i < phases->spans.nr; i++) {
		const struct span *span = &phases->spans.list[i];

		if (span->phase >= first && span->phase <= last &&
		    span->ended_ns > ns)
			ns = span->ended_ns;
	}
	if (ns > end->began)
		tree_add_u64(end->asked.view, key, ns - end->began);
}

static struct json_object *judge_walk(const struct end *end)
{
	uint64_t ns = asked_spent(&end->asked, PHASE_WALK, PHASE_WALK);
	struct json_object *found = cause_of_time(CAUSE_TEARDOWN_WALK, ns,
						  end->wall);

	if (found)
		cause_evidence(found, "%s of walks, with their flushes and without unmaps and unpins",
			       human_ns(ns).s);
	return found;
}

static struct json_object *judge_unpins(const struct end *end)
{
	struct json_object *found;
	struct savings savings;
	struct saving *saving = &savings.unpin;

	savings_find(&savings, &end->asked.phases);
	found = cause_of_time(CAUSE_BASE_PAGES, saving->ns, end->wall);
	if (!found)
		return NULL;
	cause_says(found, "memory is made of 4 KiB pages, each unpinned by itself");
	cause_evidence(found, "%ju call%s unpinned %s in %s: %ju ns for each 4 KiB",
		       (uintmax_t)saving->slow.calls,
		       human_s(saving->slow.calls),
		       human_bytes(saving->slow.bytes).s,
		       human_ns(saving->slow.ns).s,
		       (uintmax_t)rate_per_page(&saving->slow));
	if (!saving->known) {
		tree_add_word(found, "how", "this recording has no unpins of huge pages that were faster, so there is no rate to compute it from");
		return found;
	}
	tree_add_u64(found, "saves_ns", saving->saves_ns);
	tree_add_word(found, "how", "these bytes at the rate at which huge pages of this recording were unpinned");
	return found;
}

/* The phase that took most of it, as it is called in the view. */
static const char *longest(struct json_object *phases, uint64_t *ns)
{
	const char *found = NULL;

	*ns = 0;
	tree_foreach(phases, phase, val) {
		if (json_object_get_uint64(val) <= *ns)
			continue;
		*ns = json_object_get_uint64(val);
		found = phase;
	}
	return found;
}

/* ---- the answer ---- */

static void free_tell(FILE *out, struct json_object *view, const char *key,
		      const char *what)
{
	if (tree_get(view, key))
		fprintf(out, ", %s after %s", what,
			human_key(view, key, "ns").s);
	else
		fprintf(out, ", %s before that", what);
}

static bool to_fix(struct json_object *causes)
{
	for (size_t i = 0; i < tree_length(causes); i++)
		if (tree_u64_or_0(tree_at(causes, i), "fixable") &&
		    tree_u64_or_0(tree_at(causes, i), "ns") >= NEGLIGIBLE_NS)
			return true;
	return false;
}

static void answer_seen(const struct end *end)
{
	struct json_object *view = end->asked.view;
	bool fix = to_fix(end->findings.causes);
	const char *why_short = asked_short(&end->asked);
	char *name = asked_name(&end->asked), *text;
	struct paper paper;
	const char *phase;
	uint64_t ns;

	paper_open(&paper);
	fprintf(paper.out, "the end of %s took %s from its %s on", name,
		human_ns(end->wall).s, end->began_with);
	free_tell(paper.out, view, "devices_free_ns", "devices free");
	free_tell(paper.out, view, "memory_free_ns", "memory unpinned");
	phase = longest(tree_get(view, "phases"), &ns);
	if (phase)
		fprintf(paper.out, "; %s of it was %.*s", human_ns(ns).s,
			(int)strlen(phase) - 3, phase);
	text = paper_close(&paper);
	answer_give(view, fix, "%s%s%s%s.", why_short ?
		    "Of a recording that is not whole (" :
		    fix ? "" : "Nothing to fix: ", why_short ?: "",
		    why_short ? "): " : "", text);
	free(text);
	free(name);
}

static void answer_unseen(const struct end *end)
{
	const char *why = asked_short(&end->asked) ?: "no exit is in it";
	char *name = asked_name(&end->asked);

	answer_give(end->asked.view, false, "Not known: the end of %s is not in the recording (%s).",
		    name, why);
	findings_miss(&end->findings, "how it ended, and what held that up");
	free(name);
}

static void end_tell(struct end *end)
{
	struct json_object *view = end->asked.view;
	struct asked *asked = &end->asked;

	end_find(end);
	asked_since(asked, end->began);
	end->wall = asked->phases.ended_ns - asked->phases.started_ns;
	tree_add_u64(view, "wall_ns", end->wall);
	tree_add_word(view, "began_with", end->began_with ?: "exit");
	free_add(end, "devices_free_ns", PHASE_OPEN, PHASE_CLOSE);
	free_add(end, "memory_free_ns", PHASE_WALK, PHASE_UNMAP_REST);
	asked_phases_add(asked);
	findings_add(&end->findings, judge_walk(end));
	findings_add(&end->findings, judge_unpins(end));
	findings_add(&end->findings, asked_judge_resets(asked, end->wall));
	tree_sort(end->findings.causes, "ns", "fixable");
	answer_seen(end);
}

static void check_usage(const struct request *request)
{
	if (*request->args)
		fail(EXIT_USAGE, "why --end takes no other argument: '%s'",
		     *request->args);
	if (request->want || request->start || request->start_file)
		fail(EXIT_USAGE, "why --end takes neither --want nor --start");
}

struct json_object *read_recorded_end(const struct request *request)
{
	struct end end = {};

	check_usage(request);
	asked_open(&end.asked, request->end_file, "end");
	end.findings = findings_of(end.asked.view);
	if (end.asked.phases.exit_seen ||
	    tree_is(end.asked.recording.end, "end", "exit"))
		end_tell(&end);
	else
		answer_unseen(&end);
	return asked_close(&end.asked);
}
