/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_METRIC_H
#define IOVASCOPE_METRIC_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/*
 * What a key of the schema is called in Prometheus: a family without what
 * stands in front of all, its labels (op="pin",backing="thp"; may be empty),
 * and a sentence. One that is superseded is the sum of others of its family.
 */
struct metric {
	const char *key;
	struct json_object *desc;
	char *family;
	char *labels;
	char *help;
	bool superseded;
};

bool metric_is_ns(const struct metric *metric);
bool metric_is_hist(const struct metric *metric);
bool metric_is_gauge(const struct metric *metric);

/* Those of one family stand beside each other. */
struct metrics {
	struct metric *metric;
	size_t nr;
};

/* The schema has to outlive them. */
struct metrics metrics_of(struct json_object *schema);
void metrics_free(struct metrics *metrics);

#endif
