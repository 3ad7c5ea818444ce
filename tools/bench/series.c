// SPDX-License-Identifier: GPL-2.0-only
/*
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
 */
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/leaf.h"
#include "base/progress.h"
#include "base/system.h"
#include "base/tree.h"
#include "client.h"
#include "plan.h"
#include "read/snapshot.h"
#include "result.h"
#include "samples.h"
#include "series.h"

#define WARM_UPS	2
/* Above the window of interrupts, in whole leaves of any size. */
#define FIRST_IOVA	(4ull << 30)

/* One backend with one size. */
struct cell {
	struct samples map;
	struct samples unmap;
	struct json_object *held;
	char why[192];
};

/* One backing, while it is looked at. */
struct series {
	const char *debugfs;
	const struct plan *plan;
	enum backing backing;
	struct memory memory;
	/* A BAR is touched by each backend, all else once: the first. */
	struct samples touch[PLAN_MAX_BACKENDS];
	struct cell cell[PLAN_MAX_BACKENDS][PLAN_MAX_SIZES];
};

/* What the device's table holds, as the census has it; NULL without module. */
static struct json_object *series_held(const struct series *series)
{
	static const char *const keys[] = {
		"4k_leaves", "2m_leaves", "1g_leaves", "table_bytes"
	};
	struct json_object *snap, *record, *held;

	if (!system_has("/sys/module/iovascope"))
		return NULL;
	snap = snapshot_read(series->debugfs, SECTION_CENSUS);
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
		if (!client->backend->unmap(client, FIRST_IOVA + at, len))
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
		if (client->backend->map(client, FIRST_IOVA + at, memory,
					 0, len))
			continue;
		/* Closing the client would do it too, but not as well told. */
		unmap_all(client, memory, at);
		return false;
	}
	return true;
}

static void cell_measure(struct series *series, struct client *client,
			 struct cell *cell, uint64_t bytes, size_t round)
{
	uint64_t start, mapped, unmapped;
	bool good;

	start = now_ns();
	good = map_all(client, &series->memory, bytes);
	mapped = now_ns() - start;
	if (good && round == WARM_UPS)
		cell->held = series_held(series);
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

static void cells_refuse(struct series *series, struct cell *cells,
			 const char *why)
{
	for (size_t i = 0; i < series->plan->nr_sizes; i++)
		snprintf(cells[i].why, sizeof(cells[i].why), "%s", why);
}

static bool cells_are_over(struct series *series, struct cell *cells)
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
static bool series_take_bar(struct series *series, struct client *client,
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

static void backend_sizes(struct series *series, struct client *client,
			  struct cell *cells, size_t round)
{
	const struct plan *plan = series->plan;

	/* The smallest is enough to warm up. */
	for (size_t i = 0; i < (round < WARM_UPS ? 1 : plan->nr_sizes); i++) {
		size_t nr = (i + round) % plan->nr_sizes;

		if (!cells[nr].why[0])
			cell_measure(series, client, &cells[nr], plan->size[nr],
				     round);
	}
}

static void backend_visit(struct series *series, size_t nr, size_t round)
{
	const struct plan *plan = series->plan;
	struct cell *cells = series->cell[nr];
	bool bar = series->backing == BACKING_BAR;
	struct client client;

	if (cells_are_over(series, cells))
		return;
	if (!client_open(&client, plan->backend[nr], plan->device, 1)) {
		cells_refuse(series, cells, client.why);
		return;
	}
	if (!bar || series_take_bar(series, &client, &series->touch[nr])) {
		backend_sizes(series, &client, cells, round);
		/* A mapped BAR would keep the device open. */
		if (bar)
			memory_free(&series->memory);
	} else {
		cells_refuse(series, cells, client.why);
	}
	client_close(&client);
}

static void touch_tell(struct series *series, struct json_object *view,
		       size_t nr)
{
	struct json_object *row;

	if (!series->touch[nr].nr)
		return;
	row = tree_new();
	tree_add_word(row, "backing", backing_words[series->backing]);
	if (series->backing == BACKING_BAR)
		tree_add_word(row, "backend", series->plan->backend[nr]->name);
	tree_add_u64(row, "bytes", series->memory.bytes);
	samples_tell(row, "touch", &series->touch[nr]);
	tree_append(tree_get(view, "first_touch"), row);
}

static void cell_tell(struct series *series, struct json_object *view,
		      const char *backend, uint64_t bytes, struct cell *cell)
{
	struct json_object *row = tree_new();
	uint64_t per = series->memory.bytes;

	tree_add_word(row, "backing", backing_words[series->backing]);
	tree_add_word(row, "backend", backend);
	tree_add_u64(row, "bytes", bytes);
	tree_add_u64(row, "regions", (bytes + per - 1) / per);
	samples_tell(row, "map", &cell->map);
	samples_tell(row, "unmap", &cell->unmap);
	if (cell->held) {
		tree_foreach(cell->held, key, val)
			tree_add(row, key, json_object_get(val));
	}
	tree_append(tree_get(view, "rows"), row);
}

/* By how much the medians of those sizes grow, by least squares. */
static int64_t slope(struct json_object *rows, size_t first, const char *key)
{
	size_t nr = tree_length(rows) - first;
	double x = 0, y = 0, xx = 0, xy = 0;

	for (size_t i = 0; i < nr; i++) {
		struct json_object *row =
			tree_at(rows, first + i);
		double gib = tree_u64_or_0(row, "bytes") / 0x1p30;
		double ns = tree_u64_or_0(row, key);

		x += gib;
		y += ns;
		xx += gib * gib;
		xy += gib * ns;
	}
	return (nr * xy - x * y) / (nr * xx - x * x);
}

static void slope_tell(struct series *series, struct json_object *view,
		       const char *backend, size_t first)
{
	struct json_object *rows = tree_get(view, "rows"), *row;

	if (tree_length(rows) < first + 2)
		return;
	row = tree_new();
	tree_add_word(row, "backing", backing_words[series->backing]);
	tree_add_word(row, "backend", backend);
	tree_add(row, "map_ns_per_gib",
		 json_object_new_int64(slope(rows, first, "map_ns")));
	tree_add(row, "unmap_ns_per_gib",
		 json_object_new_int64(slope(rows, first, "unmap_ns")));
	tree_append(tree_get(view, "slopes"), row);
}

/* Why the backend could do none of the sizes, if it is the same for all. */
static const char *one_reason(struct series *series, struct cell *cells)
{
	for (size_t i = 0; i < series->plan->nr_sizes; i++)
		if (!cells[i].why[0] || strcmp(cells[i].why, cells[0].why))
			return NULL;
	return cells[0].why;
}

static void backend_tell(struct series *series, struct json_object *view,
			 size_t nr)
{
	size_t first = tree_length(tree_get(view, "rows"));
	const char *backing = backing_words[series->backing];
	const char *backend = series->plan->backend[nr]->name;
	struct cell *cells = series->cell[nr];
	const char *why = one_reason(series, cells);

	if (why) {
		result_refuse(view, backing, backend, 0, why);
		return;
	}
	for (size_t i = 0; i < series->plan->nr_sizes; i++) {
		uint64_t bytes = series->plan->size[i];

		if (cells[i].why[0])
			result_refuse(view, backing, backend, bytes,
				      cells[i].why);
		else
			cell_tell(series, view, backend, bytes, &cells[i]);
	}
	slope_tell(series, view, backend, first);
}

static void series_tell(struct series *series, struct json_object *view)
{
	for (size_t i = 0; i < series->plan->nr_backends; i++) {
		touch_tell(series, view, i);
		backend_tell(series, view, i);
	}
}

static void series_free(struct series *series)
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
static void series_refuse_unfit(struct series *series)
{
	const struct plan *plan = series->plan;

	for (size_t i = 0; i < plan->nr_backends; i++) {
		if (plan->backend[i]->wants_file && series->memory.fd < 0)
			cells_refuse(series, series->cell[i],
				     "it maps files, and this backing is none");
		for (size_t k = 0; k < plan->nr_sizes; k++)
			if (plan->size[k] % backing_page(series->backing))
				snprintf(series->cell[i][k].why,
					 sizeof(series->cell[i][k].why),
					 "not whole pages of this backing");
	}
}

void series_run(const struct plan *plan, enum backing backing,
		const char *debugfs, struct json_object *view)
{
	static struct series series;

	series = (struct series){
		.debugfs = debugfs, .plan = plan, .backing = backing,
		.memory.fd = -1,
	};
	if (backing != BACKING_BAR) {
		if (!memory_take(&series.memory, backing, plan->max_size)) {
			result_refuse(view, backing_words[backing], NULL, 0,
				      series.memory.why);
			return;
		}
		samples_add(&series.touch[0], series.memory.touch_ns);
	}
	series_refuse_unfit(&series);
	for (size_t round = 0; round < WARM_UPS + plan->rounds; round++) {
		progress_say("measuring %s, round %zu of %ju",
			     backing_words[backing], round + 1,
			     (uintmax_t)(WARM_UPS + plan->rounds));
		for (size_t i = 0; i < plan->nr_backends; i++)
			backend_visit(&series, (i + round) % plan->nr_backends,
				      round);
	}
	series_tell(&series, view);
	series_free(&series);
}
