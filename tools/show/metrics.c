// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prometheus' text exposition of a snapshot.
 *
 *	exposition.c		the grammar
 *	metric.c		names and labels, from the schema's keys
 *	metrics_host.c		the host's own numbers
 *	metrics_records.c	those of domains, processes and tables
 *	metrics_memory.c	what the memory of VMs costs
 *	metrics_events.c	what the schema does not declare
 *
 * Every key that the schema declares becomes a metric by rule: of the host with
 * `iovascope_` in front, of records with `iovascope_domain_`,
 * `iovascope_process_` or `iovascope_census_`. Nothing is printed but by this
 * file's order: what of a family there is stands in one place.
 */
#include <string.h>

#include "base/tree.h"
#include "exposition.h"
#include "metric.h"
#include "metrics.h"
#include "metrics_events.h"
#include "metrics_host.h"
#include "metrics_memory.h"
#include "metrics_records.h"

static void print_up(FILE *out, bool up)
{
	expo_head(out, "up", "gauge", "Whether the module could be read.");
	fputs("iovascope_up ", out);
	expo_end(out, up, false);
}

void metrics_print_down(FILE *out)
{
	print_up(out, false);
}

static void print_info(FILE *out, struct json_object *info)
{
	expo_head(out, "info", "gauge", "What is being read.");
	fputs("iovascope_info{", out);
	expo_label(out, "version", tree_word(info, "version"), ",");
	expo_label(out, "kernel", tree_word(info, "kernel"), "} 1\n");
}

static void print_families(FILE *out, struct json_object *snap,
			   const struct metrics *metrics,
			   const struct chosen *chosen)
{
	const struct metric *metric = metrics->metric;
	size_t i, end;

	for (i = 0; i < metrics->nr; i = end) {
		for (end = i + 1; end < metrics->nr; end++)
			if (strcmp(metric[i].family, metric[end].family))
				break;
		if (metric_is_hist(&metric[i])) {
			host_print_hists(out, snap, &metric[i], end - i);
			continue;
		}
		host_print(out, snap, &metric[i], end - i);
		chosen_print(out, chosen, &metric[i], end - i);
	}
}

void metrics_print(FILE *out, struct json_object *snap,
		   const struct metrics_scope *scope)
{
	struct metrics metrics = metrics_of(tree_get(snap, "schema"));
	struct chosen *chosen = chosen_new(snap, &metrics, scope);

	print_up(out, true);
	print_info(out, tree_get(snap, "info"));
	chosen_print_infos(out, chosen);
	print_families(out, snap, &metrics, chosen);
	if (scope->memory)
		memory_print(out, snap, chosen, scope->debugfs);
	events_print(out, snap, chosen);
	chosen_print_left_out(out, chosen);
	chosen_free(chosen);
	metrics_free(&metrics);
}
