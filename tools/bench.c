// SPDX-License-Identifier: GPL-2.0-only
/*
 * `bench`: what mapping and unmapping costs on this machine, for each backing,
 * by each backend, side by side in one run.
 *
 * One backing is looked at after the other, so that its memory is there once.
 * It is mapped in rounds: in each every backend has its turn with every size,
 * and who comes first changes from round to round, so that all share
 * in what drifts. The first two rounds warm up, with the smallest size, and are
 * not measured: it is the second time that a page is pinned that the kernel
 * moves it to the active list (mm/swap.c mark_page_accessed()), which costs more
 * than mapping it. In the next round the tables are counted, by the module's
 * census where the module is loaded.
 *
 * A size larger than the memory maps the same pages again, region by region:
 * so the cost of a TiB is measured without one. What cannot run is a row with
 * its reason, and the rest goes on.
 *
 * One path for all numbers: what is measured becomes a tree, and text, JSON and
 * comparisons are made from that, whether it is from now or from a file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <cpuid.h>

#include "bench.h"
#include "command.h"
#include "fail.h"
#include "leaf.h"
#include "snapshot.h"
#include "system.h"
#include "tree.h"

#define FORMAT		1
#define WARM_UPS	2
#define CPUID_HYPERVISOR	0x40000000
#define ECX_HYPERVISOR		(1u << 31)

/* One backend with one size. */
struct cell {
	struct samples map;
	struct samples unmap;
	struct json_object *held;
	char why[192];
};

/* One backing, while it is looked at. */
struct series {
	const struct request *request;
	const struct plan *plan;
	enum backing backing;
	struct memory memory;
	/* A BAR is touched by each backend, all else once: the first. */
	struct samples touch[BENCH_MAX_BACKENDS];
	struct cell cell[BENCH_MAX_BACKENDS][BENCH_MAX_SIZES];
};

static void add_word(struct json_object *obj, const char *key,
		     const char *word)
{
	tree_add(obj, key, json_object_new_string(word));
}

/* What the processor says it runs on; "" for hardware. */
static void hypervisor_name(char name[13])
{
	unsigned int eax, ebx, ecx, edx, regs[3];

	name[0] = '\0';
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & ECX_HYPERVISOR))
		return;
	__cpuid(CPUID_HYPERVISOR, eax, regs[0], regs[1], regs[2]);
	memcpy(name, regs, sizeof(regs));
	name[12] = '\0';
}

static struct json_object *machine_of(const struct plan *plan)
{
	struct json_object *machine = tree_new();
	struct utsname host;
	char name[13];

	uname(&host);
	hypervisor_name(name);
	add_word(machine, "kernel", host.release);
	add_word(machine, "hypervisor", name);
	add_word(machine, "time", strcmp(name, "TCGTCGTCGTCG") ? "real" :
		 "emulated");
	add_word(machine, "module", system_has("/sys/module/iovascope") ?
		 "loaded" : "absent");
	tree_add(machine, "devices", json_object_new_array());
	for (size_t i = 0; i < plan->nr_devices; i++)
		json_object_array_add(tree_get(machine, "devices"),
				      json_object_new_string(plan->device[i]));
	return machine;
}

struct json_object *bench_new(const struct plan *plan)
{
	struct json_object *view = tree_new();

	tree_add_u64(view, "bench", FORMAT);
	tree_add(view, "machine", machine_of(plan));
	tree_add_u64(view, "rounds", plan->rounds);
	tree_add(view, "first_touch", json_object_new_array());
	tree_add(view, "rows", json_object_new_array());
	tree_add(view, "slopes", json_object_new_array());
	tree_add(view, "node", json_object_new_array());
	tree_add(view, "refused", json_object_new_array());
	return view;
}

static bool is_list_of_objects(struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < tree_length(list); i++)
		if (!json_object_is_type(json_object_array_get_idx(list, i),
					 json_type_object))
			return false;
	return true;
}

static bool is_result(struct json_object *view)
{
	static const char *const lists[] = {
		"first_touch", "rows", "slopes", "node", "refused"
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (!is_list_of_objects(tree_get(view, lists[i])))
			return false;
	return json_object_is_type(tree_get(view, "machine"), json_type_object) &&
	       (!tree_get(view, "times") ||
		is_list_of_objects(tree_get(view, "times")));
}

/* A run of `make bench`: results, each of a part of it on a kernel. */
static bool is_run(struct json_object *view)
{
	struct json_object *parts = tree_get(view, "parts");

	if (!is_list_of_objects(parts))
		return false;
	for (size_t i = 0; i < tree_length(parts); i++) {
		struct json_object *part = json_object_array_get_idx(parts, i);

		if (!tree_get(part, "kernel") || !tree_get(part, "part") ||
		    !is_result(tree_get(part, "result")))
			return false;
	}
	return true;
}

struct json_object *bench_load(const char *path)
{
	struct json_object *view;
	FILE *file = fopen(path, "re");

	if (!file)
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	view = json_object_from_fd(fileno(file));
	fclose(file);
	if (!json_object_is_type(view, json_type_object))
		fail(EXIT_RUNTIME, "%s: not JSON, or not made by bench --json",
		     path);
	if (tree_u64_or_0(view, "bench") != FORMAT)
		fail(EXIT_FORMAT, "%s: unknown format: not made by bench --json of this version",
		     path);
	if (tree_get(view, "parts") ? !is_run(view) : !is_result(view))
		fail(EXIT_RUNTIME, "%s: broken: a part is missing", path);
	return view;
}

/* What could not run. Words that are NULL, and 0 bytes, stand for all. */
void bench_refused(struct json_object *view, const char *backing,
		   const char *backend, uint64_t bytes, const char *why)
{
	struct json_object *row = tree_new();

	if (backing)
		add_word(row, "backing", backing);
	if (backend)
		add_word(row, "backend", backend);
	if (bytes)
		tree_add_u64(row, "bytes", bytes);
	add_word(row, "reason", why);
	json_object_array_add(tree_get(view, "refused"), row);
}

/* What the device's table holds, as the census has it; NULL without module. */
static struct json_object *held_by(const struct series *series)
{
	static const char *const keys[] = {
		"4k_leaves", "2m_leaves", "1g_leaves", "table_bytes"
	};
	struct json_object *snap, *record, *held;

	if (!system_has("/sys/module/iovascope"))
		return NULL;
	snap = snapshot_read(series->request->debugfs, SECTION_CENSUS);
	record = tree_get(tree_get(snap, "census"), series->plan->device[0]);
	held = tree_new();
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		tree_share(held, record, keys[i]);
	json_object_put(snap);
	return held;
}

static uint64_t region_at(const struct memory *memory, uint64_t bytes,
			  uint64_t at)
{
	return bytes - at < memory->bytes ? bytes - at : memory->bytes;
}

static bool unmap_all(struct client *client, const struct memory *memory,
		      uint64_t bytes)
{
	uint64_t at, len;

	for (at = 0; at < bytes; at += len) {
		len = region_at(memory, bytes, at);
		if (!client->backend->unmap(client, BENCH_FIRST_IOVA + at, len))
			return false;
	}
	return true;
}

/* All or nothing. */
static bool map_all(struct client *client, const struct memory *memory,
		    uint64_t bytes)
{
	uint64_t at, len;

	for (at = 0; at < bytes; at += len) {
		len = region_at(memory, bytes, at);
		if (client->backend->map(client, BENCH_FIRST_IOVA + at, memory,
					 0, len))
			continue;
		/* Closing the client would do it too, but not as well told. */
		unmap_all(client, memory, at);
		return false;
	}
	return true;
}

static void measure(struct series *series, struct client *client,
		    struct cell *cell, uint64_t bytes, size_t round)
{
	uint64_t start, mapped, unmapped;
	bool good;

	start = now_ns();
	good = map_all(client, &series->memory, bytes);
	mapped = now_ns() - start;
	if (good && round == WARM_UPS)
		cell->held = held_by(series);
	if (good) {
		start = now_ns();
		good = unmap_all(client, &series->memory, bytes);
		unmapped = now_ns() - start;
	}
	if (!good) {
		snprintf(cell->why, sizeof(cell->why), "%s", client->why);
		return;
	}
	if (round < WARM_UPS)
		return;
	samples_add(&cell->map, mapped);
	samples_add(&cell->unmap, unmapped);
}

static void refuse_all(struct series *series, struct cell *cells,
		       const char *why)
{
	for (size_t i = 0; i < series->plan->nr_sizes; i++)
		snprintf(cells[i].why, sizeof(cells[i].why), "%s", why);
}

static bool is_over(struct series *series, struct cell *cells)
{
	for (size_t i = 0; i < series->plan->nr_sizes; i++)
		if (!cells[i].why[0])
			return false;
	return true;
}

/*
 * A BAR belongs to the device that was opened. Its page table is filled by the
 * first who looks: that is its first touch.
 */
static bool take_bar(struct series *series, struct client *client,
		     struct samples *touch)
{
	struct memory *bar = &series->memory;
	uint64_t start;

	if (!client_bar(client, 0, bar, series->plan->max_size,
			leaf_size(LEAF_1G), 0))
		return false;
	start = now_ns();
	if (map_all(client, bar, bar->bytes)) {
		samples_add(touch, now_ns() - start);
		if (unmap_all(client, bar, bar->bytes))
			return true;
	}
	memory_free(bar);
	return false;
}

static void visit_sizes(struct series *series, struct client *client,
			struct cell *cells, size_t round)
{
	const struct plan *plan = series->plan;

	/* The smallest is enough to warm up. */
	for (size_t i = 0; i < (round < WARM_UPS ? 1 : plan->nr_sizes); i++) {
		size_t nr = (i + round) % plan->nr_sizes;

		if (!cells[nr].why[0])
			measure(series, client, &cells[nr], plan->size[nr],
				round);
	}
}

static void visit(struct series *series, size_t nr, size_t round)
{
	const struct plan *plan = series->plan;
	struct cell *cells = series->cell[nr];
	bool bar = series->backing == BACKING_BAR;
	struct client client;

	if (is_over(series, cells))
		return;
	if (!client_open(&client, plan->backend[nr], plan->device, 1)) {
		refuse_all(series, cells, client.why);
		return;
	}
	if (!bar || take_bar(series, &client, &series->touch[nr])) {
		visit_sizes(series, &client, cells, round);
		/* A mapped BAR would keep the device open. */
		if (bar)
			memory_free(&series->memory);
	} else {
		refuse_all(series, cells, client.why);
	}
	client_close(&client);
}

static void tell_touch(struct series *series, struct json_object *view,
		       size_t nr)
{
	struct json_object *row;

	if (!series->touch[nr].nr)
		return;
	row = tree_new();
	add_word(row, "backing", backing_words[series->backing]);
	if (series->backing == BACKING_BAR)
		add_word(row, "backend", series->plan->backend[nr]->name);
	tree_add_u64(row, "bytes", series->memory.bytes);
	samples_tell(row, "touch", &series->touch[nr]);
	json_object_array_add(tree_get(view, "first_touch"), row);
}

static void tell_cell(struct series *series, struct json_object *view,
		      const char *backend, uint64_t bytes, struct cell *cell)
{
	struct json_object *row = tree_new();
	uint64_t per = series->memory.bytes;

	add_word(row, "backing", backing_words[series->backing]);
	add_word(row, "backend", backend);
	tree_add_u64(row, "bytes", bytes);
	tree_add_u64(row, "regions", (bytes + per - 1) / per);
	samples_tell(row, "map", &cell->map);
	samples_tell(row, "unmap", &cell->unmap);
	if (cell->held) {
		json_object_object_foreach(cell->held, key, val)
			tree_add(row, key, json_object_get(val));
	}
	json_object_array_add(tree_get(view, "rows"), row);
}

/* By how much the medians of those sizes grow, by least squares. */
static int64_t slope(struct json_object *rows, size_t first, const char *key)
{
	size_t nr = json_object_array_length(rows) - first;
	double x = 0, y = 0, xx = 0, xy = 0;

	for (size_t i = 0; i < nr; i++) {
		struct json_object *row =
			json_object_array_get_idx(rows, first + i);
		double gib = tree_u64_or_0(row, "bytes") / 0x1p30;
		double ns = tree_u64_or_0(row, key);

		x += gib;
		y += ns;
		xx += gib * gib;
		xy += gib * ns;
	}
	return (nr * xy - x * y) / (nr * xx - x * x);
}

static void tell_slope(struct series *series, struct json_object *view,
		       const char *backend, size_t first)
{
	struct json_object *rows = tree_get(view, "rows"), *row;

	if (json_object_array_length(rows) < first + 2)
		return;
	row = tree_new();
	add_word(row, "backing", backing_words[series->backing]);
	add_word(row, "backend", backend);
	tree_add(row, "map_ns_per_gib",
		 json_object_new_int64(slope(rows, first, "map_ns")));
	tree_add(row, "unmap_ns_per_gib",
		 json_object_new_int64(slope(rows, first, "unmap_ns")));
	json_object_array_add(tree_get(view, "slopes"), row);
}

/* Why the backend could do none of the sizes, if it is the same for all. */
static const char *one_reason(struct series *series, struct cell *cells)
{
	for (size_t i = 0; i < series->plan->nr_sizes; i++)
		if (!cells[i].why[0] || strcmp(cells[i].why, cells[0].why))
			return NULL;
	return cells[0].why;
}

static void tell_backend(struct series *series, struct json_object *view,
			 size_t nr)
{
	size_t first = json_object_array_length(tree_get(view, "rows"));
	const char *backing = backing_words[series->backing];
	const char *backend = series->plan->backend[nr]->name;
	struct cell *cells = series->cell[nr];
	const char *why = one_reason(series, cells);

	if (why) {
		bench_refused(view, backing, backend, 0, why);
		return;
	}
	for (size_t i = 0; i < series->plan->nr_sizes; i++) {
		uint64_t bytes = series->plan->size[i];

		if (cells[i].why[0])
			bench_refused(view, backing, backend, bytes,
				      cells[i].why);
		else
			tell_cell(series, view, backend, bytes, &cells[i]);
	}
	tell_slope(series, view, backend, first);
}

static void tell(struct series *series, struct json_object *view)
{
	for (size_t i = 0; i < series->plan->nr_backends; i++) {
		tell_touch(series, view, i);
		tell_backend(series, view, i);
	}
}

static void drop(struct series *series)
{
	for (size_t i = 0; i < series->plan->nr_backends; i++) {
		samples_free(&series->touch[i]);
		for (size_t k = 0; k < series->plan->nr_sizes; k++) {
			samples_free(&series->cell[i][k].map);
			samples_free(&series->cell[i][k].unmap);
			json_object_put(series->cell[i][k].held);
		}
	}
	memory_free(&series->memory);
}

/* What can be told without trying. */
static void refuse_unfit(struct series *series)
{
	const struct plan *plan = series->plan;

	for (size_t i = 0; i < plan->nr_backends; i++) {
		if (plan->backend[i]->wants_file && series->memory.fd < 0)
			refuse_all(series, series->cell[i],
				   "it maps files, and this backing is none");
		for (size_t k = 0; k < plan->nr_sizes; k++)
			if (plan->size[k] % backing_page(series->backing))
				snprintf(series->cell[i][k].why,
					 sizeof(series->cell[i][k].why),
					 "not whole pages of this backing");
	}
}

static void bench_backing(const struct request *request,
			  const struct plan *plan, enum backing backing,
			  struct json_object *view)
{
	static struct series series;

	series = (struct series){
		.request = request, .plan = plan, .backing = backing,
		.memory.fd = -1,
	};
	if (backing != BACKING_BAR) {
		if (!memory_take(&series.memory, backing, plan->max_size)) {
			bench_refused(view, backing_words[backing], NULL, 0,
				      series.memory.why);
			return;
		}
		samples_add(&series.touch[0], series.memory.touch_ns);
	}
	refuse_unfit(&series);
	for (size_t round = 0; round < WARM_UPS + plan->rounds; round++)
		for (size_t i = 0; i < plan->nr_backends; i++)
			visit(&series, (i + round) % plan->nr_backends, round);
	tell(&series, view);
	drop(&series);
}

static struct json_object *measure_all(const struct request *request)
{
	struct json_object *view;
	struct plan plan;

	plan_make(&plan, request);
	client_check(plan.device, plan.nr_devices);
	view = bench_new(&plan);
	if (request->given & 1u << OPT_NODE) {
		bench_node(&plan, view);
		return view;
	}
	for (size_t i = 0; i < plan.nr_backings; i++)
		bench_backing(request, &plan, plan.backing[i], view);
	return view;
}

static struct json_object *hold_against(const struct request *request)
{
	struct json_object *old, *new, *view;

	if (request->device || request->from_file)
		fail(EXIT_USAGE, "--compare measures nothing: it takes neither --device nor --from");
	if (!request->args[0] || request->args[1])
		fail(EXIT_USAGE, "--compare needs two files made by bench --json: OLD NEW");
	old = bench_load(request->compare);
	new = bench_load(request->args[0]);
	view = compare_results(old, new);
	json_object_put(old);
	json_object_put(new);
	return view;
}

struct json_object *read_bench(const struct request *request)
{
	if (request->compare)
		return hold_against(request);
	if (*request->args)
		fail(EXIT_USAGE, "bench takes no argument: '%s'",
		     *request->args);
	if (request->from_file)
		return bench_load(request->from_file);
	return measure_all(request);
}
