// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of metrics, made from the module's keys by rule, so that what a
 * later module counts has a name and labels without a change here.
 *
 * A key is composed of words, and those that tell one of several kinds apart
 * are labels, because one can sum over labels and not over names:
 *
 *	pin_hugetlb_1g_bytes	iovascope_call_bytes_total{op="pin",
 *						backing="hugetlb_1g"}
 *	live_1g_bytes		iovascope_live_bytes{leaf="1g"}
 *
 * An operation is what has a histogram of sizes, and what has one of durations
 * and a name that begins with an operation's is a backing of it. A sum over
 * labels has no series: whoever adds up the family would count it twice. The
 * longest call since the module was loaded has none either: what never falls
 * again tells nothing of today, and the histograms do.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/tree.h"
#include "metric.h"

/* What is counted of each call. */
static const struct fact {
	const char *suffix;
	const char *family;
	const char *help;
} facts[] = {
	{ "duration_ns", "call_duration_seconds", "Time of one call." },
	{ "size_bytes", "call_size_bytes", "Size of one successful call." },
	{ "calls", "calls_total", "Calls that returned." },
	{ "errors", "call_errors_total", "Calls that failed." },
	{ "bytes", "call_bytes_total", "Bytes of calls that succeeded." },
	{ "ns", "call_seconds_total", "Time in the calls." },
};

bool metric_is_ns(const struct metric *metric)
{
	return tree_is(metric->desc, "unit", "ns");
}

bool metric_is_hist(const struct metric *metric)
{
	return tree_is(metric->desc, "kind", "hist");
}

bool metric_is_gauge(const struct metric *metric)
{
	return tree_is(metric->desc, "kind", "gauge");
}

static bool has_hist(struct json_object *schema, const char *stem, size_t len,
		     const char *suffix)
{
	char *key = alloc_print("%.*s_%s", (int)len, stem, suffix);
	bool found = tree_is(tree_get(schema, key), "kind", "hist");

	free(key);
	return found;
}

/* Length of the operation that the stem is, or is a part of; 0 for none. */
static size_t op_len(struct json_object *schema, const char *stem, size_t len)
{
	if (!has_hist(schema, stem, len, "duration_ns"))
		return 0;
	for (size_t i = 1; i <= len; i++)
		if ((i == len || stem[i] == '_') &&
		    has_hist(schema, stem, i, "size_bytes"))
			return i;
	return 0;
}

/* Length of what stands in front of _suffix, 0 when that is not its end. */
static size_t stem_len(const char *key, const char *suffix)
{
	size_t len = strlen(key), end = strlen(suffix);

	if (len < end + 2 || key[len - end - 1] != '_' ||
	    strcmp(key + len - end, suffix))
		return 0;
	return len - end - 1;
}

static bool name_call(struct metric *metric, const char *name,
		      struct json_object *schema)
{
	const char *key = metric->key;

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		size_t len = stem_len(key, facts[i].suffix);
		size_t op = len ? op_len(schema, key, len) : 0;

		if (!op)
			continue;
		metric->family = alloc_copy(facts[i].family);
		metric->help = alloc_copy(facts[i].help);
		metric->labels = op == len ?
			alloc_print("op=\"%.*s\"", (int)op, name) :
			alloc_print("op=\"%.*s\",backing=\"%.*s\"", (int)op,
				    name, (int)(len - op - 1), name + op + 1);
		return true;
	}
	return false;
}

/* The word of the key that is a leaf size, as in live_1g_bytes; or NULL. */
static const char *leaf_word(const char *key, size_t *len)
{
	while (*key) {
		size_t digits = strspn(key, "0123456789");

		*len = strcspn(key, "_");
		if (digits && *len == digits + 1 && strchr("kmgt", key[digits]))
			return key;
		key += *len;
		key += *key == '_';
	}
	return NULL;
}

/* The key without a byte that a metric may not have, as long as it was. */
static char *name_of(const char *key)
{
	char *name = alloc_copy(key);

	for (char *c = name; *c; c++)
		if (!((*c >= '0' && *c <= '9') ||
		      ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z')))
			*c = '_';
	return name;
}

/* Nanoseconds become seconds. */
static char *family_of(const char *name, struct json_object *desc)
{
	size_t len = tree_is(desc, "unit", "ns") ? stem_len(name, "ns") : 0;

	return alloc_print("%.*s%s%s", (int)(len ?: strlen(name)), name,
			   len ? "_seconds" : "",
			   tree_is(desc, "kind", "counter") ? "_total" : "");
}

/* The words of the schema as a sentence; of @leaf leaves, of any. */
static char *sentence(const char *help, const char *leaf, size_t len)
{
	const char *found = NULL;
	char *text, *word;

	if (leaf) {
		word = alloc_print("%.*s leaves", (int)len, leaf);
		found = strcasestr(help, word);
		free(word);
	}
	if (found)
		text = alloc_print("%.*sleaves of this size%s.",
				   (int)(found - help), help,
				   found + len + strlen(" leaves"));
	else
		text = alloc_print("%s.", help);
	if (*text >= 'a' && *text <= 'z')
		*text -= 'a' - 'A';
	return text;
}

static void name_other(struct metric *metric, const char *name)
{
	size_t len;
	const char *leaf = leaf_word(name, &len);
	char *rest;

	metric->help = sentence(tree_word(metric->desc, "help"), leaf, len);
	if (leaf) {
		rest = alloc_print("%.*s%s", (int)(leaf - name), name,
				   leaf + len + !!leaf[len]);
		metric->family = family_of(rest, metric->desc);
		metric->labels = alloc_print("leaf=\"%.*s\"", (int)len, leaf);
		free(rest);
	} else {
		metric->family = family_of(name, metric->desc);
		metric->labels = alloc_copy("");
	}
}

static void metric_name(struct metric *metric, const char *key,
			struct json_object *desc, struct json_object *schema)
{
	char *name = name_of(key);

	metric->key = key;
	metric->desc = desc;
	if (!name_call(metric, name, schema))
		name_other(metric, name);
	free(name);
}

/* Are @labels those of @sum and more? */
static bool is_part(const char *labels, const char *sum)
{
	size_t len = strlen(sum);

	return strlen(labels) > len && !strncmp(labels, sum, len) &&
	       (!len || labels[len] == ',');
}

static void supersede(struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->nr; i++)
		for (size_t j = 0; j < metrics->nr; j++)
			if (!strcmp(metrics->metric[i].family,
				    metrics->metric[j].family) &&
			    is_part(metrics->metric[j].labels,
				    metrics->metric[i].labels))
				metrics->metric[i].superseded = true;
}

/* Each behind the last of its family, and else in the order of the schema. */
static void gather(struct metrics *metrics)
{
	struct metric *metric = metrics->metric, moved;
	size_t i, j, end;

	for (i = 0; i < metrics->nr; i = end) {
		end = i + 1;
		for (j = end; j < metrics->nr; j++) {
			if (strcmp(metric[i].family, metric[j].family))
				continue;
			moved = metric[j];
			memmove(&metric[end + 1], &metric[end],
				(j - end) * sizeof(moved));
			metric[end++] = moved;
		}
	}
}

struct metrics metrics_of(struct json_object *schema)
{
	size_t most = json_object_object_length(schema);
	struct metrics metrics = {
		.metric = alloc_zeroed(most, sizeof(struct metric)),
	};

	tree_foreach(schema, key, desc)
		if (!tree_is(desc, "kind", "max"))
			metric_name(&metrics.metric[metrics.nr++], key, desc,
				    schema);
	supersede(&metrics);
	gather(&metrics);
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->nr; i++) {
		free(metrics->metric[i].family);
		free(metrics->metric[i].labels);
		free(metrics->metric[i].help);
	}
	free(metrics->metric);
}
