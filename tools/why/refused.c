// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why one call was refused. The module remembers the call, its errno, which
 * step of it failed, and what only that moment knew. Which of the reasons for
 * that errno it was is told here: by tables of rules, of which the first that
 * fits wins. A rule that fits tells its evidence: numbers that the reader can
 * look up himself.
 *
 *	refused_map.c		maps and unmaps
 *	refused_attach.c	what comes before: groups, containers, devices
 *	refused_room.c		what there was not enough of
 *
 * Where no rule fits the answer is "not-known", and what was looked at.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/compiler.h"
#include "base/errname.h"
#include "base/human.h"
#include "base/paper.h"
#include "read/names.h"
#include "refused.h"
#include "rule.h"

static bool is_overcome(struct json_object *r)
{
	return fact(r, "overcome_ns");
}

static bool is_killed_by_cgroup(struct json_object *r)
{
	return is_killed(r) && is_over_cgroup(r);
}

/* Of all calls, before those of their own. */
static const struct rule rules[] = {
	{ ANY, ANY, ANY_ERRNO, is_overcome, CAUSE_OVERCOME, NULL },
	{ ANY, ANY, ANY_ERRNO, is_killed_by_cgroup, CAUSE_CGROUP_LIMIT,
	  tell_cgroup },
	{ ANY, ANY, ANY_ERRNO, is_killed, CAUSE_NO_MEMORY, tell_killed },
	{ ANY, ANY, EINTR, NULL, CAUSE_HARMLESS, NULL },
};

/* Is the word one of a list that is separated by blanks? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		bool begins = at == list || at[-1] == ' ';

		if (begins && (at[len] == ' ' || !at[len]))
			return true;
		at += len;
	}
	return false;
}

static bool rule_fits(const struct rule *rule, struct json_object *r)
{
	if (rule->calls && !has_word(rule->calls, tree_word(r, "call")))
		return false;
	if (rule->step && !tree_is(r, "step", rule->step))
		return false;
	if (rule->err != ANY_ERRNO && fact(r, "errno") != (uint64_t)rule->err)
		return false;
	return !rule->fits || rule->fits(r);
}

static const struct rule *find_in(const struct rule *table, size_t nr,
				  struct json_object *r)
{
	for (size_t i = 0; i < nr; i++)
		if (rule_fits(&table[i], r))
			return &table[i];
	return NULL;
}

static const struct rule *find_rule(struct json_object *r)
{
	return find_in(rules, ARRAY_SIZE(rules), r) ?:
	       find_in(refused_map_rules, refused_nr_map_rules, r) ?:
	       find_in(refused_attach_rules, refused_nr_attach_rules, r);
}

static struct json_object *judge(struct json_object *r)
{
	const struct rule *rule = find_rule(r);
	struct json_object *found;

	found = cause_new(rule ? rule->cause : CAUSE_NOT_KNOWN);
	if (!rule)
		tell_step(found, r);
	else if (rule->tell)
		rule->tell(found, r);
	return found;
}

/* What others of the snapshot know, beside it: devices and regions of now. */
static struct json_object *with_snapshot(struct json_object *refusal,
					 struct json_object *snap)
{
	struct json_object *domains = tree_get(snap, "domains");
	struct json_object *r = tree_new(), *domain;

	tree_foreach(refusal, key, val)
		tree_add(r, key, json_object_get(val));
	/* Where there are many, they are made when they are asked for. */
	domain = tree_find(domains, tree_word(refusal, "domain"));
	tree_share(r, domain, "devices");
	json_object_put(domain);
	if (tree_get(snap, "regions"))
		tree_share(r, snap, "regions");
	return r;
}

struct json_object *refused_judge(const char *id, struct json_object *refusal,
				  struct json_object *snap)
{
	static const char *const keys[] = {
		"pid", "comm", "start_ns", "first_ns", "last_ns", "wall_ns",
		"overcome_ns", "repeats", "call", "backend", "step", "errno",
		"target", "group", "domain", "device", "iova", "vaddr", "bytes",
		"done_bytes",
	};
	struct json_object *r = with_snapshot(refusal, snap), *found;

	found = judge(r);
	json_object_put(r);
	tree_add_word(found, "refusal", id);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		tree_share(found, refusal, keys[i]);
	names_share(found, refusal);
	return found;
}

static bool is_nothing(enum cause cause)
{
	return cause == CAUSE_OVERCOME || cause == CAUSE_HARMLESS;
}

/* The first that fits, of those up to the last that says it is nothing. */
static const struct rule *find_early(const struct rule *table, size_t nr,
				     struct json_object *r)
{
	while (nr && !is_nothing(table[nr - 1].cause))
		nr--;
	return find_in(table, nr, r);
}

/* These rules are the first, and ask nothing but the refusal. */
bool refused_matters(struct json_object *refusal)
{
	const struct rule *rule;

	rule = find_early(rules, ARRAY_SIZE(rules), refusal) ?:
	       find_early(refused_map_rules, refused_nr_map_rules, refusal) ?:
	       find_early(refused_attach_rules, refused_nr_attach_rules,
			  refusal);
	return !rule || !is_nothing(rule->cause);
}

const char *refused_cause(struct json_object *refusal,
			  struct json_object *snap)
{
	struct json_object *r = with_snapshot(refusal, snap);
	const struct rule *rule = find_rule(r);

	json_object_put(r);
	return cause_id(rule ? rule->cause : CAUSE_NOT_KNOWN);
}

char *refused_call(struct json_object *cause)
{
	uint64_t err = fact(cause, "errno");
	struct paper paper;
	char *call;

	paper_open(&paper);
	fputs(tree_word(cause, "call"), paper.out);
	if (fact(cause, "bytes"))
		fprintf(paper.out, " of %s at IOVA 0x%jx",
			human_key(cause, "bytes", "bytes").s,
			(uintmax_t)fact(cause, "iova"));
	else if (tree_get(cause, "target"))
		fprintf(paper.out, " of %s", tree_word(cause, "target"));
	fprintf(paper.out, " by %s: %s", names_owner(cause).s,
		err ? errname(err) ?: "errno" : "no");
	if (fact(cause, "repeats") > 1)
		fprintf(paper.out, ", %s times", tree_word(cause, "repeats"));
	call = paper_close(&paper);
	/* A process may call itself what it likes. */
	clean_word(call);
	return call;
}
