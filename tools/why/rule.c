// SPDX-License-Identifier: GPL-2.0-only
/* What rules of all tables may tell. */
#include "base/errname.h"
#include "rule.h"

void tell_step(struct json_object *found, struct json_object *r)
{
	cause_evidence(found, "%s answered %s in its step %s",
		       tree_word(r, "call"),
		       errname(fact(r, "errno")) ?: "no",
		       tree_word(r, "step"));
	if (tree_get(r, "memory"))
		cause_evidence(found, "memory there: %s",
			       tree_word(r, "memory"));
}
