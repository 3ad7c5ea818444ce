/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_H
#define IOVASCOPE_TEXT_H

#include <stdio.h>

struct json_object;

/* Each prints a view for people; the schema names the units. */
typedef void text_fn(FILE *out, struct json_object *view,
		     struct json_object *schema);

text_fn text_show, text_domains, text_processes;
text_fn text_counters, text_errors, text_hist, text_schema;
text_fn text_inflight, text_probes;
text_fn text_units, text_census, text_runs, text_check;
text_fn text_why, text_host, text_bench;
text_fn text_metrics;

/* Pieces that several of them print. */
struct human;
struct human text_owner(struct json_object *record);
struct human text_devices(struct json_object *domain);
const char *text_about(struct json_object *domain);
void text_interval(FILE *out, struct json_object *view);
void text_cost(FILE *out, struct json_object *cost);
void text_verdicts(FILE *out, struct json_object *result);
void text_calls(FILE *out, struct json_object *inflight, size_t max);

#endif
