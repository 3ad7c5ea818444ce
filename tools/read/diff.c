// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots made from snapshots. Both results have a snapshot's shape, so
 * every view and renderer works on them unchanged.
 *
 * The difference of two snapshots of one load of the module is what happened
 * in between: counters and histograms are subtracted, gauges and live state
 * are those of the later one, and a maximum is left out, because nobody knows
 * when it was reached. `interval_ns` says how long it took. A record which
 * the earlier one lacks began at zero; one that has gone is named in `gone`.
 *
 * The snapshot of one process has its records only, and that process's sums
 * in the place of the global ones.
 */
#include <string.h>

#include "base/compiler.h"
#include "base/fail.h"
#include "base/tree.h"
#include "diff.h"
#include "packed.h"
#include "records.h"

static uint64_t grown(const char *key, struct json_object *before,
		      struct json_object *after)
{
	uint64_t old = tree_u64_or_0(before, key);
	uint64_t new = tree_u64_or_0(after, key);

	if (new < old)
		fail(EXIT_RUNTIME, "%s went backwards: %s", key,
		     "these are not two snapshots of the same module");
	return new - old;
}

/* Buckets and errnos: every member is a counter. */
static struct json_object *diff_counts(struct json_object *before,
				       struct json_object *after)
{
	struct json_object *diff = tree_new();

	tree_foreach(after, key, val) {
		uint64_t more = grown(key, before, after);

		(void)val;
		if (more)
			tree_add_u64(diff, key, more);
	}
	return diff;
}

static struct json_object *diff_all_counts(struct json_object *before,
					   struct json_object *after)
{
	struct json_object *diff = tree_new();

	tree_foreach(after, name, counts)
		tree_add(diff, name,
			 diff_counts(tree_get(before, name), counts));
	return diff;
}

static struct json_object *diff_record(struct json_object *schema,
				       struct json_object *before,
				       struct json_object *after)
{
	struct json_object *diff = tree_new();

	tree_foreach(after, key, val) {
		struct json_object *desc = tree_get(schema, key);

		(void)val;
		if (tree_is(desc, "kind", "counter"))
			tree_add_u64(diff, key, grown(key, before, after));
		else if (!tree_is(desc, "kind", "max"))
			tree_share(diff, after, key);
	}
	return diff;
}

/* Into either of them: as the records are, so is the difference. */
struct differ {
	struct json_object *schema;
	struct json_object *before;
	struct json_object *tree;
	struct packed *packed;
};

static void record_differ(const char *id, struct json_object *record,
			  void *data)
{
	struct differ *differ = data;
	struct json_object *old = tree_find(differ->before, id);
	struct json_object *diff = diff_record(differ->schema, old, record);

	if (differ->tree)
		tree_add(differ->tree, id, json_object_get(diff));
	else
		packed_add(differ->packed, id, diff);
	json_object_put(diff);
	json_object_put(old);
}

static struct json_object *diff_records(struct json_object *schema,
					struct json_object *before,
					struct json_object *after)
{
	struct differ differ = { .schema = schema, .before = before };

	if (tree_is_made(after))
		differ.packed = packed_new();
	else
		differ.tree = tree_new();
	tree_each(after, record_differ, &differ);
	return differ.tree ?: records_tree(differ.packed);
}

/* What the later one has of a section, and the names that it has not. */
struct gone {
	struct json_object *after;
	struct json_object *ids;
};

static void gone_add(const char *id, struct json_object *record, void *data)
{
	struct gone *gone = data;
	struct json_object *found = tree_find(gone->after, id);

	(void)record;
	if (!found)
		tree_append_word(gone->ids, id);
	json_object_put(found);
}

static void add_gone(struct json_object *all, const char *section,
		     struct json_object *before, struct json_object *after)
{
	struct gone gone = { tree_get(after, section), tree_new_list() };

	tree_add(all, section, gone.ids);
	tree_each(tree_get(before, section), gone_add, &gone);
}

static struct json_object *find_gone(struct json_object *before,
				     struct json_object *after)
{
	static const char *const keyed[] = { "domains", "processes" };
	struct json_object *gone = tree_new();

	for (size_t i = 0; i < ARRAY_SIZE(keyed); i++)
		if (tree_get(before, keyed[i]))
			add_gone(gone, keyed[i], before, after);
	return gone;
}

bool snapshot_same_load(struct json_object *before, struct json_object *after)
{
	return tree_u64_or_0(tree_get(before, "info"), "loaded_ns") ==
	       tree_u64_or_0(tree_get(after, "info"), "loaded_ns");
}

static void check_same_load(struct json_object *before,
			    struct json_object *after)
{
	struct json_object *a = tree_get(before, "info");
	struct json_object *b = tree_get(after, "info");

	if (!snapshot_same_load(before, after))
		fail(EXIT_RUNTIME, "the module was loaded anew in between: %s",
		     "the counters began again and cannot be compared");
	if (tree_u64_or_0(a, "now_ns") > tree_u64_or_0(b, "now_ns"))
		fail(EXIT_RUNTIME,
		     "the earlier snapshot must be given first");
}

static struct json_object *diff_section(struct json_object *schema,
					const char *name,
					struct json_object *before,
					struct json_object *after)
{
	if (!strcmp(name, "counters"))
		return diff_record(schema, before, after);
	if (!strcmp(name, "errors") || !strcmp(name, "hist"))
		return diff_all_counts(before, after);
	if (!strcmp(name, "domains") || !strcmp(name, "processes"))
		return diff_records(schema, before, after);
	return json_object_get(after);
}

struct json_object *snapshot_diff(struct json_object *before,
				  struct json_object *after)
{
	struct json_object *schema = tree_get(after, "schema");
	struct json_object *diff = tree_new();

	check_same_load(before, after);
	tree_foreach(after, name, section)
		if (section)
			tree_add(diff, name,
				 diff_section(schema, name,
					      tree_get(before, name), section));
	tree_add_u64(diff, "interval_ns",
		     grown("now_ns", tree_get(before, "info"),
			   tree_get(after, "info")));
	tree_add(diff, "gone", find_gone(before, after));
	return diff;
}

static struct json_object *records_of_pid(struct json_object *records,
					  uint64_t pid)
{
	struct json_object *own = tree_new();
	uint64_t owner;

	tree_foreach(records, id, record)
		if (tree_u64(record, "pid", &owner) && owner == pid)
			tree_share(own, records, id);
	return own;
}

/* Several records are processes that had this pid one after the other. */
static struct json_object *sum_key(const char *key, struct json_object *total,
				   struct json_object *schema,
				   struct json_object *processes)
{
	bool is_max = tree_is(tree_get(schema, key), "kind", "max");
	struct json_object *sum = tree_new();
	struct json_object *val;
	uint64_t part;

	tree_foreach(processes, id, process) {
		(void)id;
		if (!tree_u64(process, key, &part))
			continue;
		if (!is_max)
			tree_add_sum(sum, key, part);
		else if (part >= tree_u64_or_0(sum, key))
			tree_add_u64(sum, key, part);
	}
	/* What is not counted per process stays the global number. */
	val = json_object_get(tree_get(sum, key) ?: total);
	json_object_put(sum);
	return val;
}

static struct json_object *counters_of(struct json_object *counters,
				       struct json_object *schema,
				       struct json_object *processes)
{
	struct json_object *own = tree_new();

	tree_foreach(counters, key, total)
		tree_add(own, key, sum_key(key, total, schema, processes));
	return own;
}

/* The verdicts on the domains that are there. */
static struct json_object *check_of(struct json_object *check,
				    struct json_object *domains)
{
	struct json_object *own = tree_new();

	tree_foreach(check, id, record) {
		(void)record;
		if (tree_get(domains, id))
			tree_share(own, check, id);
	}
	return own;
}

struct sought {
	uint64_t pid;
	bool found;
};

static void process_look(const char *id, struct json_object *record, void *data)
{
	struct sought *sought = data;

	(void)id;
	sought->found |= tree_u64_or_0(record, "pid") == sought->pid;
}

bool snapshot_has_pid(struct json_object *snap, uint64_t pid)
{
	struct sought sought = { .pid = pid };

	tree_each(tree_get(snap, "processes"), process_look, &sought);
	return sought.found;
}

struct json_object *snapshot_of_pid(struct json_object *snap, uint64_t pid)
{
	static const char *const owned[] = {
		"domains", "processes", "inflight", "refusals"
	};
	struct json_object *own = tree_new();
	struct json_object *processes;

	tree_foreach(snap, name, section) {
		(void)section;
		tree_share(own, snap, name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		if (tree_get(own, owned[i]))
			tree_add(own, owned[i],
				 records_of_pid(tree_get(own, owned[i]), pid));
	if (tree_get(own, "check"))
		tree_add(own, "check", check_of(tree_get(own, "check"),
						tree_get(own, "domains")));
	processes = tree_get(own, "processes");
	if (!json_object_object_length(processes))
		fail(EXIT_RUNTIME, "process %ju: not seen by the module%s",
		     (uintmax_t)pid, " (`iovascope processes` lists them)");
	if (tree_get(own, "counters"))
		tree_add(own, "counters",
			 counters_of(tree_get(snap, "counters"),
				     tree_get(snap, "schema"), processes));
	return own;
}
