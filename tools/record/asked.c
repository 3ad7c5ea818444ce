// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording that is asked a question of `why`. What is common to its answers:
 * whose it is, of which machine, phases that add up to the wall time, and what
 * it cannot know. One that lacks a part is never one with nothing to fix.
 */
#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/tree.h"
#include "timeline.h"
#include "why/answer.h"
#include "why/cause.h"

static const char *name_of(const struct asked *asked)
{
	struct json_object *head = asked->recording.head;
	struct json_object *command = tree_get(head, "command");
	const char *name, *slash;

	if (tree_u64_or_0(head, "pid") != asked->phases.pid)
		return "process";
	if (!tree_length(command))
		return tree_get(head, "comm") ? tree_word(head, "comm") :
						"process";
	name = json_object_get_string(tree_at(command, 0));
	slash = strrchr(name, '/');
	return slash && slash[1] ? slash + 1 : name;
}

char *asked_name(const struct asked *asked)
{
	return alloc_print("%s (%u)", name_of(asked), asked->phases.pid);
}

static struct json_object *target_of(const struct asked *asked)
{
	const struct phases *phases = &asked->phases;
	struct json_object *target = tree_new(), *devices = tree_new_list();

	tree_add_word(target, "kind", "pid");
	tree_add_word(target, "name", name_of(asked));
	tree_add_u64(target, "pid", phases->pid);
	tree_add(target, "domains", tree_new_list());
	for (size_t i = 0; i < phases->nr_devices; i++)
		tree_append_word(devices, phases->devices[i]);
	tree_add(target, "devices", devices);
	return target;
}

void asked_open(struct asked *asked, const char *path, const char *question)
{
	file_open(&asked->file, path);
	if (!recording_read(&asked->recording, &asked->file))
		fail(EXIT_FORMAT, "%s: it is cut off before anything was recorded",
		     path);
	if (tree_u64_or_0(asked->recording.head, "format") != 1)
		fail(EXIT_FORMAT, "%s: of a format that this tool does not know",
		     path);
	phases_find(&asked->phases, &asked->recording, 0);
	if (!asked->phases.pid)
		fail(EXIT_RUNTIME, "%s: nobody used VFIO while it was recorded",
		     path);
	asked->view = answer_new(question);
	tree_add(asked->view, "target", target_of(asked));
	tree_add(asked->view, "recording",
		 timeline_recording(&asked->recording));
	tree_add(asked->view, "missing",
		 timeline_missing(&asked->recording, &asked->phases));
}

void asked_since(struct asked *asked, uint64_t since)
{
	uint32_t pid = asked->phases.pid;

	phases_free(&asked->phases);
	phases_since(&asked->phases, &asked->recording, pid, since);
}

struct json_object *asked_close(struct asked *asked)
{
	phases_free(&asked->phases);
	recording_free(&asked->recording);
	file_close(&asked->file);
	return asked->view;
}

const char *asked_short(const struct asked *asked)
{
	struct json_object *end = asked->recording.end;

	if (asked->recording.cut || !end)
		return "cut";
	if (!tree_is(end, "end", "exit"))
		return tree_word(end, "end");
	if (asked->recording.broken)
		return "damaged";
	if (tree_u64_or_0(end, "lost_events") ||
	    tree_u64_or_0(end, "missed_calls"))
		return "events lost";
	return asked_spent(asked, PHASE_BEFORE, PHASE_BEFORE) ? "late" : NULL;
}

uint64_t asked_spent(const struct asked *asked, enum phase first,
		     enum phase last)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < asked->phases.nr_cells; i++)
		if (asked->phases.cells[i].phase >= first &&
		    asked->phases.cells[i].phase <= last)
			ns += asked->phases.cells[i].ns;
	return ns;
}

/* Those of mapping and of unmapping have the same name in the tree. */
static char *phase_key(enum phase phase)
{
	char *key = alloc_print("%s%s_ns", phase == PHASE_MAP_REST ? "map_" :
				phase == PHASE_UNMAP_REST ? "unmap_" : "",
				phase_name(phase));

	for (char *at = key; *at; at++)
		if (*at == '-')
			*at = '_';
	return key;
}

void asked_phases_add(const struct asked *asked)
{
	struct json_object *phases = tree_new();

	for (int phase = 0; phase < NR_PHASES; phase++) {
		uint64_t ns = asked_spent(asked, phase, phase);
		char *key;

		if (!ns)
			continue;
		key = phase_key(phase);
		tree_add_u64(phases, key, ns);
		free(key);
	}
	tree_add(asked->view, "phases", phases);
}

static bool is_reset(enum phase phase)
{
	return phase >= PHASE_RESET && phase <= PHASE_FLR;
}

/* A reset may call another one: what is in one of its device is not another. */
static uint64_t resets_count(const struct phases *phases)
{
	uint64_t nr = 0, until = 0;

	for (size_t i = 0; i < phases->spans.nr; i++) {
		const struct span *span = &phases->spans.list[i];

		if (!is_reset(span->phase) || span->began_ns < until)
			continue;
		until = span->ended_ns;
		nr += span->ended_ns > phases->began_ns;
	}
	return nr;
}

struct json_object *asked_judge_resets(const struct asked *asked,
				       uint64_t wall)
{
	const struct phases *phases = &asked->phases;
	uint64_t ns = asked_spent(asked, PHASE_RESET, PHASE_FLR);
	uint64_t flr = asked_spent(asked, PHASE_FLR, PHASE_FLR);
	uint64_t nr = resets_count(phases);
	struct json_object *found = cause_of_time(CAUSE_DEVICE_RESET, ns, wall);

	if (!found)
		return NULL;
	cause_evidence(found, "%ju reset%s of %zu device%s: %s each",
		       (uintmax_t)nr, human_s(nr), phases->nr_devices,
		       human_s(phases->nr_devices),
		       human_ns(nr ? ns / nr : ns).s);
	if (flr)
		cause_evidence(found, "%s of it in function-level resets, after which PCI Express has software wait 100 ms",
			       human_ns(flr).s);
	return found;
}
