// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a guest's kernel began, found from what it has in common with the host:
 * as a driver enables a device, its BARs come to life, and the VMM maps them
 * for the other devices. The guest writes "enabling device" just before, and is
 * stopped until they are mapped.
 *
 * Each pair of a line and a map is tried: with the offset at which the most
 * lines are next to a map of their own the guest and the host agree. What else
 * there is to be tried says how sure it is: devices that are alike and mapped
 * one after the other would fit nearly as well one device later.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "bars.h"
#include "phases.h"

#define MAX_LINES	64
#define MAX_MAPS	256
/* A line is so near the map that it tells of. */
#define NEAR_NS		100000000ll

struct fit {
	int64_t offset;
	unsigned int fits;
	uint64_t off_ns;
};

bool bars_says(const char *text)
{
	return strstr(text, ": enabling device (");
}

static bool is_bar(const struct region *region)
{
	return region->map && region->ret >= 0 &&
	       !strcmp(phase_backing(region->backing), "mmio");
}

static int by_bytes(const void *one, const void *other)
{
	const struct region *a = one, *b = other;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return a->began_ns < b->began_ns ? -1 : a->began_ns > b->began_ns;
}

static int by_time(const void *one, const void *other)
{
	const int64_t *a = one, *b = other;

	return *a < *b ? -1 : *a > *b;
}

/* When the greatest of the BARs began to be mapped, in order. */
static size_t maps_find(const struct phases *phases, int64_t *maps)
{
	struct region *bars = alloc_zeroed(phases->nr_regions + 1,
					   sizeof(*bars));
	size_t nr = 0;

	for (size_t i = 0; i < phases->nr_regions; i++)
		if (is_bar(&phases->regions[i]))
			bars[nr++] = phases->regions[i];
	qsort(bars, nr, sizeof(*bars), by_bytes);
	nr = nr < MAX_MAPS ? nr : MAX_MAPS;
	for (size_t i = 0; i < nr; i++)
		maps[i] = bars[i].began_ns;
	qsort(maps, nr, sizeof(*maps), by_time);
	free(bars);
	return nr;
}

/* Each line has a map of its own, none before that of an earlier line. */
static struct fit fit_try(const struct bars *bars, int64_t offset)
{
	struct fit fit = { .offset = offset };
	size_t map = 0;

	for (size_t i = 0; i < bars->nr_lines; i++) {
		int64_t at = bars->lines[i] + offset;
		int64_t off;

		while (map < bars->nr_maps && bars->maps[map] < at - NEAR_NS)
			map++;
		while (map + 1 < bars->nr_maps &&
		       llabs(bars->maps[map + 1] - at) <
		       llabs(bars->maps[map] - at))
			map++;
		if (map == bars->nr_maps)
			break;
		off = llabs(bars->maps[map] - at);
		if (off > NEAR_NS)
			continue;
		fit.fits++;
		fit.off_ns += off;
		map++;
	}
	return fit;
}

static bool is_better(const struct fit *one, const struct fit *other)
{
	if (one->fits != other->fits)
		return one->fits > other->fits;
	return one->off_ns < other->off_ns;
}

/* How far off the one that is off most is, of those that fit. */
static uint64_t most_off(const struct bars *bars, int64_t offset)
{
	uint64_t most = 0;

	for (size_t i = 0; i < bars->nr_lines; i++) {
		uint64_t least = UINT64_MAX;

		for (size_t map = 0; map < bars->nr_maps; map++) {
			uint64_t off = llabs(bars->maps[map] -
					     bars->lines[i] - offset);

			least = off < least ? off : least;
		}
		if (least <= NEAR_NS && least > most)
			most = least;
	}
	return most;
}

void bars_begin(struct bars *bars, const struct phases *phases)
{
	*bars = (struct bars){};
	bars->lines = alloc_zeroed(MAX_LINES, sizeof(*bars->lines));
	bars->maps = alloc_zeroed(MAX_MAPS, sizeof(*bars->maps));
	bars->nr_maps = maps_find(phases, bars->maps);
}

void bars_line(struct bars *bars, int64_t ns)
{
	if (bars->nr_lines < MAX_LINES)
		bars->lines[bars->nr_lines++] = ns;
}

void bars_free(struct bars *bars)
{
	free(bars->lines);
	free(bars->maps);
}

void bars_count(struct bars *bars, int64_t offset)
{
	struct fit fit = fit_try(bars, offset);

	bars->offset = offset;
	bars->fits = fit.fits;
	bars->within_ns = most_off(bars, offset);
}

void bars_find(struct bars *bars)
{
	struct fit best = {}, next = {};

	for (size_t i = 0; i < bars->nr_lines * bars->nr_maps; i++) {
		struct fit fit = fit_try(bars, bars->maps[i % bars->nr_maps] -
					 bars->lines[i / bars->nr_maps]);

		if (is_better(&fit, &best))
			best = fit;
	}
	for (size_t i = 0; i < bars->nr_lines * bars->nr_maps; i++) {
		struct fit fit = fit_try(bars, bars->maps[i % bars->nr_maps] -
					 bars->lines[i / bars->nr_maps]);

		if (llabs(fit.offset - best.offset) > 2 * NEAR_NS &&
		    is_better(&fit, &next))
			next = fit;
	}
	bars_count(bars, best.offset);
	bars->next_fits = next.fits;
}
