// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lists that judges fill. A judge is handed the facts and these lists; it
 * neither sees the rest of the answer nor who asked.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/tree.h"
#include "finding.h"

char *finding_text(const char *fmt, va_list args)
{
	char *text = alloc_vprint(fmt, args);

	clean_word(text);
	return text;
}

struct findings findings_of(struct json_object *answer)
{
	return (struct findings){
		.causes = tree_get(answer, "causes"),
		.missing = tree_get(answer, "missing"),
	};
}

void findings_add(const struct findings *findings, struct json_object *cause)
{
	if (cause)
		tree_append(findings->causes, cause);
}

/* Many parts of a table can lack the same fact: it is told once. */
void findings_miss(const struct findings *findings, const char *fmt, ...)
{
	va_list args;
	char *fact;

	va_start(args, fmt);
	fact = finding_text(fmt, args);
	va_end(args);
	if (!tree_list_has(findings->missing, fact))
		tree_append_word(findings->missing, fact);
	free(fact);
}
