// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grammar of Prometheus' text exposition, and nothing of what is told in it.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/tree.h"
#include "exposition.h"
#include "metric.h"

#define NS_PER_S	1000000000ull

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

void expo_label(FILE *out, const char *name, const char *value,
		const char *end)
{
	fprintf(out, "%s=\"", name);
	print_escaped(out, value, true);
	fprintf(out, "\"%s", end);
}

void expo_known(FILE *out, struct json_object *record,
		const char *const *labels)
{
	for (; *labels; labels++) {
		if (!tree_get(record, *labels))
			continue;
		fputc(',', out);
		expo_label(out, *labels, tree_word(record, *labels), "");
	}
}

void expo_value(FILE *out, uint64_t val, bool ns)
{
	if (ns)
		fprintf(out, "%ju.%09ju", (uintmax_t)(val / NS_PER_S),
			(uintmax_t)(val % NS_PER_S));
	else
		fprintf(out, "%ju", (uintmax_t)val);
}

void expo_end(FILE *out, uint64_t val, bool ns)
{
	expo_value(out, val, ns);
	fputc('\n', out);
}

void expo_head(FILE *out, const char *metric, const char *type,
	       const char *help)
{
	fprintf(out, "# HELP iovascope_%s ", metric);
	print_escaped(out, help, false);
	fprintf(out, "\n# TYPE iovascope_%s %s\n", metric, type);
}

void expo_family_head(FILE *out, const char *prefix,
		      const struct metric *metric)
{
	char *name = alloc_print("%s%s", prefix, metric->family);

	expo_head(out, name, metric_is_hist(metric) ? "histogram" :
		  tree_word(metric->desc, "kind"), metric->help);
	free(name);
}

void expo_groups(FILE *out, const struct expo_groups *how,
		 struct json_object *groups)
{
	expo_head(out, how->metric, how->type, how->help);
	tree_foreach(groups, name, group) {
		fprintf(out, "iovascope_%s{", how->metric);
		expo_label(out, how->label, name, "} ");
		expo_end(out, how->key ? tree_u64_or_0(group, how->key) :
			 json_object_get_uint64(group), how->ns);
	}
}
