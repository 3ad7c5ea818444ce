// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of the keys of the schema the host's own numbers, and its histograms.
 *
 * Bucket bounds are `le`, so the power of two minus one: the greatest value
 * counted. They are the same for every histogram of a unit, whatever has
 * happened, because rate() and sum() need series that stay.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "exposition.h"
#include "hist.h"
#include "metric.h"
#include "metrics_host.h"

/* 1 us to 69 s, and a page to a TiB in steps of four. */
#define NS_FIRST	10
#define NS_LAST		36
#define BYTES_FIRST	12
#define BYTES_LAST	40
#define BYTES_STEP	2

static void print_sample(FILE *out, const struct metric *metric, uint64_t val)
{
	fprintf(out, "iovascope_%s%s%s%s ", metric->family,
		*metric->labels ? "{" : "", metric->labels,
		*metric->labels ? "}" : "");
	expo_end(out, val, metric_is_ns(metric));
}

void host_print(FILE *out, struct json_object *snap,
		const struct metric *family, size_t nr)
{
	struct json_object *counters = tree_get(snap, "counters");
	struct json_object *info = tree_get(snap, "info");
	bool first = true;
	uint64_t val;

	for (size_t i = 0; i < nr; i++) {
		if (family[i].superseded ||
		    (!tree_u64(counters, family[i].key, &val) &&
		     !tree_u64(info, family[i].key, &val)))
			continue;
		if (first)
			expo_family_head(out, "", family);
		first = false;
		print_sample(out, &family[i], val);
	}
}

/* pin_duration_ns is what pin_ns is the sum of, pin_size_bytes pin_bytes. */
static bool hist_sum(const char *key, struct json_object *counters,
		     uint64_t *sum)
{
	const char *unit = strrchr(key, '_');
	const char *what = unit;
	char *counter;
	bool found;

	while (what && what > key && *--what != '_')
		;
	if (!what || what == key)
		return false;
	counter = alloc_print("%.*s%s", (int)(what - key), key, unit);
	found = tree_u64(counters, counter, sum);
	free(counter);
	return found;
}

static void print_bucket(FILE *out, const struct metric *metric,
			 unsigned int nr, uint64_t count)
{
	fprintf(out, "iovascope_%s_bucket{%s%sle=\"", metric->family,
		metric->labels, *metric->labels ? "," : "");
	expo_value(out, hist_upper(nr), metric_is_ns(metric));
	fprintf(out, "\"} %ju\n", (uintmax_t)count);
}

static void print_buckets(FILE *out, const struct metric *metric,
			  const struct hist *hist)
{
	unsigned int first = metric_is_ns(metric) ? NS_FIRST : BYTES_FIRST;
	unsigned int last = metric_is_ns(metric) ? NS_LAST : BYTES_LAST;
	unsigned int step = metric_is_ns(metric) ? 1 : BYTES_STEP;
	uint64_t count = 0;

	for (unsigned int nr = 0; nr <= last; nr++) {
		count += hist->bucket[nr];
		if (nr >= first && !((nr - first) % step))
			print_bucket(out, metric, nr, count);
	}
	fprintf(out, "iovascope_%s_bucket{%s%sle=\"+Inf\"} %ju\n",
		metric->family, metric->labels, *metric->labels ? "," : "",
		(uintmax_t)hist->count);
}

static void print_hist(FILE *out, const struct metric *metric,
		       struct json_object *counts, struct json_object *counters)
{
	struct hist hist = hist_load(counts);
	uint64_t sum;

	print_buckets(out, metric, &hist);
	if (hist_sum(metric->key, counters, &sum)) {
		fprintf(out, "iovascope_%s_sum{%s} ", metric->family,
			metric->labels);
		expo_end(out, sum, metric_is_ns(metric));
	}
	fprintf(out, "iovascope_%s_count{%s} %ju\n", metric->family,
		metric->labels, (uintmax_t)hist.count);
}

void host_print_hists(FILE *out, struct json_object *snap,
		      const struct metric *family, size_t nr)
{
	struct json_object *hists = tree_get(snap, "hist"), *counts;
	bool first = true;

	for (size_t i = 0; i < nr; i++) {
		counts = tree_get(hists, family[i].key);
		if (family[i].superseded || !counts)
			continue;
		if (first)
			expo_family_head(out, "", family);
		first = false;
		print_hist(out, &family[i], counts,
			   tree_get(snap, "counters"));
	}
}
