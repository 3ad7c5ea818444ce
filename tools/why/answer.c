// SPDX-License-Identifier: GPL-2.0-only
/*
 * An answer, whatever the question was, is one tree:
 *
 *	{ "question": "why", "answer": "..", "fix_needed": 1, "causes": [..],
 *	  "missing": [..], .. }
 *
 * Who asks begins it, lets judges fill the lists, and gives the sentence.
 */
#include <stdlib.h>

#include "answer.h"
#include "base/fail.h"
#include "base/tree.h"
#include "finding.h"
#include "read/blind.h"

struct json_object *answer_new(const char *question)
{
	struct json_object *answer = tree_new();

	tree_add_u64(answer, "format", 1);
	tree_add_word(answer, "question", question);
	tree_add_word(answer, "answer", "");
	tree_add_u64(answer, "fix_needed", 0);
	tree_add(answer, "causes", tree_new_list());
	tree_add(answer, "missing", tree_new_list());
	return answer;
}

void answer_give(struct json_object *answer, bool fix_needed,
		 const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = finding_text(fmt, args);
	va_end(args);
	tree_add_u64(answer, "fix_needed", fix_needed);
	tree_add_word(answer, "answer", text);
	free(text);
}

void answer_blind(struct json_object *answer, struct json_object *snap,
		  const char *feed)
{
	const char *row = blind_probe(snap, feed);
	struct findings findings = findings_of(answer);

	if (row)
		findings_miss(&findings, "%s: the probe %s is %s", feed, row,
			      tree_word(tree_get(tree_get(snap, "probes"), row),
					"state"));
}

/* The answer has been printed; the caller is told by the exit status. */
void judge_answer(struct json_object *answer)
{
	if (tree_u64_or_0(answer, "fix_needed"))
		fail(EXIT_RUNTIME, "%s: something to fix",
		     tree_word(answer, "question"));
}
