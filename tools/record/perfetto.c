// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording as trace-event JSON, which ui.perfetto.dev and chrome://tracing
 * read: the process with a track for each task that made calls, a track for each
 * device, and a counter of what is mapped; and, of a log that is merged, a track
 * for each of its clocks, on which its lines are moments.
 *
 * In a track, calls nest: a request has its pins and maps in it. Two calls of a
 * task never overlap otherwise, and where clocks seem to say so, the inner one
 * is cut to what the outer one is.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/tree.h"
#include "merge.h"
#include "perfetto.h"
#include "phases.h"
#include "recording.h"

/* Processes of the trace, and what no PID is: where devices are. */
#define DEVICES_PID (1 << 23)
#define LOG_PID (DEVICES_PID + 1)
#define MAX_DEPTH 16

/* The calls of a track that have not ended at some moment. */
struct track {
	uint32_t tid;
	uint64_t ends[MAX_DEPTH];
	unsigned int depth;
};

struct writer {
	FILE *out;
	const struct phases *phases;
	struct track *tracks;
	size_t nr_tracks;
	uint64_t mapped;
};

/* Microseconds since the beginning. */
static void time_print(FILE *out, uint64_t ns)
{
	fprintf(out, "%ju.%03u", (uintmax_t)(ns / 1000),
		(unsigned int)(ns % 1000));
}

static void word_print(FILE *out, const char *word)
{
	struct json_object *obj = json_object_new_string(word);

	fputs(json_object_to_json_string(obj), out);
	json_object_put(obj);
}

static void name_print(struct writer *writer, const char *what, uint32_t pid,
		       uint32_t tid, const char *name)
{
	fprintf(writer->out,
		",\n{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":",
		what, pid, tid);
	word_print(writer->out, name);
	fputs("}}", writer->out);
}

static struct track *track_of(struct writer *writer, uint32_t tid)
{
	char name[32];

	for (size_t i = 0; i < writer->nr_tracks; i++)
		if (writer->tracks[i].tid == tid)
			return &writer->tracks[i];
	writer->tracks = alloc_more(writer->tracks, writer->nr_tracks + 1,
				    sizeof(*writer->tracks));
	writer->tracks[writer->nr_tracks] = (struct track){ .tid = tid };
	snprintf(name, sizeof(name), "task %u", tid);
	name_print(writer, "thread_name", writer->phases->pid, tid, name);
	return &writer->tracks[writer->nr_tracks++];
}

/* It ends no later than what it is in. */
static uint64_t track_nest(struct track *track, uint64_t began, uint64_t ended)
{
	while (track->depth && track->ends[track->depth - 1] <= began)
		track->depth--;
	if (track->depth && ended > track->ends[track->depth - 1])
		ended = track->ends[track->depth - 1];
	if (track->depth < MAX_DEPTH)
		track->ends[track->depth++] = ended;
	return ended;
}

static void call_print(struct writer *writer, const struct span *span,
		       uint32_t pid, uint32_t tid, uint64_t began,
		       uint64_t ended)
{
	const char *name = phase_name(span->phase);
	FILE *out = writer->out;

	/* A request is more than what is left of it. */
	if (span->phase == PHASE_MAP_REST)
		name = "map request";
	else if (span->phase == PHASE_UNMAP_REST)
		name = "unmap request";
	fprintf(out, ",\n{\"ph\":\"X\",\"cat\":\"%s\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,\"ts\":",
		span->phase <= PHASE_CLOSE ? "device" : "vfio", name, pid,
		tid);
	time_print(out, began - writer->phases->started_ns);
	fputs(",\"dur\":", out);
	time_print(out, ended - began);
	fputs(",\"args\":{", out);
	if (span->phase > PHASE_CLOSE)
		fprintf(out, "\"bytes\":%ju",
			(uintmax_t)span->bytes);
	if (phase_has_backing(span->phase))
		fprintf(out, ",\"backing\":\"%s\"",
			phase_backing(span->of));
	if (span->phase <= PHASE_CLOSE && span->of < writer->phases->nr_devices) {
		fputs("\"device\":", out);
		word_print(out, writer->phases->devices[span->of]);
	}
	fputs("}}", out);
}

static void span_print(struct writer *writer, const struct span *span)
{
	const struct phases *phases = writer->phases;
	uint64_t began = span->began_ns, ended;

	if (began < phases->started_ns)
		began = phases->started_ns;
	if (span->ended_ns <= began)
		return;
	ended = track_nest(track_of(writer, span->tid), began, span->ended_ns);
	if (ended <= began)
		return;
	call_print(writer, span, phases->pid, span->tid, began, ended);
	if (span->phase <= PHASE_CLOSE && span->of < phases->nr_devices)
		call_print(writer, span, DEVICES_PID, span->of, began, ended);
}

/* By the moment at which they are mapped, or are no longer. */
static int by_end(const void *one, const void *other)
{
	const struct region *a = one, *b = other;
	uint64_t end_a = a->began_ns + a->ns, end_b = b->began_ns + b->ns;

	return end_a < end_b ? -1 : end_a > end_b;
}

static void counter_print(struct writer *writer, const struct region *region)
{
	uint64_t at = region->began_ns + region->ns;

	if (region->ret < 0 || at < writer->phases->started_ns)
		return;
	if (region->map)
		writer->mapped += region->bytes;
	else
		writer->mapped -= region->bytes < writer->mapped ?
				  region->bytes : writer->mapped;
	fprintf(writer->out,
		",\n{\"ph\":\"C\",\"name\":\"mapped bytes\",\"pid\":%u,\"ts\":",
		writer->phases->pid);
	time_print(writer->out, at - writer->phases->started_ns);
	fprintf(writer->out, ",\"args\":{\"bytes\":%ju}}",
		(uintmax_t)writer->mapped);
}

static void counters_print(struct writer *writer)
{
	const struct phases *phases = writer->phases;
	struct region *sorted;

	if (!phases->nr_regions)
		return;
	sorted = alloc_zeroed(phases->nr_regions, sizeof(*sorted));
	memcpy(sorted, phases->regions, phases->nr_regions * sizeof(*sorted));
	qsort(sorted, phases->nr_regions, sizeof(*sorted), by_end);
	for (size_t i = 0; i < phases->nr_regions; i++)
		counter_print(writer, &sorted[i]);
	free(sorted);
}

static void devices_print(struct writer *writer)
{
	const struct phases *phases = writer->phases;

	if (!phases->nr_devices)
		return;
	name_print(writer, "process_name", DEVICES_PID, 0, "devices");
	for (size_t i = 0; i < phases->nr_devices; i++)
		name_print(writer, "thread_name", DEVICES_PID, i,
			   phases->devices[i]);
}

static void lines_print(struct writer *writer, const struct merge *merge)
{
	if (!merge->nr)
		return;
	name_print(writer, "process_name", LOG_PID, 0, merge->path);
	for (int clock = LOG_HOST; clock <= LOG_BOOT; clock++)
		name_print(writer, "thread_name", LOG_PID, clock,
			   merge_clock_name(clock));
	for (size_t i = 0; i < merge->nr; i++) {
		const struct merge_line *line = &merge->lines[i];

		fputs(",\n{\"ph\":\"i\",\"s\":\"t\",\"cat\":\"log\",\"name\":",
		      writer->out);
		word_print(writer->out, line->text);
		fprintf(writer->out, ",\"pid\":%u,\"tid\":%u,\"ts\":", LOG_PID,
			line->clock->clock);
		time_print(writer->out, line->at_ns);
		fputs("}", writer->out);
	}
}

static void head_print(struct writer *writer,
		       const struct recording *recording)
{
	struct json_object *head = recording->head;
	struct json_object *command = tree_get(head, "command");
	const char *name = tree_length(command) ?
			   json_object_get_string(tree_at(command, 0)) :
			   tree_word(head, "comm");

	fputs("{\"displayTimeUnit\":\"ms\",\"otherData\":{\"host\":",
	      writer->out);
	word_print(writer->out, tree_word(head, "host"));
	fputs(",\"time\":", writer->out);
	word_print(writer->out, tree_word(head, "time"));
	fputs(",\"kernel\":", writer->out);
	word_print(writer->out, tree_word(head, "kernel"));
	fputs(",\"iovascope\":", writer->out);
	word_print(writer->out, tree_word(head, "version"));
	fputs("},\"traceEvents\":[\n{\"ph\":\"i\",\"s\":\"p\",\"name\":\"begin\",\"pid\":",
	      writer->out);
	fprintf(writer->out, "%u,\"tid\":%u,\"ts\":0}", writer->phases->pid,
		writer->phases->pid);
	name_print(writer, "process_name", writer->phases->pid,
		   writer->phases->pid, name);
}

void perfetto_write(const char *path, const struct recording *recording,
		    const struct phases *phases, const struct merge *merge)
{
	struct writer writer = { .phases = phases };

	writer.out = fopen(path, "we");
	if (!writer.out)
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	head_print(&writer, recording);
	devices_print(&writer);
	for (size_t i = 0; i < phases->spans.nr; i++)
		span_print(&writer, &phases->spans.list[i]);
	counters_print(&writer);
	lines_print(&writer, merge);
	fputs("\n]}\n", writer.out);
	free(writer.tracks);
	if (ferror(writer.out) | fclose(writer.out))
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
}
