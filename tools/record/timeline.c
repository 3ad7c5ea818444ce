// SPDX-License-Identifier: GPL-2.0-only
/*
 * `timeline`: the phases of a recording as one tree. A node's time is the sum
 * of its parts', and the tree's is the wall time: what was not seen is a part
 * with a name. What a recording cannot know is told in `missing`.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/request.h"
#include "base/tree.h"
#include "command.h"
#include "file.h"
#include "merge.h"
#include "perfetto.h"
#include "phases.h"
#include "recording.h"
#include "timeline.h"

#define DEFAULT_LIMIT 20
#define DEFAULT_LINES 40

enum group {
	GROUP_DEVICES,
	GROUP_MAPPING,
	GROUP_UNMAPPING,
	GROUP_VMM,
	GROUP_ENDING,
	GROUP_NOT_SEEN,
	NR_GROUPS
};

static const char *const group_names[NR_GROUPS] = {
	[GROUP_DEVICES] = "devices",
	[GROUP_MAPPING] = "mapping",
	[GROUP_UNMAPPING] = "unmapping",
	[GROUP_VMM] = "vmm",
	[GROUP_ENDING] = "ending",
	[GROUP_NOT_SEEN] = "not-seen",
};

static enum group group_of(enum phase phase)
{
	if (phase <= PHASE_CLOSE)
		return GROUP_DEVICES;
	if (phase <= PHASE_MAP_REST)
		return GROUP_MAPPING;
	if (phase <= PHASE_UNMAP_REST)
		return GROUP_UNMAPPING;
	if (phase <= PHASE_ASLEEP)
		return GROUP_VMM;
	return phase == PHASE_ENDING ? GROUP_ENDING : GROUP_NOT_SEEN;
}

/* ---- the tree ---- */

static void steps_add(struct json_object *node, const uint64_t *steps)
{
	struct json_object *list = tree_new_list();

	for (int i = 0; i < NR_STEPS; i++)
		tree_append(list, json_object_new_uint64(steps[i]));
	tree_add(node, "steps_ns", list);
}

static bool is_call(enum phase phase)
{
	return phase <= PHASE_UNMAP_REST;
}

static struct json_object *leaf_new(const struct cell *cell)
{
	struct json_object *leaf = tree_new();

	tree_add_word(leaf, "phase", phase_name(cell->phase));
	if (phase_has_backing(cell->phase))
		tree_add_word(leaf, "backing", phase_backing(cell->of));
	tree_add_u64(leaf, "ns", cell->ns);
	if (is_call(cell->phase)) {
		tree_add_u64(leaf, "waiting_ns", cell->waiting_ns);
		tree_add_u64(leaf, "calls", cell->calls);
	}
	if (cell->bytes)
		tree_add_u64(leaf, "bytes", cell->bytes);
	steps_add(leaf, cell->steps);
	return leaf;
}

static uint64_t step_at(struct json_object *steps, int step)
{
	return json_object_get_uint64(tree_at(steps, step));
}

/* What is in all of its parts. */
static void parts_sum(struct json_object *node, struct json_object *parts)
{
	uint64_t ns = 0, steps[NR_STEPS] = {};

	for (size_t i = 0; i < tree_length(parts); i++) {
		struct json_object *part = tree_at(parts, i);
		struct json_object *list = tree_get(part, "steps_ns");

		ns += tree_u64_or_0(part, "ns");
		for (int step = 0; step < NR_STEPS; step++)
			steps[step] += step_at(list, step);
	}
	tree_add_u64(node, "ns", ns);
	steps_add(node, steps);
	tree_add(node, "parts", parts);
}

/* Those of the group that are of this device, or of any. */
static struct json_object *parts_of(const struct phases *phases,
				    enum group group, long device)
{
	struct json_object *parts = tree_new_list();

	for (int phase = 0; phase < NR_PHASES; phase++)
		for (size_t i = 0; i < phases->nr_cells; i++) {
			const struct cell *cell = &phases->cells[i];

			if ((int)cell->phase == phase &&
			    group_of(phase) == group &&
			    (device < 0 || cell->of == device) &&
			    (cell->ns || cell->calls))
				tree_append(parts, leaf_new(cell));
		}
	return parts;
}

static void device_add(struct json_object *to, const struct phases *phases,
		       unsigned int device)
{
	struct json_object *parts = parts_of(phases, GROUP_DEVICES, device);
	struct json_object *node;

	if (!tree_length(parts)) {
		json_object_put(parts);
		return;
	}
	node = tree_new();
	tree_add_word(node, "phase", "device");
	tree_add_word(node, "device", device < phases->nr_devices ?
		      phases->devices[device] : "all");
	parts_sum(node, parts);
	tree_append(to, node);
}

static struct json_object *devices_of(const struct phases *phases)
{
	struct json_object *devices = tree_new_list();

	for (size_t i = 0; i < phases->nr_devices; i++)
		device_add(devices, phases, i);
	/* A group or a container: of all devices that are in it. */
	device_add(devices, phases, UINT16_MAX);
	return devices;
}

/* Of each step of the whole time: none of it, some, or half and more. */
static void when_add(struct json_object *node, uint64_t wall)
{
	struct json_object *steps = tree_get(node, "steps_ns");
	struct json_object *parts = tree_get(node, "parts");
	char when[NR_STEPS + 1] = "";

	for (int i = 0; i < NR_STEPS; i++) {
		uint64_t ns = step_at(steps, i);

		when[i] = !ns ? '.' : 2 * NR_STEPS * ns >= wall ? '#' : '-';
	}
	tree_add_word(node, "when", when);
	json_object_object_del(node, "steps_ns");
	for (size_t i = 0; i < tree_length(parts); i++)
		when_add(tree_at(parts, i), wall);
}

static struct json_object *tree_of(const struct phases *phases)
{
	struct json_object *tree = tree_new_list();

	for (int group = 0; group < NR_GROUPS; group++) {
		struct json_object *node = tree_new(), *parts;

		parts = group == GROUP_DEVICES ? devices_of(phases) :
						 parts_of(phases, group, -1);
		tree_add_word(node, "phase", group_names[group]);
		parts_sum(node, parts);
		when_add(node, phases->ended_ns - phases->started_ns);
		tree_append(tree, node);
	}
	return tree;
}

/* ---- regions ---- */

static int by_length(const void *one, const void *other)
{
	const struct region *a = one, *b = other;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return a->began_ns < b->began_ns ? -1 : a->began_ns > b->began_ns;
}

static struct json_object *region_new(const struct phases *phases,
				      const struct region *region)
{
	struct json_object *obj = tree_new();
	uint64_t began = region->began_ns;

	tree_add_word(obj, "request", region->map ? "map" :
		      region->unasked ? "end" : "unmap");
	/* What is left when a process ends is not told by addresses. */
	if (!region->unasked)
		tree_add_u64(obj, "iova", region->iova);
	tree_add_u64(obj, "bytes", region->bytes);
	tree_add_u64(obj, "at_ns", began > phases->started_ns ?
		     began - phases->started_ns : 0);
	tree_add_u64(obj, "ns", region->ns);
	if (region->map) {
		tree_add_u64(obj, "pin_ns", region->pin_ns);
		tree_add_u64(obj, "map_ns", region->map_ns);
		tree_add_u64(obj, "pin_calls", region->pins);
		tree_add_u64(obj, "map_calls", region->maps);
		tree_add_word(obj, "backing", phase_backing(region->backing));
	}
	if (region->ret < 0)
		tree_add_u64(obj, "errno", -region->ret);
	return obj;
}

static struct json_object *regions_of(const struct phases *phases,
				      uint64_t limit)
{
	struct json_object *list = tree_new_list();
	struct region *sorted;

	sorted = alloc_zeroed(phases->nr_regions, sizeof(*sorted));
	if (phases->nr_regions) {
		memcpy(sorted, phases->regions,
		       phases->nr_regions * sizeof(*sorted));
		qsort(sorted, phases->nr_regions, sizeof(*sorted), by_length);
	}
	for (size_t i = 0; i < phases->nr_regions && i < limit; i++)
		tree_append(list, region_new(phases, &sorted[i]));
	free(sorted);
	return list;
}

/* ---- what is not known ---- */

static void miss(struct json_object *missing, char *text)
{
	tree_append_word(missing, text);
	free(text);
}

static const char *end_means(const char *end)
{
	static const struct {
		const char *end;
		const char *means;
	} ends[] = {
		{ "signal", "somebody ended it" },
		{ "duration", "its --duration was over" },
		{ "limit", "the file was as large as it may be (--bytes)" },
		{ "full", "the disk was full" },
		{ "unloaded", "the module was unloaded" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (!strcmp(end, ends[i].end))
			return ends[i].means;
	return end;
}

struct json_object *timeline_missing(const struct recording *recording,
				     const struct phases *phases)
{
	struct json_object *missing = tree_new_list();
	struct json_object *absent = tree_get(recording->head, "absent");
	uint64_t lost = tree_u64_or_0(recording->end, "lost_events") +
			tree_u64_or_0(recording->end, "missed_calls");
	char *names;

	if (phases->began_ns > phases->started_ns)
		miss(missing, alloc_print("the first %s of the process, which ran already",
					  human_ns(phases->began_ns -
						   phases->started_ns).s));
	if (lost)
		miss(missing, alloc_print("%ju event%s that the kernel had no room for",
					  (uintmax_t)lost, human_s(lost)));
	if (recording->cut || !recording->end)
		tree_append_word(missing, "how it ended: the file is cut off");
	else if (!tree_is(recording->end, "end", "exit"))
		miss(missing, alloc_print("what came later: %s",
					  end_means(tree_word(recording->end,
							      "end"))));
	if (recording->broken)
		tree_append_word(missing, "a part of the file, which this tool does not understand");
	if (!tree_get(recording->head, "pid"))
		tree_append_word(missing, "what it did outside of these calls: a whole host was recorded");
	names = tree_length(absent) ? tree_join(recording->head, "absent") :
				      NULL;
	if (names)
		miss(missing, alloc_print("what this kernel has no probe or event for: %s",
					  names));
	free(names);
	return missing;
}

/* ---- the view ---- */

struct json_object *timeline_recording(const struct recording *recording)
{
	static const char *const keys[] = {
		"host", "time", "kernel", "version", "module", "cpus",
		"wall_clock_ns", NULL
	};
	static const char *const end_keys[] = {
		"end", "error", "exit_code", "signal", "user_ns", "system_ns",
		NULL
	};
	struct json_object *view = tree_new();

	for (const char *const *key = keys; *key; key++)
		tree_share(view, recording->head, *key);
	for (const char *const *key = end_keys; *key; key++)
		tree_share(view, recording->end, *key);
	if (!recording->end)
		tree_add_word(view, "end", "cut");
	tree_add_u64(view, "events", recording->nr);
	tree_add_u64(view, "lost_events",
		     tree_u64_or_0(recording->end, "lost_events") +
		     tree_u64_or_0(recording->end, "missed_calls"));
	return view;
}

static struct json_object *process_view(const struct recording *recording,
					const struct phases *phases)
{
	struct json_object *view = tree_new();

	tree_add_u64(view, "pid", phases->pid);
	tree_share(view, recording->head, "command");
	tree_share(view, recording->head, "comm");
	tree_add_u64(view, "exec_seen", phases->exec_seen);
	tree_add_u64(view, "exit_seen", phases->exit_seen);
	return view;
}

struct json_object *timeline_view(const struct recording *recording,
				  const struct phases *phases, uint64_t limit)
{
	struct json_object *view = tree_new();

	tree_add_u64(view, "format", 1);
	tree_add(view, "recording", timeline_recording(recording));
	tree_add(view, "process", process_view(recording, phases));
	tree_add_u64(view, "wall_ns", phases->ended_ns - phases->started_ns);
	tree_add(view, "phases", tree_of(phases));
	tree_add(view, "regions", regions_of(phases, limit));
	tree_add_u64(view, "left_out", phases->nr_regions > limit ?
		     phases->nr_regions - limit : 0);
	tree_add_u64(view, "refusals", phases->refusals);
	tree_add(view, "missing", timeline_missing(recording, phases));
	return view;
}

/* What a file has: its recording, and the phases of a process of it. */
struct opened {
	struct file_reader file;
	struct recording recording;
	struct phases phases;
};

static void opened_begin(struct opened *opened, const char *path, uint64_t pid)
{
	struct recording *recording = &opened->recording;

	file_open(&opened->file, path);
	if (!recording_read(recording, &opened->file))
		fail(EXIT_FORMAT, "%s: it is cut off before anything was recorded",
		     path);
	if (tree_u64_or_0(recording->head, "format") != 1)
		fail(EXIT_FORMAT, "%s: of a format that this tool does not know",
		     path);
	phases_find(&opened->phases, recording, pid);
	if (!opened->phases.pid)
		fail(EXIT_RUNTIME, "%s: nobody used VFIO while it was recorded",
		     path);
}

static void opened_end(struct opened *opened)
{
	phases_free(&opened->phases);
	recording_free(&opened->recording);
	file_close(&opened->file);
}

struct json_object *timeline_load(const char *path)
{
	struct json_object *view;
	struct opened opened;

	opened_begin(&opened, path, 0);
	view = timeline_view(&opened.recording, &opened.phases, 0);
	opened_end(&opened);
	return view;
}

struct json_object *read_timeline(const struct request *request)
{
	bool all = request->given & BIT(OPT_ALL);
	struct merge merge = {};
	struct json_object *view;
	struct opened opened;

	if (!request->args[0] || request->args[1])
		fail(EXIT_USAGE, "%s needs one file made by record",
		     request->command->name);
	opened_begin(&opened, request->args[0], request->pid);
	if (request->merge)
		merge_read(&merge, request, &opened.recording, &opened.phases);
	if (request->perfetto)
		perfetto_write(request->perfetto, &opened.recording,
			       &opened.phases, &merge);
	view = timeline_view(&opened.recording, &opened.phases,
			     all ? UINT64_MAX :
			     request->limit ?: DEFAULT_LIMIT);
	if (request->merge)
		tree_add(view, "log",
			 merge_view(&merge, &opened.phases, all ? UINT64_MAX :
				    request->limit ?: DEFAULT_LINES));
	merge_free(&merge);
	opened_end(&opened);
	return view;
}
