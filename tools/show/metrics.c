// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prometheus' text exposition of a snapshot.
 *
 * Every key that the schema declares becomes a metric by rule (metric.c): of the
 * host with `iovascope_` in front, of records with `iovascope_domain_`,
 * `iovascope_process_` or `iovascope_census_`; nanoseconds become seconds,
 * exactly. What the schema does not declare (errors by errno, probes, what is in
 * flight) is named here. A record has one label, what it is known by; all else
 * about it is one _info series to be joined.
 *
 * The number of series is bounded. A server of Prometheus keeps each in memory
 * for hours, so a host with ten thousand domains must not cost it a million:
 * the domains with most that is mapped have series of their own, processes only
 * when asked for, those that are gone never. How many were left out is told, and
 * what matters of all of them is summed up for the host.
 *
 * Bucket bounds are `le`, so the power of two minus one: the greatest value
 * counted. They are the same for every histogram of a unit, whatever has
 * happened, because rate() and sum() need series that stay. For the same reason
 * what is counted is there at 0, wherever its name is known beforehand.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/compiler.h"
#include "base/tree.h"
#include "hist.h"
#include "metric.h"
#include "metrics.h"
#include "read/blind.h"
#include "view_show.h"
#include "why/refusals.h"

/* 1 us to 69 s, and a page to a TiB in steps of four. */
#define NS_FIRST	10
#define NS_LAST		36
#define BYTES_FIRST	12
#define BYTES_LAST	40
#define BYTES_STEP	2

#define NS_PER_S	1000000000ull

/* The records that have series, of each kind that records are of. */
enum kind {
	KIND_DOMAIN,
	KIND_PROCESS,
	KIND_CENSUS,
	NR_KINDS
};

static const struct {
	const char *section;
	const char *prefix;
	const char *label;
	const char *left_out;
} kinds[NR_KINDS] = {
	[KIND_DOMAIN] = { "domains", "domain_", "domain", "domain" },
	[KIND_PROCESS] = { "processes", "process_", "pid", "process" },
	[KIND_CENSUS] = { "census", "census_", "device", "table" },
};

/*
 * One run of printing. @records: those that have series, by what the label
 * says. @sums: of all domains, by backend. @tables: the device under which each
 * is told, by number.
 */
struct exposition {
	FILE *out;
	struct json_object *snap;
	struct json_object *records[NR_KINDS];
	uint64_t left_out[NR_KINDS];
	struct json_object *sums;
	struct json_object *tables;
};

static bool is_ns(const struct metric *metric)
{
	return tree_is(metric->desc, "unit", "ns");
}

static bool is_hist(const struct metric *metric)
{
	return tree_is(metric->desc, "kind", "hist");
}

static bool is_gauge(const struct metric *metric)
{
	return tree_is(metric->desc, "kind", "gauge");
}

/* What is not told is not no. */
static bool is_no(struct json_object *record, const char *key)
{
	struct json_object *val = tree_get(record, key);

	return val && !json_object_get_boolean(val);
}

static bool is_yes(struct json_object *record, const char *key)
{
	return json_object_get_boolean(tree_get(record, key));
}

/* ---- the grammar ---- */

/* What no terminal may get is no part of a name either. */
static void print_escaped(FILE *out, const char *s, bool in_label)
{
	for (; *s; s++) {
		size_t bad = clean_bad(s);

		if (*s == '\\' || (*s == '"' && in_label))
			fputc('\\', out);
		if (*s == '\n')
			fputs("\\n", out);
		else
			fputc(bad ? '?' : *s, out);
		s += bad ? bad - 1 : 0;
		while (!bad && (s[1] & 0xc0) == 0x80)
			fputc(*++s, out);
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

/* Of a metric that no key of the schema becomes. */
static void print_head(FILE *out, const char *metric, const char *type,
		       const char *help)
{
	fprintf(out, "# HELP iovascope_%s ", metric);
	print_escaped(out, help, false);
	fprintf(out, "\n# TYPE iovascope_%s %s\n", metric, type);
}

static void print_u64(FILE *out, uint64_t val)
{
	print_value(out, val, false);
	fputc('\n', out);
}

static void print_family_head(FILE *out, const char *prefix,
			      const struct metric *metric)
{
	char *name = alloc_print("%s%s", prefix, metric->family);

	print_head(out, name, is_hist(metric) ? "histogram" :
		   tree_word(metric->desc, "kind"), metric->help);
	free(name);
}

/* ---- the host ---- */

static void print_sample(FILE *out, const struct metric *metric, uint64_t val)
{
	fprintf(out, "iovascope_%s%s%s%s ", metric->family,
		*metric->labels ? "{" : "", metric->labels,
		*metric->labels ? "}" : "");
	print_value(out, val, is_ns(metric));
	fputc('\n', out);
}

static void print_host(const struct exposition *expo,
		       const struct metric *family, size_t nr)
{
	struct json_object *counters = tree_get(expo->snap, "counters");
	struct json_object *info = tree_get(expo->snap, "info");
	bool first = true;
	uint64_t val;

	for (size_t i = 0; i < nr; i++) {
		if (family[i].superseded ||
		    (!tree_u64(counters, family[i].key, &val) &&
		     !tree_u64(info, family[i].key, &val)))
			continue;
		if (first)
			print_family_head(expo->out, "", family);
		first = false;
		print_sample(expo->out, &family[i], val);
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
	print_value(out, hist_upper(nr), is_ns(metric));
	fprintf(out, "\"} %ju\n", (uintmax_t)count);
}

static void print_buckets(FILE *out, const struct metric *metric,
			  const struct hist *hist)
{
	unsigned int first = is_ns(metric) ? NS_FIRST : BYTES_FIRST;
	unsigned int last = is_ns(metric) ? NS_LAST : BYTES_LAST;
	unsigned int step = is_ns(metric) ? 1 : BYTES_STEP;
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
		print_value(out, sum, is_ns(metric));
		fputc('\n', out);
	}
	fprintf(out, "iovascope_%s_count{%s} %ju\n", metric->family,
		metric->labels, (uintmax_t)hist.count);
}

static void print_hists(const struct exposition *expo,
			const struct metric *family, size_t nr)
{
	struct json_object *hists = tree_get(expo->snap, "hist"), *counts;
	bool first = true;

	for (size_t i = 0; i < nr; i++) {
		counts = tree_get(hists, family[i].key);
		if (family[i].superseded || !counts)
			continue;
		if (first)
			print_family_head(expo->out, "", family);
		first = false;
		print_hist(expo->out, &family[i], counts,
			   tree_get(expo->snap, "counters"));
	}
}

/* What is mapped now, by all domains, whether they have series or not. */
static void print_sums(const struct exposition *expo,
		       const struct metric *family, size_t nr)
{
	bool first = true;
	uint64_t val;

	tree_foreach(expo->sums, backend, sums) {
		for (size_t i = 0; i < nr; i++) {
			if (family[i].superseded ||
			    !tree_u64(sums, family[i].key, &val))
				continue;
			if (first)
				print_family_head(expo->out, "", family);
			first = false;
			fprintf(expo->out, "iovascope_%s{", family->family);
			print_label(expo->out, "backend", backend,
				    *family[i].labels ? "," : "");
			fprintf(expo->out, "%s} ", family[i].labels);
			print_u64(expo->out, val);
		}
	}
}

static void print_domains(FILE *out, struct json_object *sums)
{
	print_head(out, "domains", "gauge", "Domains that there are.");
	tree_foreach(sums, backend, sum) {
		fputs("iovascope_domains{", out);
		print_label(out, "backend", backend, "} ");
		print_u64(out, tree_u64_or_0(sum, "domains"));
	}
	print_head(out, "inexact_domains", "gauge",
		   "Domains whose numbers are known to be not all of it.");
	tree_foreach(sums, of, sum_of) {
		fputs("iovascope_inexact_domains{", out);
		print_label(out, "backend", of, "} ");
		print_u64(out, tree_u64_or_0(sum_of, "inexact"));
	}
}

/* ---- records ---- */

static void print_record(FILE *out, enum kind kind, const char *name,
			 const struct metric *metric, uint64_t val)
{
	fprintf(out, "iovascope_%s%s{", kinds[kind].prefix, metric->family);
	print_label(out, kinds[kind].label, name,
		    *metric->labels ? "," : "");
	fprintf(out, "%s} ", metric->labels);
	print_value(out, val, is_ns(metric));
	fputc('\n', out);
}

static void print_records(const struct exposition *expo, enum kind kind,
			  const struct metric *family, size_t nr)
{
	bool first = true;
	uint64_t val;

	tree_foreach(expo->records[kind], name, record) {
		for (size_t i = 0; i < nr; i++) {
			if (family[i].superseded ||
			    !tree_u64(record, family[i].key, &val))
				continue;
			if (first)
				print_family_head(expo->out,
						  kinds[kind].prefix, family);
			first = false;
			print_record(expo->out, kind, name, &family[i], val);
		}
	}
}

static void print_left_out(const struct exposition *expo)
{
	print_head(expo->out, "left_out", "gauge",
		   "Records that have no series of their own: beyond --limit, and processes without --processes.");
	for (size_t kind = 0; kind < NR_KINDS; kind++) {
		fputs("iovascope_left_out{", expo->out);
		print_label(expo->out, "kind", kinds[kind].left_out, "} ");
		print_u64(expo->out, expo->left_out[kind]);
	}
}

static void print_info(FILE *out, struct json_object *info)
{
	print_head(out, "info", "gauge", "What is being read.");
	fputs("iovascope_info{", out);
	print_label(out, "version", tree_word(info, "version"), ",");
	print_label(out, "kernel", tree_word(info, "kernel"), "} 1\n");
}

static void print_domain_info(FILE *out, struct json_object *domains)
{
	if (!json_object_object_length(domains))
		return;
	print_head(out, "domain_info", "gauge",
		   "What the domain is, and the process that made it.");
	tree_foreach(domains, id, domain) {
		fputs("iovascope_domain_info{", out);
		print_label(out, "domain", id, ",");
		print_label(out, "type", tree_word(domain, "type"), ",");
		print_label(out, "backend", tree_word(domain, "backend"), ",");
		print_label(out, "group", tree_word(domain, "group"), ",");
		print_label(out, "pid", tree_word(domain, "pid"), "} 1\n");
	}
	print_head(out, "domain_exact", "gauge",
		   "Whether the numbers of the domain are all of it.");
	tree_foreach(domains, of, record) {
		fputs("iovascope_domain_exact{", out);
		print_label(out, "domain", of, "} ");
		print_u64(out, !is_no(record, "exact"));
	}
}

/* Each label that the record has a member for: what is not known is absent. */
static void print_known(FILE *out, struct json_object *record,
			const char *const *labels)
{
	for (; *labels; labels++) {
		if (!tree_get(record, *labels))
			continue;
		fputc(',', out);
		print_label(out, *labels, tree_word(record, *labels), "");
	}
}

static void print_device(FILE *out, const char *id, struct json_object *domain,
			 const char *device)
{
	static const char *const labels[] = { "name", "numa_node", NULL };

	fputs("iovascope_device_info{", out);
	print_label(out, "device", device, ",");
	print_label(out, "domain", id, "");
	print_known(out, tree_get(tree_get(domain, "pci"), device), labels);
	fputs("} 1\n", out);
}

static void print_device_info(FILE *out, struct json_object *domains)
{
	bool first = true;

	tree_foreach(domains, id, domain) {
		struct json_object *devices = tree_get(domain, "devices");

		for (size_t i = 0; i < tree_length(devices); i++) {
			if (first)
				print_head(out, "device_info", "gauge",
					   "Which domain the device is in.");
			first = false;
			print_device(out, id, domain, json_object_get_string
				     (tree_at(devices, i)));
		}
	}
}

/* Of the processes that are alive: those with series, and owners of domains. */
static void print_process_info(FILE *out, struct json_object *alive,
			       struct json_object *shown,
			       struct json_object *owners)
{
	static const char *const labels[] = {
		"vm", "libvirt", "sandbox", "pod", "namespace", "container",
		"unit", NULL
	};
	bool first = true;

	tree_foreach(alive, pid, process) {
		if (!tree_get(shown, pid) && !tree_get(owners, pid))
			continue;
		if (first)
			print_head(out, "process_info", "gauge",
				   "What the process is called.");
		first = false;
		fputs("iovascope_process_info{", out);
		print_label(out, "pid", pid, ",");
		print_label(out, "comm", tree_word(process, "comm"), "");
		print_known(out, process, labels);
		fputs("} 1\n", out);
	}
}

/* Tables are told under one of their devices, so that a sum has each once. */
static void print_census_info(const struct exposition *expo)
{
	struct json_object *census = tree_get(expo->snap, "census");
	FILE *out = expo->out;

	if (!json_object_object_length(expo->records[KIND_CENSUS]))
		return;
	print_head(out, "census_info", "gauge",
		   "How the device's requests are translated; told_by: the device under which its table is told.");
	tree_foreach(census, device, record) {
		const char *by = tree_word(expo->tables,
					   tree_word(record, "table"));

		if (!tree_get(expo->records[KIND_CENSUS], by))
			continue;
		fputs("iovascope_census_info{", out);
		print_label(out, "device", device, ",");
		print_label(out, "unit", tree_word(record, "unit"), ",");
		print_label(out, "type", tree_word(record, "type"), ",");
		print_label(out, "told_by", by, "} 1\n");
	}
}

/* ---- what no key of the schema is ---- */

static void print_errors(FILE *out, struct json_object *errors)
{
	print_head(out, "errors_total", "counter",
		   "Calls that failed, by errno.");
	tree_foreach(errors, op, counts) {
		tree_foreach(counts, err, count) {
			fputs("iovascope_errors_total{", out);
			print_label(out, "op", op, ",");
			print_label(out, "errno", err, "} ");
			print_u64(out, json_object_get_uint64(count));
		}
	}
}

/* Whether it was made up for is not asked here. */
static void print_refused(FILE *out, struct json_object *sums)
{
	if (!sums)
		return;
	print_head(out, "refusals_total", "counter",
		   "Requests that were refused, by errno (0: an answer that means no) and the step that failed.");
	tree_foreach(sums, step, counts) {
		tree_foreach(counts, err, count) {
			fputs("iovascope_refusals_total{", out);
			print_label(out, "errno", err, ",");
			print_label(out, "step", step, "} ");
			print_u64(out, json_object_get_uint64(count));
		}
	}
}

/* The latest comes first of those that matter: one series a cause. */
static void print_refusals(FILE *out, struct json_object *snap)
{
	uint64_t now = tree_u64_or_0(tree_get(snap, "info"), "now_ns");
	struct json_object *causes = refusals_of(snap, 0), *seen = tree_new();
	uint64_t nr = refusals_nr(causes);

	print_head(out, "refusals_to_fix", "gauge",
		   "Of the refusals that are remembered those that are something to fix.");
	fputs("iovascope_refusals_to_fix ", out);
	print_u64(out, nr);
	if (nr)
		print_head(out, "refusal_age_seconds", "gauge",
			   "Time since the last refusal with this cause that is something to fix.");
	for (size_t i = 0; i < tree_length(causes) && nr; i++) {
		struct json_object *one = tree_at(causes, i);
		const char *cause = tree_word(one, "cause");
		uint64_t last = tree_u64_or_0(one, "last_ns");

		if (!is_yes(one, "matters") || tree_get(seen, cause))
			continue;
		tree_add_u64(seen, cause, 1);
		fputs("iovascope_refusal_age_seconds{", out);
		print_label(out, "cause", cause, "} ");
		print_value(out, now > last ? now - last : 0, true);
		fputc('\n', out);
	}
	json_object_put(seen);
	json_object_put(causes);
}

static void print_probes(FILE *out, struct json_object *probes)
{
	print_head(out, "probe_attached", "gauge",
		   "Whether the probe sees its calls.");
	tree_foreach(probes, row, probe) {
		fputs("iovascope_probe_attached{", out);
		print_label(out, "probe", row, "} ");
		print_u64(out, tree_is(probe, "state", "attached"));
	}
	print_head(out, "probe_blind", "gauge",
		   "Whether the probe should see calls and does not.");
	tree_foreach(probes, of, one) {
		fputs("iovascope_probe_blind{", out);
		print_label(out, "probe", of, ",");
		print_label(out, "state", tree_word(one, "state"), "} ");
		print_u64(out, probe_is_blind(one));
	}
}

/* Of each operation that is counted, and of those that are in flight only. */
static struct json_object *inflight_ops(struct json_object *snap)
{
	struct json_object *ops = tree_new();

	tree_foreach(tree_get(snap, "errors"), op, counts) {
		(void)counts;
		tree_add(ops, op, tree_new());
	}
	tree_foreach(tree_get(snap, "inflight"), id, call) {
		const char *of = tree_word(call, "op");
		uint64_t age = tree_u64_or_0(call, "age_ns");

		(void)id;
		if (!tree_get(ops, of))
			tree_add(ops, of, tree_new());
		tree_add_sum(tree_get(ops, of), "calls", 1);
		if (age > tree_u64_or_0(tree_get(ops, of), "age_ns"))
			tree_add_u64(tree_get(ops, of), "age_ns", age);
	}
	return ops;
}

static void print_inflight(FILE *out, struct json_object *snap)
{
	struct json_object *ops = inflight_ops(snap);

	print_head(out, "inflight_calls", "gauge",
		   "Calls that have not returned.");
	tree_foreach(ops, op, calls) {
		fputs("iovascope_inflight_calls{", out);
		print_label(out, "op", op, "} ");
		print_u64(out, tree_u64_or_0(calls, "calls"));
	}
	print_head(out, "inflight_oldest_seconds", "gauge",
		   "Age of the oldest call that has not returned.");
	tree_foreach(ops, of, oldest) {
		fputs("iovascope_inflight_oldest_seconds{", out);
		print_label(out, "op", of, "} ");
		print_value(out, tree_u64_or_0(oldest, "age_ns"), true);
		fputc('\n', out);
	}
	json_object_put(ops);
}

static void print_units(FILE *out, struct json_object *units)
{
	if (!units || !json_object_object_length(units))
		return;
	print_head(out, "unit_translates", "gauge",
		   "Whether the remapping unit translates.");
	tree_foreach(units, name, unit) {
		fputs("iovascope_unit_translates{", out);
		print_label(out, "unit", name, ",");
		print_label(out, "mode", tree_word(unit, "mode"), "} ");
		print_u64(out, is_yes(unit, "translation"));
	}
}

/* Of all domains; there at 0, and absent where the tables were not walked. */
static void print_verdicts(FILE *out, struct json_object *check)
{
	static const char *const known[] = {
		"equal", "differs", "torn", "unreadable", "inexact"
	};
	struct json_object *verdicts = tree_new();

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		tree_add_u64(verdicts, known[i], 0);
	tree_foreach(check, id, record) {
		(void)id;
		tree_add_sum(verdicts, tree_word(record, "verdict"), 1);
	}
	print_head(out, "check_domains", "gauge",
		   "Domains by whether the tables hold what has been counted.");
	tree_foreach(verdicts, verdict, nr) {
		fputs("iovascope_check_domains{", out);
		print_label(out, "verdict", verdict, "} ");
		print_u64(out, json_object_get_uint64(nr));
	}
	json_object_put(verdicts);
}

/* One that differs has its series, however little is mapped in it. */
static void print_check(const struct exposition *expo)
{
	struct json_object *check = tree_get(expo->snap, "check");
	FILE *out = expo->out;
	bool first = true;

	if (!check)
		return;
	print_verdicts(out, check);
	tree_foreach(check, id, record) {
		if (!tree_get(expo->records[KIND_DOMAIN], id) &&
		    !tree_is(record, "verdict", "differs"))
			continue;
		if (first)
			print_head(out, "check_equal", "gauge",
				   "Whether the tables hold what has been counted.");
		first = false;
		fputs("iovascope_check_equal{", out);
		print_label(out, "domain", id, "} ");
		print_u64(out, tree_is(record, "verdict", "equal"));
	}
}

/* ---- which records have series ---- */

static void choose(struct exposition *expo, enum kind kind, uint64_t limit,
		   const char *name, struct json_object *record)
{
	struct json_object *chosen = expo->records[kind];

	if ((uint64_t)json_object_object_length(chosen) < limit)
		tree_add(chosen, name, json_object_get(record));
	else
		expo->left_out[kind]++;
}

/* What VFIO has mapped comes before the host's own. */
static void choose_domains(struct exposition *expo, uint64_t limit,
			   bool own)
{
	struct json_object *sorted;

	sorted = tree_sorted(tree_get(expo->snap, "domains"), "live_bytes");
	tree_foreach(sorted, id, domain)
		if (view_is_dma_api(domain) == own)
			choose(expo, KIND_DOMAIN, limit, id, domain);
	json_object_put(sorted);
}

/* By PID: of two records the later one is the process that has it now. */
static struct json_object *processes_alive(struct json_object *processes)
{
	struct json_object *alive = tree_new();

	tree_foreach(processes, id, process) {
		(void)id;
		if (!is_no(process, "alive"))
			tree_add(alive, tree_word(process, "pid"),
				 json_object_get(process));
	}
	return alive;
}

/* Those that mapped last. */
static void choose_processes(struct exposition *expo,
			     struct json_object *alive, uint64_t limit)
{
	struct json_object *sorted = tree_sorted(alive, "last_ns");

	tree_foreach(sorted, pid, process)
		choose(expo, KIND_PROCESS, limit, pid, process);
	json_object_put(sorted);
}

/* One device of each table; where nothing is translated there is none. */
static void choose_tables(struct exposition *expo, uint64_t limit)
{
	struct json_object *census = tree_get(expo->snap, "census");

	if (!census)
		return;
	tree_foreach(census, device, record) {
		const char *table = tree_word(record, "table");

		if (!tree_get(record, "table") || tree_get(expo->tables, table))
			continue;
		tree_add_word(expo->tables, table, device);
		choose(expo, KIND_CENSUS, limit, device, record);
	}
}

static void sum_domain(struct json_object *sums, struct json_object *domain,
		       const struct metrics *metrics)
{
	uint64_t val;

	tree_add_sum(sums, "domains", 1);
	tree_add_sum(sums, "inexact", is_no(domain, "exact"));
	for (size_t i = 0; i < metrics->nr; i++)
		if (is_gauge(&metrics->metric[i]) &&
		    tree_u64(domain, metrics->metric[i].key, &val))
			tree_add_sum(sums, metrics->metric[i].key, val);
}

/* By backend, of all domains. */
static struct json_object *sums_of(struct json_object *domains,
				   const struct metrics *metrics)
{
	struct json_object *sums = tree_new();

	tree_foreach(domains, id, domain) {
		const char *backend = tree_word(domain, "backend");

		(void)id;
		if (!tree_get(sums, backend))
			tree_add(sums, backend, tree_new());
		sum_domain(tree_get(sums, backend), domain, metrics);
	}
	return sums;
}

/* ---- all of it ---- */

static void print_up(FILE *out, bool up)
{
	print_head(out, "up", "gauge", "Whether the module could be read.");
	fputs("iovascope_up ", out);
	print_u64(out, up);
}

void metrics_print_down(FILE *out)
{
	print_up(out, false);
}

static void print_families(const struct exposition *expo,
			   const struct metrics *metrics)
{
	const struct metric *metric = metrics->metric;
	size_t i, end;

	for (i = 0; i < metrics->nr; i = end) {
		for (end = i + 1; end < metrics->nr; end++)
			if (strcmp(metric[i].family, metric[end].family))
				break;
		if (is_hist(&metric[i])) {
			print_hists(expo, &metric[i], end - i);
			continue;
		}
		print_host(expo, &metric[i], end - i);
		print_sums(expo, &metric[i], end - i);
		for (enum kind kind = 0; kind < NR_KINDS; kind++)
			print_records(expo, kind, &metric[i], end - i);
	}
}

/* The PIDs of those who made the domains that have series. */
static struct json_object *owners_of(struct json_object *domains)
{
	struct json_object *owners = tree_new();

	tree_foreach(domains, id, domain) {
		(void)id;
		tree_add_u64(owners, tree_word(domain, "pid"), 1);
	}
	return owners;
}

static void print_infos(const struct exposition *expo,
			struct json_object *alive)
{
	struct json_object *domains = expo->records[KIND_DOMAIN];
	struct json_object *owners = owners_of(domains);

	print_info(expo->out, tree_get(expo->snap, "info"));
	print_domains(expo->out, expo->sums);
	print_domain_info(expo->out, domains);
	print_device_info(expo->out, domains);
	print_process_info(expo->out, alive, expo->records[KIND_PROCESS],
			   owners);
	print_census_info(expo);
	json_object_put(owners);
}

static void print_rest(const struct exposition *expo)
{
	FILE *out = expo->out;

	print_errors(out, tree_get(expo->snap, "errors"));
	print_refused(out, tree_get(expo->snap, "refused"));
	if (tree_get(expo->snap, "refusals"))
		print_refusals(out, expo->snap);
	print_probes(out, tree_get(expo->snap, "probes"));
	print_inflight(out, expo->snap);
	print_units(out, tree_get(expo->snap, "units"));
	print_check(expo);
	print_left_out(expo);
}

void metrics_print(FILE *out, struct json_object *snap,
		   const struct metrics_scope *scope)
{
	struct json_object *domains = tree_get(snap, "domains");
	struct metrics metrics = metrics_of(tree_get(snap, "schema"));
	struct exposition expo = { .out = out, .snap = snap };
	struct json_object *alive;

	alive = processes_alive(tree_get(snap, "processes"));
	for (size_t kind = 0; kind < NR_KINDS; kind++)
		expo.records[kind] = tree_new();
	expo.sums = sums_of(domains, &metrics);
	expo.tables = tree_new();
	choose_domains(&expo, scope->limit, false);
	choose_domains(&expo, scope->limit, true);
	choose_processes(&expo, alive, scope->processes ? scope->limit : 0);
	choose_tables(&expo, scope->limit);
	print_up(out, true);
	print_infos(&expo, alive);
	print_families(&expo, &metrics);
	print_rest(&expo);
	for (size_t kind = 0; kind < NR_KINDS; kind++)
		json_object_put(expo.records[kind]);
	json_object_put(expo.tables);
	json_object_put(expo.sums);
	json_object_put(alive);
	metrics_free(&metrics);
}
