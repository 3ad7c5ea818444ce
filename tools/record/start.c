// SPDX-License-Identifier: GPL-2.0-only
/*
 * `why --start FILE`: of a start that was recorded, from exec to exit or to the
 * recording's end: how much was in VFIO and how much outside of it; and what
 * each fix would save (saving.c), from what this recording has measured.
 *
 * Of a cause that can be fixed it is either known what that would save
 * ("saves_ns"), or said why it is not ("how" says which). They come by what
 * they save, those of which nobody knows next, by what they took, and what
 * nothing changes last.
 */
#include <stdlib.h>

#include "asked.h"
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/human.h"
#include "base/paper.h"
#include "base/request.h"
#include "base/tree.h"
#include "saving.h"
#include "why/answer.h"
#include "why/cause.h"
#include "why/finding.h"

#define NEGLIGIBLE_NS 100000000ull

struct start {
	struct asked asked;
	struct savings savings;
	struct findings findings;
	uint64_t wall;
	uint64_t vfio;
	uint64_t unseen;
	uint64_t outside;
};

/* ---- causes ---- */

__printf(3, 4)
static void tell_how(struct json_object *found, const struct saving *saving,
		     const char *fmt, ...)
{
	va_list args;
	char *how;

	va_start(args, fmt);
	how = alloc_vprint(fmt, args);
	va_end(args);
	tree_add_word(found, "how", how);
	free(how);
	if (saving->known)
		tree_add_u64(found, "saves_ns", saving->saves_ns);
}

static void tell_rate(struct json_object *found, const struct rate *rate,
		      const char *what)
{
	cause_evidence(found, "%ju call%s %s %s in %s: %ju ns for each 4 KiB",
		       (uintmax_t)rate->calls, human_s(rate->calls), what,
		       human_bytes(rate->bytes).s, human_ns(rate->ns).s,
		       (uintmax_t)rate_per_page(rate));
	tree_add_u64(found, "ns_per_page", rate_per_page(rate));
}

static struct json_object *judge_lookup(const struct start *start)
{
	const struct saving *saving = &start->savings.lookup;
	struct json_object *found = cause_of_time(CAUSE_BAR_LOOKUP, saving->ns,
						  start->wall);

	if (!found)
		return NULL;
	tell_rate(found, &saving->slow, "resolved");
	if (saving->known)
		tell_how(found, saving, "%s of BARs at %ju ns for each 4 KiB, as %s of them were resolved here, instead of %ju",
			 human_bytes(saving->slow.bytes).s,
			 (uintmax_t)rate_per_page(&saving->fast),
			 human_bytes(saving->fast.bytes).s,
			 (uintmax_t)rate_per_page(&saving->slow));
	else
		tell_how(found, saving, "no BAR of this recording was resolved by larger steps, so there is no rate to compute it from");
	return found;
}

static struct json_object *judge_base(const struct start *start)
{
	const struct saving *saving = &start->savings.base;
	struct json_object *found = cause_of_time(CAUSE_BASE_PAGES, saving->ns,
						  start->wall);

	if (!found)
		return NULL;
	tell_rate(found, &saving->slow, "pinned");
	findings_miss(&start->findings, "how much of the pins was first touch: events of pins do not tell");
	if (saving->known)
		tell_how(found, saving, "%s at %ju ns for each 4 KiB, as %s of %s were pinned here, instead of %ju; first touch, if it was in these pins, is then elsewhere",
			 human_bytes(saving->slow.bytes).s,
			 (uintmax_t)rate_per_page(&saving->fast),
			 human_bytes(saving->fast.bytes).s,
			 phase_backing(saving->fast_backing),
			 (uintmax_t)rate_per_page(&saving->slow));
	else
		tell_how(found, saving, "this recording has no pins of huge pages that were faster, so there is no rate to compute it from");
	return found;
}

static struct json_object *judge_again(const struct start *start)
{
	const struct saving *saving = &start->savings.again;
	struct json_object *found = cause_of_time(CAUSE_DUPLICATE_PINS,
						  saving->ns, start->wall);

	if (!found)
		return NULL;
	tell_rate(found, &saving->slow, "pinned once more");
	tell_how(found, saving, "what pinning took of memory that was pinned already, at the same address and IOVA");
	return found;
}

static struct json_object *judge_huge(const struct start *start)
{
	const struct saving *saving = &start->savings.huge;
	struct json_object *found = cause_of_time(CAUSE_PIN_LOOKUP, saving->ns,
						  start->wall);

	if (!found)
		return NULL;
	tell_rate(found, &saving->slow, "pinned");
	findings_miss(&start->findings, "how much of the pins was first touch: events of pins do not tell");
	return found;
}

static void judge_phase(const struct start *start, enum cause cause,
			enum phase phase, const char *what)
{
	uint64_t ns = asked_spent(&start->asked, phase, phase);
	struct json_object *found = cause_of_time(cause, ns, start->wall);

	if (found)
		cause_evidence(found, "%s of %s", human_ns(ns).s, what);
	findings_add(&start->findings, found);
}

static void move_all(struct json_object *to, struct json_object *from)
{
	for (size_t i = 0; i < tree_length(from); i++)
		tree_append(to, json_object_get(tree_at(from, i)));
	json_object_put(from);
}

static void causes_rank(struct start *start)
{
	struct json_object *known = tree_new_list(), *open = tree_new_list();
	struct json_object *fixed = tree_new_list(), *all = tree_new_list();

	for (size_t i = 0; i < tree_length(start->findings.causes); i++) {
		struct json_object *cause = tree_at(start->findings.causes, i);

		tree_append(tree_get(cause, "saves_ns") ? known :
			    tree_u64_or_0(cause, "fixable") ? open : fixed,
			    json_object_get(cause));
	}
	tree_sort(known, "saves_ns", "ns");
	tree_sort(open, "ns", "fixable");
	tree_sort(fixed, "ns", "fixable");
	move_all(all, known);
	move_all(all, open);
	move_all(all, fixed);
	tree_add(start->asked.view, "causes", all);
	start->findings = findings_of(start->asked.view);
}

static void start_judge(struct start *start)
{
	const struct findings *findings = &start->findings;

	savings_find(&start->savings, &start->asked.phases);
	findings_add(findings, judge_again(start));
	findings_add(findings, judge_lookup(start));
	findings_add(findings, judge_base(start));
	findings_add(findings, judge_huge(start));
	findings_add(findings, asked_judge_resets(&start->asked, start->wall));
	judge_phase(start, CAUSE_MAP_ENTRIES, PHASE_MAP,
		    "maps of what had been pinned");
	judge_phase(start, CAUSE_TEARDOWN_WALK, PHASE_WALK,
		    "walks, without unmaps and unpins");
	causes_rank(start);
}

/* ---- the answer ---- */

/* What fixes save, and what took long of which that is not known. */
static bool fixes_tell(FILE *out, struct json_object *causes)
{
	bool any = false;

	for (size_t i = 0; i < tree_length(causes); i++) {
		struct json_object *cause = tree_at(causes, i);
		const char *id = tree_word(cause, "cause");

		if (!tree_u64_or_0(cause, "fixable") ||
		    tree_u64_or_0(cause, "ns") < NEGLIGIBLE_NS)
			continue;
		if (tree_get(cause, "saves_ns"))
			fprintf(out, "%s a fix of %s saves %s of %s",
				any ? "," : ";", id,
				human_key(cause, "saves_ns", "ns").s,
				human_key(cause, "ns", "ns").s);
		else
			fprintf(out, "%s what a fix of %s saves of %s is not known",
				any ? "," : ";", id,
				human_key(cause, "ns", "ns").s);
		any = true;
	}
	return any;
}

static const char *how_far(const struct start *start)
{
	const struct phases *phases = &start->asked.phases;

	if (tree_is(start->asked.recording.end, "end", "exit") ||
	    (phases->exit_seen && !tree_get(start->asked.recording.head, "pid")))
		return phases->exec_seen ? " from exec to exit" :
					   " until its exit";
	return phases->exec_seen ? " from its exec on" : " so far";
}

static void start_answer(const struct start *start)
{
	const char *why_short = asked_short(&start->asked);
	char *name = asked_name(&start->asked), *text;
	struct paper paper;
	bool fix;

	paper_open(&paper);
	fprintf(paper.out, "%s took %s%s: %s in VFIO and %s outside of it (%s)",
		name, human_ns(start->wall).s, how_far(start),
		human_ns(start->vfio).s, human_ns(start->outside).s,
		human_percent(start->outside, start->wall).s);
	if (start->unseen)
		fprintf(paper.out, ", and %s not seen",
			human_ns(start->unseen).s);
	fix = fixes_tell(paper.out, start->findings.causes);
	if (why_short && !fix)
		fputs("; what it does not have may have more", paper.out);
	text = paper_close(&paper);
	answer_give(start->asked.view, fix, "%s%s%s%s.",
		    why_short ? "Of a recording that is not whole (" :
		    fix ? "" : "Nothing to fix in VFIO: ",
		    why_short ?: "", why_short ? "): " : "", text);
	free(text);
	free(name);
}

static void backings_add(const struct start *start)
{
	const struct phases *phases = &start->asked.phases;
	struct json_object *backings = tree_new();

	for (size_t i = 0; i < phases->nr_cells; i++) {
		const struct cell *cell = &phases->cells[i];
		struct rate rate = { cell->ns, cell->bytes, cell->calls };
		struct json_object *told;

		if ((cell->phase != PHASE_PIN && cell->phase != PHASE_LOOKUP) ||
		    !cell->bytes)
			continue;
		told = tree_new();
		tree_add_u64(told, "bytes", cell->bytes);
		tree_add_u64(told, "ns", cell->ns);
		tree_add_u64(told, "ns_per_page", rate_per_page(&rate));
		tree_add(backings, phase_backing(cell->of), told);
	}
	tree_add(start->asked.view, "backings", backings);
}

static void start_measure(struct start *start)
{
	const struct asked *asked = &start->asked;
	struct json_object *view = asked->view;

	start->wall = asked->phases.ended_ns - asked->phases.started_ns;
	start->vfio = asked_spent(asked, 0, PHASE_UNMAP_REST);
	start->unseen = asked_spent(asked, PHASE_BEFORE, PHASE_NOT_KNOWN);
	start->outside = asked_spent(asked, PHASE_ON_CPU, PHASE_ENDING);
	tree_add_u64(view, "wall_ns", start->wall);
	tree_add_u64(view, "total_ns", start->vfio);
	tree_add_u64(view, "outside_ns", start->outside);
	tree_add_u64(view, "not_seen_ns", start->unseen);
}

struct json_object *read_recorded_start(const struct request *request)
{
	struct start start = {};

	asked_open(&start.asked, request->start_file, "start");
	start.findings = findings_of(start.asked.view);
	start_measure(&start);
	asked_phases_add(&start.asked);
	backings_add(&start);
	start_judge(&start);
	if (start.asked.phases.refusals)
		findings_miss(&start.findings, "why %ju request%s refused: that is for `iovascope refusals`, while the host has them",
			      (uintmax_t)start.asked.phases.refusals,
			      start.asked.phases.refusals == 1 ? " was" :
			      "s were");
	start_answer(&start);
	return asked_close(&start.asked);
}
