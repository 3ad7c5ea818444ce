// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file's pages, made into events by libtraceevent: it knows what pages and
 * events look like from the formats that the kernel told who recorded them. So
 * a recording is read anywhere, whatever kernel it was made on.
 *
 * A field that a kernel's event has not is 0. What was lost is an event of its
 * own, from the last one before it to the first one behind it.
 */
#include <stdlib.h>
#include <string.h>

#include <event-parse.h>
#include <kbuffer.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/tree.h"
#include "file.h"
#include "probe_kinds.h"
#include "recording.h"
#include "ring.h"

#define MAX_FIELDS 6
#define MAX_ID 65536
/* Of the greatest sub-buffer that a kernel can be told to have. */
#define MAX_PAGE 1048576

/* A field of an event, and where it goes: into a u8, u32 or u64. */
#define FIELD8(_name, _member) { _name, offsetof(struct event, _member), 1 }
#define FIELD32(_name, _member) { _name, offsetof(struct event, _member), 4 }
#define FIELD64(_name, _member) { _name, offsetof(struct event, _member), 8 }

struct field_info {
	const char *name;
	size_t at;
	size_t size;
};

/* An event of the kernel's, and where its fields go. */
static const struct event_info {
	const char *system;
	const char *name;
	enum event_kind kind;
	struct field_info fields[MAX_FIELDS];
} infos[] = {
	{ "iovascope", "region", EVENT_REGION, {
		FIELD8("map", map), FIELD64("iova", call.iova),
		FIELD64("vaddr", call.vaddr), FIELD64("bytes", call.bytes),
		FIELD32("ret", call.ret),
		FIELD64("duration_ns", call.duration_ns) } },
	{ "iovascope", "pin", EVENT_PIN, {
		FIELD64("iova", call.iova), FIELD64("bytes", call.bytes),
		FIELD32("backing", call.backing), FIELD32("ret", call.ret),
		FIELD64("duration_ns", call.duration_ns) } },
	{ "iovascope", "unpin", EVENT_UNPIN, {
		FIELD64("iova", call.iova), FIELD64("bytes", call.bytes),
		FIELD32("backing", call.backing),
		FIELD64("duration_ns", call.duration_ns) } },
	{ "iovascope", "teardown", EVENT_TEARDOWN, {
		FIELD64("iova", call.iova), FIELD64("bytes", call.bytes),
		FIELD32("backing", call.backing),
		FIELD64("duration_ns", call.duration_ns) } },
	{ "iovascope", "map", EVENT_MAP, {
		FIELD64("iova", call.iova), FIELD64("bytes", call.bytes),
		FIELD32("ret", call.ret),
		FIELD64("duration_ns", call.duration_ns) } },
	{ "iovascope", "unmap", EVENT_UNMAP, {
		FIELD64("iova", call.iova), FIELD64("bytes", call.bytes),
		FIELD64("duration_ns", call.duration_ns) } },
	{ "iovascope", "refusal", EVENT_REFUSAL, {
		FIELD64("iova", call.iova), FIELD64("bytes", call.bytes) } },
	{ "sched", "sched_process_exec", EVENT_EXEC, {
		FIELD32("old_pid", task.prev) } },
	{ "sched", "sched_process_exit", EVENT_EXIT, {
		FIELD32("pid", task.tid) } },
	{ "task", "task_newtask", EVENT_NEW, {
		FIELD32("pid", task.tid), FIELD64("clone_flags", task.flags) } },
	{ "sched", "sched_switch", EVENT_SWITCH, {
		FIELD32("prev_pid", task.prev), FIELD32("next_pid", task.tid),
		FIELD64("prev_state", task.prev_state) } },
	{ "sched", "sched_wakeup", EVENT_WAKEUP, {
		FIELD32("pid", task.tid) } },
};

/* One of the file's formats, found by the number that events have. */
struct format {
	enum event_kind kind;
	unsigned int probe;
	const struct field_info *info;
	struct tep_format_field *fields[MAX_FIELDS];
	struct tep_format_field *name;
};

static const struct field_info probe_fields[MAX_FIELDS] = {
	FIELD64("object", probe_args.object), FIELD32("cmd", probe_args.cmd),
};

struct reader {
	struct recording *recording;
	struct tep_handle *tep;
	struct kbuffer *kbuffer;
	/* By number, of which there are so many. */
	struct format **formats;
	size_t nr_formats;
	void *page;
	size_t page_bytes;
	/* The last event of each ring on each CPU. */
	uint64_t *last_ns;
	size_t nr_last;
};

/* ---- formats ---- */

/* An array of at least so many, of which new ones are zero. */
static void *array_until(void *array, size_t *nr, size_t want, size_t size)
{
	if (want <= *nr)
		return array;
	array = alloc_more(array, want, size);
	memset((char *)array + *nr * size, 0, (want - *nr) * size);
	*nr = want;
	return array;
}

static void format_add(struct reader *reader, struct tep_event *event,
		       const struct format *from)
{
	struct format *format;

	if (event->id < 0 || event->id >= MAX_ID)
		return;
	reader->formats = array_until(reader->formats, &reader->nr_formats,
				      event->id + 1, sizeof(format));
	if (reader->formats[event->id])
		return;
	format = alloc_zeroed(1, sizeof(*format));
	*format = *from;
	for (size_t i = 0; i < MAX_FIELDS && from->info[i].name; i++)
		format->fields[i] = tep_find_field(event, from->info[i].name);
	if (from->kind == EVENT_IN)
		format->name = tep_find_field(event, "name");
	reader->formats[event->id] = format;
}

/* "flr_in" is the beginning of what the table calls flr. */
static bool probe_of(const char *name, struct format *format)
{
	for (unsigned int kind = 0; kind < NR_PROBES; kind++) {
		const char *probe = probe_infos[kind].name;
		size_t len = strlen(probe);

		if (strncmp(name, probe, len))
			continue;
		if (strcmp(name + len, "_in") && strcmp(name + len, "_out"))
			continue;
		format->kind = name[len + 1] == 'i' ? EVENT_IN : EVENT_OUT;
		format->probe = kind;
		format->info = probe_fields;
		return true;
	}
	return false;
}

static void format_take(struct reader *reader, const char *system,
			const char *text, size_t bytes)
{
	struct tep_event *event = NULL;
	struct format format = {};

	/* How it would be printed may not be understood: nobody prints it. */
	tep_parse_format(reader->tep, &event, text, bytes, system);
	if (!event) {
		reader->recording->broken = true;
		return;
	}
	if (!strncmp(system, PROBE_SYSTEM, strlen(PROBE_SYSTEM)) &&
	    probe_of(event->name, &format))
		format_add(reader, event, &format);
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
		if (strcmp(system, infos[i].system) ||
		    strcmp(event->name, infos[i].name))
			continue;
		format.kind = infos[i].kind;
		format.info = infos[i].fields;
		format_add(reader, event, &format);
	}
}

static void format_chunk(struct reader *reader, const struct chunk *chunk)
{
	const char *system = chunk->data;
	size_t name = strnlen(system, chunk->bytes);

	if (name == chunk->bytes)
		reader->recording->broken = true;
	else
		format_take(reader, system, system + name + 1,
			    chunk->bytes - name - 1);
}

/* ---- events ---- */

static struct event *event_new(struct recording *recording)
{
	if (recording->nr == recording->room) {
		recording->room = recording->room ? 2 * recording->room : 4096;
		recording->events = alloc_more(recording->events,
					       recording->room,
					       sizeof(*recording->events));
	}
	memset(&recording->events[recording->nr], 0,
	       sizeof(*recording->events));
	recording->events[recording->nr].order = recording->nr;
	return &recording->events[recording->nr++];
}

static void field_read(struct event *event, const struct field_info *info,
		       struct tep_format_field *field, const void *data,
		       size_t bytes)
{
	unsigned long long val;

	if (!field || (size_t)field->offset + field->size > bytes ||
	    tep_read_number_field(field, data, &val))
		return;
	/* Little endian: the lower bytes come first. */
	memcpy((char *)event + info->at, &val, info->size);
}

/* A string that is somewhere behind the fields: its offset and length. */
static void name_read(struct event *event, struct tep_format_field *field,
		      const void *data, size_t bytes)
{
	unsigned long long val;
	size_t at, len;

	if (!field || (size_t)field->offset + field->size > bytes ||
	    tep_read_number_field(field, data, &val))
		return;
	at = val & 0xffff;
	len = val >> 16 & 0xffff;
	if (at >= bytes)
		return;
	len = len < bytes - at ? len : bytes - at;
	if (len > sizeof(event->probe_args.name) - 1)
		len = sizeof(event->probe_args.name) - 1;
	memcpy(event->probe_args.name, (const char *)data + at, len);
}

static void event_read(struct reader *reader, const struct chunk *chunk,
		       void *data, size_t bytes, uint64_t ns)
{
	struct tep_record record = { .data = data, .size = bytes };
	const struct format *format;
	struct event *event;
	int id;

	/* The fields that all events have. */
	if (bytes < 8)
		return;
	id = tep_data_type(reader->tep, &record);
	format = id >= 0 && (size_t)id < reader->nr_formats ?
		 reader->formats[id] : NULL;
	if (!format)
		return;
	event = event_new(reader->recording);
	event->ns = ns;
	event->kind = format->kind;
	event->ring = chunk->ring;
	event->probe = format->probe;
	event->tid = tep_data_pid(reader->tep, &record);
	for (size_t i = 0; i < MAX_FIELDS && format->info[i].name; i++)
		field_read(event, &format->info[i], format->fields[i], data,
			   bytes);
	name_read(event, format->name, data, bytes);
}

static void lost_add(struct reader *reader, const struct chunk *chunk,
		     uint64_t from, uint64_t to)
{
	struct event *lost = event_new(reader->recording);

	/* The beginning is lost, too: it is from nowhere. */
	lost->ns = from ?: to;
	lost->call.duration_ns = to - lost->ns;
	lost->kind = EVENT_LOST;
	lost->ring = chunk->ring;
}

static void page_chunk(struct reader *reader, const struct chunk *chunk)
{
	size_t of = chunk->cpu * NR_RINGS + chunk->ring;
	unsigned long long ns;
	void *data;
	int used;

	if (chunk->ring >= NR_RINGS || chunk->bytes > MAX_PAGE ||
	    chunk->bytes < 2 * sizeof(uint64_t)) {
		reader->recording->broken = true;
		return;
	}
	/* What its ring left unused was not written. */
	reader->last_ns = array_until(reader->last_ns, &reader->nr_last,
				      of + 1, sizeof(*reader->last_ns));
	reader->page = array_until(reader->page, &reader->page_bytes,
				   chunk->bytes + 2 * sizeof(uint64_t), 1);
	memcpy(reader->page, chunk->data, chunk->bytes);
	memset(reader->page + chunk->bytes, 0, 2 * sizeof(uint64_t));
	kbuffer_load_subbuffer(reader->kbuffer, reader->page);
	used = kbuffer_start_of_data(reader->kbuffer) +
	       kbuffer_subbuffer_size(reader->kbuffer);
	if (used < 0 || (size_t)used > chunk->bytes) {
		reader->recording->broken = true;
		return;
	}
	data = kbuffer_read_event(reader->kbuffer, &ns);
	if (data && kbuffer_missed_events(reader->kbuffer))
		lost_add(reader, chunk, reader->last_ns[of], ns);
	while (data) {
		reader->last_ns[of] = ns;
		event_read(reader, chunk, data,
			   kbuffer_event_size(reader->kbuffer), ns);
		data = kbuffer_next_event(reader->kbuffer, &ns);
	}
}

/* ---- chunks ---- */

static struct json_object *json_of(const struct chunk *chunk)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *json;

	if (!tokener)
		alloc_fail();
	json = json_tokener_parse_ex(tokener, chunk->data, chunk->bytes);
	json_tokener_free(tokener);
	if (json && !json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		json = NULL;
	}
	return json;
}

static void chunk_take(struct reader *reader, const struct chunk *chunk)
{
	struct recording *recording = reader->recording;

	switch (chunk->kind) {
	case CHUNK_HEAD:
		json_object_put(recording->head);
		recording->head = json_of(chunk);
		break;
	case CHUNK_END:
		json_object_put(recording->end);
		recording->end = json_of(chunk);
		break;
	case CHUNK_FORMAT:
		format_chunk(reader, chunk);
		break;
	case CHUNK_PAGE:
		page_chunk(reader, chunk);
		break;
	default:
		recording->broken = true;
	}
}

/* Of the same moment, in the order in which they are in the file. */
static int by_time(const void *one, const void *other)
{
	const struct event *a = one, *b = other;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void reader_free(struct reader *reader)
{
	for (size_t id = 0; id < reader->nr_formats; id++)
		free(reader->formats[id]);
	free(reader->formats);
	free(reader->last_ns);
	free(reader->page);
	kbuffer_free(reader->kbuffer);
	tep_free(reader->tep);
}

bool recording_read(struct recording *recording, struct file_reader *file)
{
	struct reader reader = {
		.recording = recording,
		.tep = tep_alloc(),
		.kbuffer = kbuffer_alloc(KBUFFER_LSIZE_8,
					 KBUFFER_ENDIAN_LITTLE),
	};
	struct chunk chunk;

	if (!reader.tep || !reader.kbuffer)
		alloc_fail();
	tep_set_file_bigendian(reader.tep, TEP_LITTLE_ENDIAN);
	tep_set_loglevel(TEP_LOG_NONE);
	tep_set_long_size(reader.tep, sizeof(uint64_t));
	*recording = (struct recording){};
	while (file_next(file, &chunk))
		chunk_take(&reader, &chunk);
	recording->cut = file->cut;
	reader_free(&reader);
	if (recording->nr)
		qsort(recording->events, recording->nr,
		      sizeof(*recording->events), by_time);
	return recording->head;
}

void recording_free(struct recording *recording)
{
	json_object_put(recording->head);
	json_object_put(recording->end);
	free(recording->events);
	*recording = (struct recording){};
}
