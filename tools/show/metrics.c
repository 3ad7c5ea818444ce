// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prometheus' text exposition of a snapshot.
 *
 * Every counter that the schema declares becomes a metric by rule: the key
 * with `iovascope_` in front, `iovascope_domain_` or `iovascope_process_` for
 * records; nanoseconds become seconds, exactly, and counters end in `_total`.
 * What the schema does not declare (errors by errno, probes, what is in
 * flight) is named here.
 *
 * Bucket bounds are `le`, so the power of two minus one: the greatest value
 * counted. They are the same for every histogram of a unit, whatever has
 * happened, because rate() and sum() need series that stay.
 */
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/tree.h"
#include "hist.h"
#include "metrics.h"

/* 1 us to 69 s, and a page to a TiB in steps of four. */
#define NS_FIRST	10
#define NS_LAST		36
#define BYTES_FIRST	12
#define BYTES_LAST	40
#define BYTES_STEP	2

#define NS_PER_S	1000000000ull

static bool is_ns(struct json_object *desc)
{
	return tree_is(desc, "unit", "ns");
}

/* The key with the unit of the metric, and no byte a metric may not have. */
static void print_name(FILE *out, const char *prefix, const char *key,
		       struct json_object *desc)
{
	size_t len = strlen(key);
	bool seconds = is_ns(desc) && len > 3 && !strcmp(key + len - 3, "_ns");

	fprintf(out, "iovascope_%s", prefix);
	for (size_t i = 0; i < len - (seconds ? 3 : 0); i++)
		fputc(key[i] >= '0' && key[i] <= '9' ? key[i] :
		      (key[i] | 0x20) >= 'a' && (key[i] | 0x20) <= 'z' ?
		      key[i] : '_', out);
	fputs(seconds ? "_seconds" : "", out);
}

static void print_metric(FILE *out, const char *prefix, const char *key,
			 struct json_object *desc)
{
	print_name(out, prefix, key, desc);
	if (tree_is(desc, "kind", "counter"))
		fputs("_total", out);
}

static void print_escaped(FILE *out, const char *s, bool in_label)
{
	for (; *s; s++) {
		if (*s == '\\' || (*s == '"' && in_label))
			fputc('\\', out);
		fputs(*s == '\n' ? "\\n" : (char[]){ *s, '\0' }, out);
	}
}

static void print_label(FILE *out, const char *name, const char *value,
			const char *end)
{
	fprintf(out, "%s=\"", name);
	print_escaped(out, value, true);
	fprintf(out, "\"%s", end);
}

static void print_value(FILE *out, uint64_t val, bool ns)
{
	if (ns)
		fprintf(out, "%ju.%09ju", (uintmax_t)(val / NS_PER_S),
			(uintmax_t)(val % NS_PER_S));
	else
		fprintf(out, "%ju", (uintmax_t)val);
}

static void print_head(FILE *out, const char *prefix, const char *key,
		       struct json_object *desc)
{
	const char *type = tree_is(desc, "kind", "counter") ? "counter" :
			   tree_is(desc, "kind", "hist") ? "histogram" :
			   "gauge";

	fputs("# HELP ", out);
	print_metric(out, prefix, key, desc);
	fputc(' ', out);
	print_escaped(out, tree_word(desc, "help"), false);
	fputs("\n# TYPE ", out);
	print_metric(out, prefix, key, desc);
	fprintf(out, " %s\n", type);
}

static void print_counter(FILE *out, const char *key, struct json_object *desc,
			  struct json_object *counters)
{
	uint64_t val;

	if (!tree_u64(counters, key, &val))
		return;
	print_head(out, "", key, desc);
	print_metric(out, "", key, desc);
	fputc(' ', out);
	print_value(out, val, is_ns(desc));
	fputc('\n', out);
}

/* The records of a section: what each is called, and what else tells it. */
struct kind {
	const char *section;
	const char *what;
	const char *prefix;
	const char *labels[2];
};

static const struct kind kinds[] = {
	{ "domains", "domain", "domain_", { "pid", "comm" } },
	{ "processes", "process", "process_", { "pid", "comm" } },
	{ "census", "device", "census_", { "unit", "table" } },
};

/* One sample for each record that has the key. */
static void print_records(FILE *out, const char *key, struct json_object *desc,
			  const struct kind *kind, struct json_object *snap)
{
	struct json_object *records = tree_get(snap, kind->section);
	bool first = true;
	uint64_t val;

	if (!records)
		return;
	json_object_object_foreach(records, id, record) {
		if (!tree_u64(record, key, &val))
			continue;
		if (first)
			print_head(out, kind->prefix, key, desc);
		first = false;
		print_metric(out, kind->prefix, key, desc);
		fputc('{', out);
		print_label(out, kind->what, id, "");
		for (size_t i = 0; i < ARRAY_SIZE(kind->labels); i++) {
			fputc(',', out);
			print_label(out, kind->labels[i],
				    tree_word(record, kind->labels[i]), "");
		}
		fputs("} ", out);
		print_value(out, val, is_ns(desc));
		fputc('\n', out);
	}
}

/* pin_duration_ns is what pin_ns is the sum of, pin_size_bytes pin_bytes. */
static bool hist_sum(const char *key, struct json_object *counters,
		     uint64_t *sum)
{
	const char *unit = strrchr(key, '_');
	const char *what = unit;
	char counter[128];

	while (what && what > key && *--what != '_')
		;
	if (!what || what == key)
		return false;
	snprintf(counter, sizeof(counter), "%.*s%s", (int)(what - key), key,
		 unit);
	return tree_u64(counters, counter, sum);
}

static void print_bucket(FILE *out, const char *key, struct json_object *desc,
			 unsigned int nr, uint64_t count)
{
	print_name(out, "", key, desc);
	fputs("_bucket{le=\"", out);
	print_value(out, hist_upper(nr), is_ns(desc));
	fprintf(out, "\"} %ju\n", (uintmax_t)count);
}

static void print_buckets(FILE *out, const char *key, struct json_object *desc,
			  const struct hist *hist)
{
	unsigned int first = is_ns(desc) ? NS_FIRST : BYTES_FIRST;
	unsigned int last = is_ns(desc) ? NS_LAST : BYTES_LAST;
	unsigned int step = is_ns(desc) ? 1 : BYTES_STEP;
	uint64_t count = 0;

	for (unsigned int nr = 0; nr <= last; nr++) {
		count += hist->bucket[nr];
		if (nr >= first && !((nr - first) % step))
			print_bucket(out, key, desc, nr, count);
	}
}

static void print_hist(FILE *out, const char *key, struct json_object *desc,
		       struct json_object *snap)
{
	struct json_object *counts = tree_get(tree_get(snap, "hist"), key);
	struct hist hist;
	uint64_t sum;

	if (!counts)
		return;
	hist = hist_load(counts);
	print_head(out, "", key, desc);
	print_buckets(out, key, desc, &hist);
	print_name(out, "", key, desc);
	fprintf(out, "_bucket{le=\"+Inf\"} %ju\n", (uintmax_t)hist.count);
	if (hist_sum(key, tree_get(snap, "counters"), &sum)) {
		print_name(out, "", key, desc);
		fputs("_sum ", out);
		print_value(out, sum, is_ns(desc));
		fputc('\n', out);
	}
	print_name(out, "", key, desc);
	fprintf(out, "_count %ju\n", (uintmax_t)hist.count);
}

/* Of a metric that no key of the schema becomes. */
static void print_own_head(FILE *out, const char *metric, const char *type,
			   const char *help)
{
	fprintf(out, "# HELP iovascope_%s %s\n# TYPE iovascope_%s %s\n",
		metric, help, metric, type);
}

static void print_info(FILE *out, struct json_object *info)
{
	print_own_head(out, "info", "gauge", "What is being read.");
	fputs("iovascope_info{", out);
	print_label(out, "version", tree_word(info, "version"), ",");
	print_label(out, "kernel", tree_word(info, "kernel"), "} 1\n");
}

static void print_domain_info(FILE *out, struct json_object *domains)
{
	if (!json_object_object_length(domains))
		return;
	print_own_head(out, "domain_info", "gauge",
		       "What the domain is; exact=0: numbers are not all of it.");
	json_object_object_foreach(domains, id, domain) {
		char *devices = tree_join(domain, "devices");

		fputs("iovascope_domain_info{", out);
		print_label(out, "domain", id, ",");
		print_label(out, "type", tree_word(domain, "type"), ",");
		print_label(out, "backend", tree_word(domain, "backend"), ",");
		print_label(out, "group", tree_word(domain, "group"), ",");
		print_label(out, "devices", devices, ",");
		print_label(out, "exact", tree_word(domain, "exact"), "} 1\n");
		free(devices);
	}
}

static void print_errors(FILE *out, struct json_object *errors)
{
	print_own_head(out, "errors_total", "counter",
		       "Calls that failed, by errno.");
	json_object_object_foreach(errors, op, counts) {
		json_object_object_foreach(counts, err, count) {
			fputs("iovascope_errors_total{", out);
			print_label(out, "op", op, ",");
			print_label(out, "errno", err, "} ");
			print_value(out, json_object_get_uint64(count), false);
			fputc('\n', out);
		}
	}
}

/* What a refusal means is judged by `refusals`; this is how many there were. */
static void print_refusals(FILE *out, struct json_object *sums)
{
	if (!sums)
		return;
	print_own_head(out, "refusals_total", "counter",
		       "Requests that were refused, by errno (0: an answer that means no) and the step that failed.");
	json_object_object_foreach(sums, step, counts) {
		json_object_object_foreach(counts, err, count) {
			fputs("iovascope_refusals_total{", out);
			print_label(out, "errno", err, ",");
			print_label(out, "step", step, "} ");
			print_value(out, json_object_get_uint64(count), false);
			fputc('\n', out);
		}
	}
}

static void print_probes(FILE *out, struct json_object *probes)
{
	print_own_head(out, "probe_attached", "gauge",
		       "Whether the probe sees its calls.");
	json_object_object_foreach(probes, row, probe) {
		fputs("iovascope_probe_attached{", out);
		print_label(out, "probe", row, "} ");
		print_value(out, tree_is(probe, "state", "attached"), false);
		fputc('\n', out);
	}
}

static void print_inflight(FILE *out, struct json_object *inflight)
{
	uint64_t oldest = 0;

	json_object_object_foreach(inflight, id, call) {
		uint64_t age = tree_u64_or_0(call, "age_ns");

		(void)id;
		oldest = age > oldest ? age : oldest;
	}
	print_own_head(out, "inflight_calls", "gauge",
		       "Calls that have not returned.");
	fprintf(out, "iovascope_inflight_calls %d\n",
		json_object_object_length(inflight));
	print_own_head(out, "inflight_oldest_seconds", "gauge",
		       "Age of the oldest call that has not returned.");
	fputs("iovascope_inflight_oldest_seconds ", out);
	print_value(out, oldest, true);
	fputc('\n', out);
}

static void print_units(FILE *out, struct json_object *units)
{
	if (!units || !json_object_object_length(units))
		return;
	print_own_head(out, "unit_translates", "gauge",
		       "Whether the remapping unit translates.");
	json_object_object_foreach(units, name, unit) {
		fputs("iovascope_unit_translates{", out);
		print_label(out, "unit", name, ",");
		print_label(out, "mode", tree_word(unit, "mode"), "} ");
		print_value(out, tree_is(unit, "translation", "1"), false);
		fputc('\n', out);
	}
}

static void print_check(FILE *out, struct json_object *check)
{
	if (!check || !json_object_object_length(check))
		return;
	print_own_head(out, "check_equal", "gauge",
		       "Whether the tables hold what has been counted.");
	json_object_object_foreach(check, id, record) {
		fputs("iovascope_check_equal{", out);
		print_label(out, "domain", id, "} ");
		print_value(out, tree_is(record, "verdict", "equal"), false);
		fputc('\n', out);
	}
}

void text_metrics(FILE *out, struct json_object *snap,
		  struct json_object *schema)
{
	print_info(out, tree_get(snap, "info"));
	print_domain_info(out, tree_get(snap, "domains"));
	json_object_object_foreach(schema, key, desc) {
		print_counter(out, key, desc, tree_get(snap, "counters"));
		print_counter(out, key, desc, tree_get(snap, "info"));
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			print_records(out, key, desc, &kinds[i], snap);
		print_hist(out, key, desc, snap);
	}
	print_errors(out, tree_get(snap, "errors"));
	print_refusals(out, tree_get(snap, "refused"));
	print_probes(out, tree_get(snap, "probes"));
	print_inflight(out, tree_get(snap, "inflight"));
	print_units(out, tree_get(snap, "units"));
	print_check(out, tree_get(snap, "check"));
}
