// SPDX-License-Identifier: GPL-2.0-only
/*
 * `p2p`: can the devices of a VM reach each other? One device reaches another
 * one's BAR when that is mapped in the domain that it is attached to. Tables
 * tell which are (runs that are MMIO, and whose BAR has that physical address);
 * /sys tells which could be; and the module remembers which were refused. What
 * is neither is absent: iommufd does not map BARs by address, and a VMM may go
 * on without a word.
 *
 * A BAR in the domain of its own device alone is told, and is no peer-to-peer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/request.h"
#include "base/system.h"
#include "base/tree.h"
#include "p2p.h"
#include "read/runs.h"
#include "read/snapshot.h"
#include "why/answer.h"
#include "why/bar.h"
#include "why/cause.h"
#include "why/finding.h"
#include "why/refusals.h"

#define NR_BARS		6
#define RESOURCE_MEM	0x200
#define LEAST_BAR	4096

/* What is asked about, where what is found goes, and how much there is. */
struct p2p {
	struct json_object *snap;
	struct json_object *view;
	struct findings findings;
	const char *debugfs;
	uint64_t pid;
	uint64_t mapped;
	uint64_t refused;
	uint64_t absent;
};

/* ---- the devices of a process ---- */

static bool is_asked(const struct p2p *p2p, struct json_object *domain)
{
	uint64_t pid = tree_u64_or_0(domain, "pid");

	return pid && (!p2p->pid || pid == p2p->pid) &&
	       !tree_is(domain, "backend", "none") &&
	       tree_length(tree_get(domain, "devices"));
}

/* Of all domains of a process: to be freed. */
static struct json_object *devices_of(const struct p2p *p2p, uint64_t pid)
{
	struct json_object *all = tree_new_list();

	tree_foreach(tree_get(p2p->snap, "domains"), id, domain) {
		struct json_object *devices = tree_get(domain, "devices");

		(void)id;
		if (!is_asked(p2p, domain) ||
		    tree_u64_or_0(domain, "pid") != pid)
			continue;
		for (size_t i = 0; i < tree_length(devices); i++)
			tree_append(all, json_object_get(tree_at(devices, i)));
	}
	return all;
}

/* ---- BARs, in one domain ---- */

static struct json_object *bar_in(struct json_object *bars, const char *device,
				  unsigned int nr)
{
	for (size_t i = 0; i < tree_length(bars); i++) {
		struct json_object *bar = tree_at(bars, i);

		if (tree_is(bar, "device", device) &&
		    tree_u64_or_0(bar, "bar") == nr)
			return bar;
	}
	return NULL;
}

/* @peers: how many others are in the domain, to which it matters. */
static struct json_object *bar_add(struct json_object *bars,
				   struct json_object *domain,
				   const struct bar *bar)
{
	struct json_object *told = tree_new();
	uint64_t peers = tree_length(tree_get(domain, "devices"));

	if (tree_lists(domain, "devices", bar->device))
		peers--;
	tree_add_word(told, "device", bar->device);
	tree_add_u64(told, "bar", bar->nr);
	tree_add_u64(told, "bar_bytes", bar->bytes);
	tree_add_u64(told, "mapped_bytes", 0);
	tree_add_u64(told, "peers", peers);
	tree_add_word(told, "state", "absent");
	tree_append(bars, told);
	return told;
}

/* Those of memory: no device reaches an IO port. */
static void bars_add_device(struct json_object *bars,
			    struct json_object *domain, const char *device)
{
	FILE *file = system_open("/sys/bus/pci/devices/%s/resource", device);
	uintmax_t start, last, flags;
	struct bar bar = { 0 };

	snprintf(bar.device, sizeof(bar.device), "%s", device);
	for (bar.nr = 0; file && bar.nr < NR_BARS; bar.nr++) {
		if (fscanf(file, "%jx %jx %jx", &start, &last, &flags) != 3)
			break;
		bar.bytes = last - start + 1;
		if (flags & RESOURCE_MEM && last > start &&
		    bar.bytes >= LEAST_BAR)
			bar_add(bars, domain, &bar);
	}
	if (file)
		fclose(file);
}

static void bar_take_run(struct p2p *p2p, struct json_object *bars,
			 struct json_object *domain, const struct run *run)
{
	struct json_object *told;
	struct bar bar;

	if (!bar_find(run->phys, &bar)) {
		findings_miss(&p2p->findings, "what %s at IOVA 0x%jx of domain %s are: MMIO, and no BAR of /sys/bus/pci/devices",
			      human_bytes(run_bytes(run)).s,
			      (uintmax_t)run->iova,
			      tree_word(domain, "domain"));
		return;
	}
	told = bar_in(bars, bar.device, bar.nr);
	if (!told) {
		told = bar_add(bars, domain, &bar);
		tree_add_word(told, "state", "foreign");
	}
	if (!tree_get(told, "iova"))
		tree_add_u64(told, "iova", run->iova);
	tree_add_sum(told, "mapped_bytes", run_bytes(run));
	if (tree_is(told, "state", "absent"))
		tree_add_word(told, "state", "mapped");
}

/* What an MSI-X table takes of a BAR is left out by every VMM. */
static void bars_finish(struct json_object *bars)
{
	for (size_t i = 0; i < tree_length(bars); i++) {
		struct json_object *bar = tree_at(bars, i);

		if (tree_is(bar, "state", "mapped") &&
		    tree_u64_or_0(bar, "mapped_bytes") <
		    tree_u64_or_0(bar, "bar_bytes"))
			tree_add_word(bar, "state", "partly");
	}
}

static void bars_find(struct p2p *p2p, struct json_object *bars,
		      struct json_object *domain, struct runs *runs)
{
	for (size_t i = 0; i < runs->nr; i++) {
		struct run run = run_at(runs, i);

		if (run.mmio)
			bar_take_run(p2p, bars, domain, &run);
	}
	bars_finish(bars);
}

/* ---- what was refused ---- */

/* A BAR's size is a power of two; a VMM maps it whole, or most of it. */
static bool is_size_of(uint64_t bytes, uint64_t bar_bytes)
{
	return bytes <= bar_bytes && bytes > bar_bytes / 2;
}

static bool is_refusal_of(struct json_object *refusal, const char *domain,
			  uint64_t bar_bytes)
{
	uint64_t of = tree_u64_or_0(refusal, "domain");

	return tree_is(refusal, "memory", "pfnmap") &&
	       !tree_u64_or_0(refusal, "overcome_ns") &&
	       (!of || of == strtoull(domain, NULL, 10)) &&
	       is_size_of(tree_u64_or_0(refusal, "bytes"), bar_bytes);
}

static bool has_cause(const struct p2p *p2p, const char *refusal)
{
	for (size_t i = 0; i < tree_length(p2p->findings.causes); i++)
		if (tree_is(tree_at(p2p->findings.causes, i), "refusal",
			    refusal))
			return true;
	return false;
}

/* The cause that the refusal has, once, however many BARs are of its size. */
static void bar_judge_refusal(struct p2p *p2p, struct json_object *bar,
			      struct json_object *domain,
			      struct json_object *causes)
{
	struct json_object *refusals = tree_get(p2p->snap, "refusals");

	for (size_t i = 0; i < tree_length(causes); i++) {
		struct json_object *cause = tree_at(causes, i);
		const char *id = tree_word(cause, "refusal");

		if (!tree_u64_or_0(cause, "matters") ||
		    !is_refusal_of(tree_get(refusals, id),
				   tree_word(domain, "domain"),
				   tree_u64_or_0(bar, "bar_bytes")))
			continue;
		tree_add_word(bar, "state", "refused");
		tree_add_word(bar, "refusal", id);
		if (!has_cause(p2p, id))
			findings_add(&p2p->findings, json_object_get(cause));
		return;
	}
}

static void judge_refusals(struct p2p *p2p, struct json_object *bars,
			   struct json_object *domain)
{
	struct json_object *causes;

	causes = refusals_of(p2p->snap, tree_u64_or_0(domain, "pid"));
	for (size_t i = 0; i < tree_length(bars); i++) {
		struct json_object *bar = tree_at(bars, i);

		if (tree_is(bar, "state", "absent") &&
		    tree_u64_or_0(bar, "peers"))
			bar_judge_refusal(p2p, bar, domain, causes);
	}
	json_object_put(causes);
}

static void judge_absent(struct p2p *p2p, struct json_object *bars,
			 struct json_object *domain)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < tree_length(bars); i++) {
		struct json_object *bar = tree_at(bars, i);

		if (!tree_is(bar, "state", "absent") ||
		    !tree_u64_or_0(bar, "peers"))
			continue;
		found = found ?: cause_new(CAUSE_BAR_ABSENT);
		cause_evidence(found, "BAR %s of %s (%s) is not in domain %s",
			       tree_word(bar, "bar"), tree_word(bar, "device"),
			       human_key(bar, "bar_bytes", "bytes").s,
			       tree_word(domain, "domain"));
	}
	findings_add(&p2p->findings, found);
}

static void count_bars(struct p2p *p2p, struct json_object *bars)
{
	for (size_t i = 0; i < tree_length(bars); i++) {
		struct json_object *bar = tree_at(bars, i);

		if (!tree_u64_or_0(bar, "peers"))
			continue;
		p2p->refused += tree_is(bar, "state", "refused");
		p2p->absent += tree_is(bar, "state", "absent");
		p2p->mapped += tree_is(bar, "state", "mapped") ||
			       tree_is(bar, "state", "partly");
	}
}

/* ---- domains ---- */

/* A device of the domain whose table can be read, or NULL. */
static const char *table_of(const struct p2p *p2p, struct json_object *domain)
{
	struct json_object *devices = tree_get(domain, "devices");
	struct json_object *census = tree_get(p2p->snap, "census");

	for (size_t i = 0; i < tree_length(devices); i++) {
		const char *device = json_object_get_string(tree_at(devices, i));
		struct json_object *record = tree_get(census, device);

		if (tree_get(record, "table") &&
		    !tree_is(record, "readable", "0"))
			return device;
	}
	return NULL;
}

static void judge_domain(struct p2p *p2p, const char *id,
			 struct json_object *domain)
{
	static const char *const keys[] = { "pid", "comm", "backend", "devices" };
	const char *table = table_of(p2p, domain);
	struct json_object *told = tree_new(), *bars = tree_new_list();
	struct json_object *devices;
	struct runs *runs;

	tree_add_word(told, "domain", id);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		tree_share(told, domain, keys[i]);
	tree_add(told, "bars", bars);
	tree_append(tree_get(p2p->view, "domains"), told);
	if (!table) {
		findings_miss(&p2p->findings, "which BARs are in domain %s: its table cannot be read",
			      id);
		return;
	}
	runs = runs_try(p2p->debugfs, table);
	if (!runs) {
		findings_miss(&p2p->findings, "which BARs are in domain %s: %s, whose table it is, is gone",
			      id, table);
		return;
	}
	devices = devices_of(p2p, tree_u64_or_0(domain, "pid"));
	for (size_t i = 0; i < tree_length(devices); i++)
		bars_add_device(bars, told,
				json_object_get_string(tree_at(devices, i)));
	json_object_put(devices);
	bars_find(p2p, bars, told, runs);
	runs_free(runs);
	judge_refusals(p2p, bars, told);
	judge_absent(p2p, bars, told);
	count_bars(p2p, bars);
}

static void p2p_answer(struct p2p *p2p)
{
	uint64_t all = p2p->mapped + p2p->refused + p2p->absent;
	struct json_object *causes = tree_get(p2p->view, "causes");
	struct json_object *top;

	tree_sort(causes, "fixable", NULL);
	top = tree_at(causes, 0);
	if (p2p->refused)
		answer_give(p2p->view, true, "Peer-to-peer is lost: of %ju BARs that peers could reach %ju were refused (%s): %s.",
			    (uintmax_t)all, (uintmax_t)p2p->refused,
			    tree_word(top, "cause"), tree_word(top, "says"));
	else if (p2p->absent)
		answer_give(p2p->view, false, "Of %ju BARs that peers could reach %ju are not mapped, and nobody asked for it (bar-absent).",
			    (uintmax_t)all, (uintmax_t)p2p->absent);
	else if (all)
		answer_give(p2p->view, false, "Peer-to-peer: all %ju BARs that peers could reach are mapped for them.",
			    (uintmax_t)all);
	else
		answer_give(p2p->view, false, "No peers: no domain is one that another device's BAR could be mapped in.");
}

struct json_object *read_p2p(const struct request *request)
{
	struct p2p p2p = {
		.pid = request_pid(request, "p2p"), .debugfs = request->debugfs,
		.view = answer_new("p2p"),
	};

	p2p.findings = findings_of(p2p.view);
	p2p.snap = snapshot_read(request->debugfs, SECTION_DOMAINS |
				 SECTION_CENSUS | SECTION_PROCESSES |
				 SECTION_PROBES);
	snapshot_add(p2p.snap, request->debugfs, 0, SECTION_REFUSALS);
	tree_add(p2p.view, "domains", tree_new_list());
	tree_foreach(tree_get(p2p.snap, "domains"), id, domain)
		if (is_asked(&p2p, domain))
			judge_domain(&p2p, id, domain);
	if (p2p.pid && !tree_length(tree_get(p2p.view, "domains")))
		fail(EXIT_USAGE, "%ju: it has no domain with devices (`iovascope domains` lists them)",
		     (uintmax_t)p2p.pid);
	answer_blind(p2p.view, p2p.snap, "devices");
	answer_blind(p2p.view, p2p.snap, "refusals");
	p2p_answer(&p2p);
	json_object_put(p2p.snap);
	return p2p.view;
}
