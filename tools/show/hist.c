// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log2 histograms. A file has `lower bound=count` for the buckets that are
 * not empty; here every bucket has its place, so that text can draw the gaps
 * and Prometheus can add up.
 */
#include <stdlib.h>

#include "base/fail.h"
#include "base/tree.h"
#include "hist.h"

static unsigned int bucket_of(uint64_t val)
{
	return val ? 64 - __builtin_clzll(val) : 0;
}

static uint64_t sum_or_max(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

struct hist hist_load(struct json_object *counts)
{
	struct hist hist = { 0 };

	tree_foreach(counts, lower, val) {
		uint64_t count = json_object_get_uint64(val);
		uint64_t bound;
		char *end;

		bound = strtoull(lower, &end, 10);
		if (*end)
			fail(EXIT_RUNTIME, "hist: bucket %s is no number",
			     lower);
		hist.bucket[bucket_of(bound)] = count;
		hist.count = sum_or_max(hist.count, count);
	}
	return hist;
}

/* The least and the greatest value that the bucket counts. */
uint64_t hist_lower(unsigned int nr)
{
	return nr ? 1ull << (nr - 1) : 0;
}

uint64_t hist_upper(unsigned int nr)
{
	return nr ? hist_lower(nr) * 2 - 1 : 0;
}

/* A bound below which at least so many percent of the values are. */
uint64_t hist_quantile(const struct hist *hist, unsigned int percent)
{
	double wanted = hist->count / 100.0 * percent;
	uint64_t seen = 0;
	unsigned int nr;

	for (nr = 0; nr < HIST_BUCKETS - 1; nr++) {
		seen = sum_or_max(seen, hist->bucket[nr]);
		if (seen >= wanted)
			break;
	}
	return sum_or_max(hist_upper(nr), 1);
}
