// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of a process, from events: of VFIO, which are told when they have
 * returned, with how long they took; and of what is done to devices, which are
 * told when they begin and when they end.
 *
 * A pin or a map is part of the request that was the next to return of the same
 * task and began before it. A device has a name in the one call that is told
 * it; what is done inside that call is done to this device, and what vfio-pci
 * hands around for it, an address, is known by it from then on.
 *
 * What has no end is in flight: until the recording ends, or as far as the
 * module knew then.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/tree.h"
#include "probe_kinds.h"
#include "recording.h"
#include "spans.h"

/* include/uapi/linux/vfio.h */
#define GROUP_SET_CONTAINER	0x3b68
#define GROUP_GET_DEVICE_FD	0x3b6a

#define NO_DEVICE UINT16_MAX

static const enum phase phase_of_probe[NR_PROBES] = {
	[PROBE_GROUP] = NR_PHASES,
	[PROBE_ATTACH] = PHASE_ATTACH,
	[PROBE_ATTACH_HUGEPATH] = PHASE_ATTACH,
	[PROBE_ATTACH_IOMMUFD] = PHASE_ATTACH,
	[PROBE_CDEV_OPEN] = PHASE_OPEN,
	[PROBE_ENABLE] = PHASE_ENABLE,
	[PROBE_CLOSE] = PHASE_CLOSE,
	[PROBE_RESET_LOCKED] = PHASE_RESET,
	[PROBE_RESET] = PHASE_RESET,
	[PROBE_BUS_RESET] = PHASE_BUS_RESET,
	[PROBE_FLR] = PHASE_FLR,
	[PROBE_POWER] = PHASE_POWER,
};

/* A call that has begun: in the list of its task, its span is not ended yet. */
struct finder {
	struct spans *spans;
	struct phases *phases;
	const struct recording *recording;
	struct tasks *tasks;
	/* Of each span, the next older one of its task without a region. */
	size_t *links;
	size_t nr_links;
	/* Of each device. */
	uint64_t *objects;
	uint64_t end_ns;
};

static struct span *span_add(struct finder *finder, uint32_t tid,
			     enum phase phase)
{
	struct spans *spans = finder->spans;

	if (spans->nr == spans->room) {
		spans->room = spans->room ? 2 * spans->room : 1024;
		spans->list = alloc_more(spans->list, spans->room,
					 sizeof(*spans->list));
		finder->links = alloc_more(finder->links, spans->room,
					   sizeof(*finder->links));
	}
	spans->list[spans->nr] = (struct span){
		.tid = tid, .phase = phase, .region = SIZE_MAX,
	};
	finder->links[spans->nr] = SIZE_MAX;
	return &spans->list[spans->nr++];
}

/* ---- calls of VFIO ---- */

static enum phase phase_of_call(const struct event *event)
{
	switch (event->kind) {
	case EVENT_REGION:
		return event->map ? PHASE_MAP_REST : PHASE_UNMAP_REST;
	case EVENT_PIN:
		return event->call.backing == BACKING_MMIO ? PHASE_LOOKUP :
							     PHASE_PIN;
	case EVENT_UNPIN:
		return PHASE_UNPIN;
	case EVENT_TEARDOWN:
		return PHASE_WALK;
	case EVENT_MAP:
		return PHASE_MAP;
	default:
		return PHASE_UNMAP;
	}
}

static void region_part(struct region *region, const struct span *span)
{
	uint64_t ns = span->ended_ns - span->began_ns;

	if (span->phase == PHASE_PIN || span->phase == PHASE_LOOKUP) {
		region->pins++;
		region->pin_ns += ns;
		if (region->backing == UINT32_MAX)
			region->backing = span->of;
	} else if (span->phase == PHASE_MAP) {
		region->maps++;
		region->map_ns += ns;
	}
}

static struct region *region_add(struct phases *phases)
{
	if (!(phases->nr_regions & (phases->nr_regions - 1)))
		phases->regions = alloc_more(phases->regions,
					     2 * phases->nr_regions + 1,
					     sizeof(*phases->regions));
	phases->regions[phases->nr_regions] = (struct region){
		.backing = UINT32_MAX,
	};
	return &phases->regions[phases->nr_regions++];
}

/*
 * Whoever measures a call tells it a little later: the module has the duration
 * first, and then something to do before the event. So what was inside may seem
 * to have begun before it. It did not.
 */
static void span_enclose(struct finder *finder, struct task *task, size_t at)
{
	struct span *list = finder->spans->list, *span = &list[at];

	for (size_t i = task->free_spans;
	     i != SIZE_MAX && list[i].ended_ns > span->began_ns;
	     i = finder->links[i])
		if (list[i].began_ns < span->began_ns)
			span->began_ns = list[i].began_ns;
}

/* All that its task has done since it began and that has no region yet. */
static void region_close(struct finder *finder, struct task *task, size_t at,
			 const struct event *event)
{
	struct span *spans = finder->spans->list;
	struct region *region = region_add(finder->phases);

	region->map = event->kind == EVENT_REGION && event->map;
	region->unasked = event->kind == EVENT_TEARDOWN;
	region->iova = event->call.iova;
	region->vaddr = event->call.vaddr;
	region->bytes = event->call.bytes;
	region->ret = event->call.ret;
	region->began_ns = spans[at].began_ns;
	region->ns = spans[at].ended_ns - spans[at].began_ns;
	spans[at].region = finder->phases->nr_regions - 1;
	while (task->free_spans != SIZE_MAX &&
	       spans[task->free_spans].ended_ns > region->began_ns) {
		struct span *part = &spans[task->free_spans];

		part->region = finder->phases->nr_regions - 1;
		region_part(region, part);
		task->free_spans = finder->links[task->free_spans];
	}
}

static void call_take(struct finder *finder, struct task *task,
		      const struct event *event)
{
	struct span *span = span_add(finder, event->tid, phase_of_call(event));
	size_t at = finder->spans->nr - 1;
	uint64_t ns = event->call.duration_ns;

	span->ended_ns = event->ns;
	span->began_ns = ns < event->ns ? event->ns - ns : 0;
	span->bytes = event->call.bytes;
	if (span->phase == PHASE_PIN || span->phase == PHASE_LOOKUP ||
	    span->phase == PHASE_UNPIN)
		span->of = event->call.backing;
	if (event->kind == EVENT_REGION || event->kind == EVENT_TEARDOWN)
		span_enclose(finder, task, at);
	if (event->kind == EVENT_REGION) {
		region_close(finder, task, at, event);
		return;
	}
	finder->links[at] = task->free_spans;
	task->free_spans = at;
}

/* ---- devices ---- */

static unsigned int device_add(struct finder *finder, const char *name)
{
	struct phases *phases = finder->phases;
	size_t nr = phases->nr_devices;

	if (nr >= NO_DEVICE)
		return NO_DEVICE;
	phases->devices = alloc_more(phases->devices, nr + 1,
				     sizeof(*phases->devices));
	finder->objects = alloc_more(finder->objects, nr + 1,
				     sizeof(*finder->objects));
	finder->objects[nr] = 0;
	if (*name)
		snprintf(phases->devices[nr], sizeof(*phases->devices), "%s",
			 name);
	else
		snprintf(phases->devices[nr], sizeof(*phases->devices),
			 "device %u", (unsigned int)nr + 1);
	phases->nr_devices++;
	return nr;
}

static unsigned int device_named(struct finder *finder, const char *name)
{
	struct phases *phases = finder->phases;

	for (size_t i = 0; i < phases->nr_devices; i++)
		if (!strcmp(phases->devices[i], name))
			return i;
	return device_add(finder, name);
}

static unsigned int device_at(struct finder *finder, uint64_t object,
			      unsigned int around)
{
	for (size_t i = 0; i < finder->phases->nr_devices; i++)
		if (finder->objects[i] == object)
			return i;
	if (around == NO_DEVICE)
		around = device_add(finder, "");
	if (around != NO_DEVICE)
		finder->objects[around] = object;
	return around;
}

/* Of a group's calls those that are about a device. */
static enum phase phase_of_group(uint32_t cmd)
{
	switch (cmd) {
	case GROUP_SET_CONTAINER:
		return PHASE_ATTACH;
	case GROUP_GET_DEVICE_FD:
		return PHASE_OPEN;
	default:
		return NR_PHASES;
	}
}

/* The bytes of a call that nobody asked for are which probe it is. */
static void probe_in(struct finder *finder, struct task *task,
		     const struct event *event)
{
	enum phase phase = phase_of_probe[event->probe];
	unsigned int around = NO_DEVICE;
	struct span *span;

	if (task->nr_open)
		around = finder->spans->list[task->open[task->nr_open - 1]].of;
	if (event->probe == PROBE_GROUP)
		phase = phase_of_group(event->probe_args.cmd);
	if (task->nr_open == ARRAY_SIZE(task->open))
		return;
	span = span_add(finder, event->tid, phase);
	span->began_ns = event->ns;
	span->bytes = event->probe;
	span->of = around;
	if (phase == PHASE_OPEN && event->probe == PROBE_GROUP)
		span->of = device_named(finder, event->probe_args.name);
	else if (event->probe_args.object)
		span->of = device_at(finder, event->probe_args.object, around);
	task->open[task->nr_open++] = finder->spans->nr - 1;
}

/* What began after it and has not ended has no end that was seen. */
static void probe_out(struct finder *finder, struct task *task,
		      const struct event *event)
{
	struct span *list = finder->spans->list;

	for (unsigned int i = task->nr_open; i--;) {
		if (list[task->open[i]].bytes != event->probe)
			continue;
		for (; task->nr_open > i; task->nr_open--)
			list[task->open[task->nr_open - 1]].ended_ns =
				event->ns;
		return;
	}
}

/* ---- all of it ---- */

/* Opening a device may learn its name only inside: a reset before enabling. */
static void ends_find(struct finder *finder)
{
	struct spans *spans = finder->spans;

	for (size_t i = 0; i < spans->nr; i++) {
		struct span *span = &spans->list[i];

		if (span->ended_ns < span->began_ns)
			span->ended_ns = finder->end_ns;
		if (span->phase <= PHASE_CLOSE)
			span->bytes = 0;
	}
}

/* Walks that no request asked for are those of a process that ended. */
static void unasked_find(struct finder *finder)
{
	for (size_t i = 0; i < finder->spans->nr; i++) {
		struct span *span = &finder->spans->list[i];
		struct region *region;

		if (span->phase != PHASE_WALK || span->region != SIZE_MAX)
			continue;
		region = region_add(finder->phases);
		region->unasked = true;
		region->iova = 0;
		region->bytes = span->bytes;
		region->began_ns = span->began_ns;
		region->ns = span->ended_ns - span->began_ns;
	}
}

static enum phase phase_in_flight(struct json_object *call)
{
	static const struct {
		const char *op;
		enum phase phase;
	} ops[] = {
		{ "region_map", PHASE_MAP_REST }, { "pin", PHASE_PIN },
		{ "region_unmap", PHASE_UNMAP_REST }, { "map", PHASE_MAP },
		{ "teardown", PHASE_WALK }, { "unmap", PHASE_UNMAP },
		{ "unpin", PHASE_UNPIN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (tree_is(call, "op", ops[i].op))
			return ops[i].phase;
	return NR_PHASES;
}

/* "4301.1" is the second call that task 4301 is in. */
static void inflight_take(struct finder *finder)
{
	tree_foreach(tree_get(finder->recording->end, "inflight"), id, call) {
		uint64_t age = tree_u64_or_0(call, "age_ns");
		enum phase phase = phase_in_flight(call);
		uint32_t tid = strtoul(id, NULL, 10);
		struct span *span;

		if (phase == NR_PHASES || !tasks_mine(finder->tasks, tid))
			continue;
		span = span_add(finder, tid, phase);
		span->ended_ns = finder->end_ns;
		span->began_ns = age < finder->end_ns ?
				 finder->end_ns - age : 0;
	}
}

static void event_take(struct finder *finder, const struct event *event)
{
	struct task *task = tasks_mine(finder->tasks, event->tid);

	switch (event->kind) {
	case EVENT_NEW:
		tasks_born(finder->tasks, event);
		return;
	case EVENT_REFUSAL:
		finder->phases->refusals += task ? 1 : 0;
		return;
	case EVENT_IN:
		if (task)
			probe_in(finder, task, event);
		return;
	case EVENT_OUT:
		if (task)
			probe_out(finder, task, event);
		return;
	default:
		if (task && event->kind <= EVENT_UNMAP)
			call_take(finder, task, event);
	}
}

void spans_find(struct spans *spans, struct phases *phases,
		const struct recording *recording, struct tasks *tasks)
{
	struct finder finder = {
		.spans = spans,
		.phases = phases,
		.recording = recording,
		.tasks = tasks,
		.end_ns = phases->ended_ns,
	};

	*spans = (struct spans){};
	for (size_t i = 0; i < recording->nr; i++)
		event_take(&finder, &recording->events[i]);
	ends_find(&finder);
	unasked_find(&finder);
	inflight_take(&finder);
	free(finder.links);
	free(finder.objects);
}
