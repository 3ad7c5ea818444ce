/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_EXPOSITION_H
#define IOVASCOPE_EXPOSITION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;
struct metric;

/* Escaped, with the quotes and what comes behind them. */
void expo_label(FILE *out, const char *name, const char *value,
		const char *end);

/* Each label that the record has a member for: what is not known is absent. */
void expo_known(FILE *out, struct json_object *record,
		const char *const *labels);

/* Nanoseconds become seconds, exactly. */
void expo_value(FILE *out, uint64_t val, bool ns);

/* The value, and the end of its line. */
void expo_end(FILE *out, uint64_t val, bool ns);

/* HELP and TYPE: of a metric that no key of the schema becomes, and of one. */
void expo_head(FILE *out, const char *metric, const char *type,
	       const char *help);
void expo_family_head(FILE *out, const char *prefix,
		      const struct metric *metric);

/*
 * A metric that has a series for each member of @groups, by @label: the member
 * itself, or its @key.
 */
struct expo_groups {
	const char *metric;
	const char *type;
	const char *help;
	const char *label;
	const char *key;
	bool ns;
};

void expo_groups(FILE *out, const struct expo_groups *how,
		 struct json_object *groups);

#endif
