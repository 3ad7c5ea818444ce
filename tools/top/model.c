// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `top` shows, made of two readings of the module. Nothing here reads,
 * waits or prints.
 *
 * A VM's bytes and leaves are those of its domains; its rates are those of its
 * process, which also pins. A record that the earlier reading lacks began at
 * zero. A counter that fell is of a record that was made anew: its rate is not
 * known, which is no reason to end.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "model.h"
#include "read/diff.h"
#include "read/names.h"

static const char *const rate_keys[NR_RATES] = {
	[RATE_MAP] = "map_calls",
	[RATE_UNMAP] = "unmap_calls",
	[RATE_PIN] = "pin_calls",
	[RATE_MAP_BYTES] = "map_bytes",
	[RATE_UNMAP_BYTES] = "unmap_bytes",
};

static bool is_dma_api(struct json_object *domain)
{
	return tree_is(domain, "backend", "none") &&
	       !tree_is(domain, "type", "unmanaged");
}

static uint64_t owner_of(struct json_object *domain)
{
	if (is_dma_api(domain))
		return PID_HOST;
	return tree_u64_or_0(domain, "pid") ?: PID_UNKNOWN;
}

static double seconds_between(struct json_object *before,
			      struct json_object *after)
{
	uint64_t from = tree_u64_or_0(tree_get(before, "info"), "now_ns");
	uint64_t to = tree_u64_or_0(tree_get(after, "info"), "now_ns");

	return to > from ? (to - from) / 1e9 : 0;
}

static double rate_of(const char *key, struct json_object *before,
		      struct json_object *after, double seconds)
{
	uint64_t from = tree_u64_or_0(before, key), to;

	if (!seconds || !tree_u64(after, key, &to) || to < from)
		return NAN;
	return (to - from) / seconds;
}

/* What is not known of one is not known of the sum. */
static void rates_add(struct top_facts *facts, struct json_object *before,
		      struct json_object *after, double seconds)
{
	for (int i = 0; i < NR_RATES; i++)
		facts->rate[i] += rate_of(rate_keys[i], before, after, seconds);
}

static void bytes_add(uint64_t *sum, uint64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = UINT64_MAX;
}

static void live_add(struct top_facts *facts, struct json_object *domain)
{
	char key[32];

	bytes_add(&facts->bytes, tree_u64_or_0(domain, "live_bytes"));
	facts->inexact |= tree_is(domain, "exact", "0");
	facts->leaves_known &= !!tree_get(domain, "live_4k_bytes");
	for (int leaf = 0; leaf < NR_LEAVES; leaf++) {
		snprintf(key, sizeof(key), "live_%s_bytes", leaf_words[leaf]);
		bytes_add(&facts->leaf_bytes[leaf], tree_u64_or_0(domain, key));
	}
}

static char *name_of(struct json_object *record, uint64_t pid)
{
	if (pid == PID_HOST)
		return alloc_copy("the host's own");
	if (pid == PID_UNKNOWN)
		return alloc_copy("process not known");
	return alloc_copy(names_owner(record).s);
}

static int by_pid(const void *a, const void *b)
{
	const struct top_item *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Nothing, and of one reading no rates. */
static struct top_facts facts_none(const struct top *top)
{
	struct top_facts facts = { .leaves_known = true };

	for (int i = 0; i < NR_RATES; i++)
		facts.rate[i] = top->seconds ? 0 : NAN;
	return facts;
}

struct top_item *top_vm(const struct top *top, uint64_t pid)
{
	struct top_item wanted = { .pid = pid };

	return bsearch(&wanted, top->vms, top->nr_vms, sizeof(*top->vms),
		       by_pid);
}

static void vm_add(struct top *top, uint64_t pid)
{
	top->vms[top->nr_vms++] = (struct top_item){
		.pid = pid,
		.facts = facts_none(top),
	};
}

static void owner_add(const char *id, struct json_object *domain, void *top)
{
	(void)id;
	vm_add(top, owner_of(domain));
}

static void user_add(const char *id, struct json_object *record, void *top)
{
	(void)id;
	vm_add(top, tree_u64_or_0(record, "pid"));
}

/* One VM for each PID that is in any of the records. */
static void vms_collect(struct top *top)
{
	struct json_object *processes = tree_get(top->snap, "processes");
	struct json_object *inflight = tree_get(top->snap, "inflight");
	struct json_object *domains = tree_get(top->snap, "domains");
	size_t kept = 0;

	top->vms = alloc_zeroed(tree_count(processes) + tree_count(inflight) +
				tree_count(domains), sizeof(*top->vms));
	tree_each(domains, owner_add, top);
	tree_each(processes, user_add, top);
	tree_each(inflight, user_add, top);
	qsort(top->vms, top->nr_vms, sizeof(*top->vms), by_pid);
	for (size_t i = 0; i < top->nr_vms; i++)
		if (!i || top->vms[i].pid != top->vms[kept - 1].pid)
			top->vms[kept++] = top->vms[i];
	top->nr_vms = kept;
}

static void vm_call(struct top_item *vm, struct json_object *record)
{
	if (!vm->name)
		vm->name = name_of(record, vm->pid);
}

/* The records of the earlier reading. */
struct growth {
	struct top *top;
	struct json_object *before;
};

/* Its name is that of the process that is there, not of one before it. */
static void process_add(const char *id, struct json_object *process, void *data)
{
	struct growth *growth = data;
	struct json_object *old = tree_find(growth->before, id);
	struct top *top = growth->top;
	struct top_item *vm = top_vm(top, tree_u64_or_0(process, "pid"));

	if (!tree_is(process, "alive", "0"))
		vm_call(vm, process);
	rates_add(&vm->facts, old, process, top->seconds);
	json_object_put(old);
}

static void processes_add(struct top *top, struct json_object *before)
{
	struct growth growth = { top, tree_get(before, "processes") };

	tree_each(tree_get(top->snap, "processes"), process_add, &growth);
}

static void domain_add(const char *id, struct json_object *domain, void *data)
{
	struct growth *growth = data;
	struct json_object *old = tree_find(growth->before, id);
	struct top *top = growth->top;
	struct top_item *vm = top_vm(top, owner_of(domain));
	struct top_item *item = &top->domains[top->nr_domains++];

	*item = (struct top_item){
		.pid = vm->pid,
		.id = id,
		.name = name_of(domain, vm->pid),
		.facts = facts_none(top),
	};
	live_add(&item->facts, domain);
	rates_add(&item->facts, old, domain, top->seconds);
	/* Nobody pins for a domain alone. */
	item->facts.rate[RATE_PIN] = NAN;
	live_add(&vm->facts, domain);
	vm_call(vm, domain);
	if (vm->pid != PID_HOST)
		live_add(&top->all, domain);
	if (vm->pid >= PID_HOST)
		rates_add(&vm->facts, old, domain, top->seconds);
	json_object_put(old);
}

static void domains_add(struct top *top, struct json_object *before)
{
	struct json_object *domains = tree_get(top->snap, "domains");
	struct growth growth = { top, tree_get(before, "domains") };

	top->domains = alloc_zeroed(tree_count(domains), sizeof(*top->domains));
	tree_each(domains, domain_add, &growth);
}

static void call_add(struct top_facts *facts, uint64_t age)
{
	facts->inflight++;
	if (age > facts->oldest_ns)
		facts->oldest_ns = age;
}

static void calls_add(struct top *top)
{
	tree_foreach(tree_get(top->snap, "inflight"), id, call) {
		uint64_t age = tree_u64_or_0(call, "age_ns");
		struct top_item *vm = top_vm(top, tree_u64_or_0(call, "pid"));

		(void)id;
		vm_call(vm, call);
		call_add(&vm->facts, age);
		call_add(&top->all, age);
	}
}

/* Those that matter, however often; of a process that is gone in the sum. */
static void refusals_add(struct top *top)
{
	tree_foreach(tree_get(top->snap, "refusals"), id, refusal) {
		uint64_t nr = tree_u64_or_0(refusal, "repeats") ?: 1;
		struct top_item *vm;

		(void)id;
		if (!tree_u64_or_0(refusal, "matters"))
			continue;
		vm = top_vm(top, tree_u64_or_0(refusal, "pid"));
		if (vm)
			bytes_add(&vm->facts.refused, nr);
		bytes_add(&top->all.refused, nr);
	}
}

/* A process that is not there has no name but of what it left behind. */
static void vms_drop_gone(struct top *top)
{
	size_t kept = 0;

	for (size_t i = 0; i < top->nr_vms; i++) {
		if (top->vms[i].name)
			top->vms[kept++] = top->vms[i];
	}
	top->nr_vms = kept;
}

/* The rates of the host are those of its counters: no VM that ended is lost. */
static void all_add(struct top *top, struct json_object *before)
{
	rates_add(&top->all, tree_get(before, "counters"),
		  tree_get(top->snap, "counters"), top->seconds);
}

struct top *top_new(struct json_object *before, struct json_object *after)
{
	struct top *top = alloc_zeroed(1, sizeof(*top));

	if (before && !snapshot_same_load(before, after))
		before = NULL;
	top->snap = json_object_get(after);
	top->seconds = before ? seconds_between(before, after) : 0;
	top->all = facts_none(top);
	vms_collect(top);
	processes_add(top, before);
	domains_add(top, before);
	calls_add(top);
	refusals_add(top);
	vms_drop_gone(top);
	all_add(top, before);
	return top;
}

struct json_object *top_record(const struct top *top,
			       const struct top_item *domain)
{
	return tree_find(tree_get(top->snap, "domains"), domain->id);
}

static void items_free(struct top_item *items, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(items[i].name);
	free(items);
}

void top_free(struct top *top)
{
	if (!top)
		return;
	items_free(top->vms, top->nr_vms);
	items_free(top->domains, top->nr_domains);
	json_object_put(top->snap);
	free(top);
}
