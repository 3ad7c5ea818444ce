// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no key of the schema becomes a metric of: what failed and was refused,
 * what is in flight, what the probes see and the units do, and whether tables
 * hold what has been counted.
 *
 * What is counted is there at 0, wherever its name is known beforehand, because
 * rate() and sum() need series that stay.
 */
#include "base/compiler.h"
#include "base/tree.h"
#include "exposition.h"
#include "metrics_events.h"
#include "metrics_records.h"
#include "read/blind.h"
#include "why/refusals.h"

static bool is_yes(struct json_object *record, const char *key)
{
	return json_object_get_boolean(tree_get(record, key));
}

static void print_errors(FILE *out, struct json_object *errors)
{
	expo_head(out, "errors_total", "counter",
		  "Calls that failed, by errno.");
	tree_foreach(errors, op, counts) {
		tree_foreach(counts, err, count) {
			fputs("iovascope_errors_total{", out);
			expo_label(out, "op", op, ",");
			expo_label(out, "errno", err, "} ");
			expo_end(out, json_object_get_uint64(count), false);
		}
	}
}

/* Whether it was made up for is not asked here. */
static void print_refused(FILE *out, struct json_object *sums)
{
	if (!sums)
		return;
	expo_head(out, "refusals_total", "counter",
		  "Requests that were refused, by errno (0: an answer that means no) and the step that failed.");
	tree_foreach(sums, step, counts) {
		tree_foreach(counts, err, count) {
			fputs("iovascope_refusals_total{", out);
			expo_label(out, "errno", err, ",");
			expo_label(out, "step", step, "} ");
			expo_end(out, json_object_get_uint64(count), false);
		}
	}
}

/* Of those that matter, one series a cause. */
static void print_refusals(FILE *out, struct json_object *snap)
{
	struct json_object *ages;
	uint64_t nr;

	ages = refusals_ages(snap, &nr);
	expo_head(out, "refusals_to_fix", "gauge",
		  "Of the refusals that are remembered those that are something to fix.");
	fputs("iovascope_refusals_to_fix ", out);
	expo_end(out, nr, false);
	if (nr)
		expo_head(out, "refusal_age_seconds", "gauge",
			  "Time since the last refusal with this cause that is something to fix.");
	tree_foreach(ages, cause, age) {
		fputs("iovascope_refusal_age_seconds{", out);
		expo_label(out, "cause", cause, "} ");
		expo_end(out, json_object_get_uint64(age), true);
	}
	json_object_put(ages);
}

static void print_probes(FILE *out, struct json_object *probes)
{
	expo_head(out, "probe_attached", "gauge",
		  "Whether the probe sees its calls.");
	tree_foreach(probes, row, probe) {
		fputs("iovascope_probe_attached{", out);
		expo_label(out, "probe", row, "} ");
		expo_end(out, tree_is(probe, "state", "attached"), false);
	}
	expo_head(out, "probe_blind", "gauge",
		  "Whether the probe should see calls and does not.");
	tree_foreach(probes, of, one) {
		fputs("iovascope_probe_blind{", out);
		expo_label(out, "probe", of, ",");
		expo_label(out, "state", tree_word(one, "state"), "} ");
		expo_end(out, probe_is_blind(one), false);
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
	static const struct expo_groups calls = {
		.metric = "inflight_calls",
		.type = "gauge",
		.help = "Calls that have not returned.",
		.label = "op",
		.key = "calls",
	};
	static const struct expo_groups oldest = {
		.metric = "inflight_oldest_seconds",
		.type = "gauge",
		.help = "Age of the oldest call that has not returned.",
		.label = "op",
		.key = "age_ns",
		.ns = true,
	};
	struct json_object *ops = inflight_ops(snap);

	expo_groups(out, &calls, ops);
	expo_groups(out, &oldest, ops);
	json_object_put(ops);
}

static void print_units(FILE *out, struct json_object *units)
{
	if (!units || !json_object_object_length(units))
		return;
	expo_head(out, "unit_translates", "gauge",
		  "Whether the remapping unit translates.");
	tree_foreach(units, name, unit) {
		fputs("iovascope_unit_translates{", out);
		expo_label(out, "unit", name, ",");
		expo_label(out, "mode", tree_word(unit, "mode"), "} ");
		expo_end(out, is_yes(unit, "translation"), false);
	}
}

/* Of all domains; there at 0, and absent where the tables were not walked. */
static void print_verdicts(FILE *out, struct json_object *check)
{
	static const char *const known[] = {
		"equal", "differs", "torn", "unreadable", "inexact"
	};
	static const struct expo_groups how = {
		.metric = "check_domains",
		.type = "gauge",
		.help = "Domains by whether the tables hold what has been counted.",
		.label = "verdict",
	};
	struct json_object *verdicts = tree_new();

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		tree_add_u64(verdicts, known[i], 0);
	tree_foreach(check, id, record) {
		(void)id;
		tree_add_sum(verdicts, tree_word(record, "verdict"), 1);
	}
	expo_groups(out, &how, verdicts);
	json_object_put(verdicts);
}

/* One that differs has its series, however little is mapped in it. */
static void print_check(FILE *out, struct json_object *check,
			const struct chosen *chosen)
{
	bool first = true;

	if (!check)
		return;
	print_verdicts(out, check);
	tree_foreach(check, id, record) {
		if (!chosen_has_domain(chosen, id) &&
		    !tree_is(record, "verdict", "differs"))
			continue;
		if (first)
			expo_head(out, "check_equal", "gauge",
				  "Whether the tables hold what has been counted.");
		first = false;
		fputs("iovascope_check_equal{", out);
		expo_label(out, "domain", id, "} ");
		expo_end(out, tree_is(record, "verdict", "equal"), false);
	}
}

void events_print(FILE *out, struct json_object *snap,
		  const struct chosen *chosen)
{
	print_errors(out, tree_get(snap, "errors"));
	print_refused(out, tree_get(snap, "refused"));
	if (tree_get(snap, "refusals"))
		print_refusals(out, snap);
	print_probes(out, tree_get(snap, "probes"));
	print_inflight(out, snap);
	print_units(out, tree_get(snap, "units"));
	print_check(out, tree_get(snap, "check"), chosen);
}
