// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durations of the same thing done again and again, and what is told of them:
 * the median, because one interruption must not move it, and the least and the
 * greatest, because a difference smaller than that is none.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "samples.h"

void samples_add(struct samples *samples, uint64_t ns)
{
	samples->ns = alloc_more(samples->ns, samples->nr + 1, sizeof(ns));
	samples->ns[samples->nr++] = ns;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(const struct samples *samples)
{
	size_t half = samples->nr / 2;

	if (samples->nr % 2)
		return samples->ns[half];
	return (samples->ns[half - 1] + samples->ns[half]) / 2;
}

static void sample_tell(struct json_object *row, const char *what,
			const char *which, uint64_t ns)
{
	char key[48];

	snprintf(key, sizeof(key), "%s_%sns", what, which);
	tree_add_u64(row, key, ns);
}

void samples_tell(struct json_object *row, const char *what,
		  struct samples *samples)
{
	if (!samples->nr)
		return;
	qsort(samples->ns, samples->nr, sizeof(*samples->ns), ascending);
	sample_tell(row, what, "", median(samples));
	sample_tell(row, what, "min_", samples->ns[0]);
	sample_tell(row, what, "max_", samples->ns[samples->nr - 1]);
}

void samples_free(struct samples *samples)
{
	free(samples->ns);
	*samples = (struct samples){ 0 };
}
