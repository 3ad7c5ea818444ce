/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_LOOKUP_H
#define IOVASCOPE_LOOKUP_H

struct findings;
struct json_object;
struct spent;

/* What each backing cost, by its name; sets the lookups of @spent. */
struct json_object *lookup_backings(struct spent *spent,
				    const struct findings *findings);

/* Each hands back one cause, or NULL. */
struct json_object *lookup_judge_touch(const struct spent *spent,
				       const struct findings *findings);
struct json_object *lookup_judge_bars(const struct spent *spent,
				      const struct findings *findings);
struct json_object *lookup_judge_base(const struct spent *spent,
				      const struct findings *findings);
struct json_object *lookup_judge_huge(const struct spent *spent);

#endif
