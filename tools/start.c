// SPDX-License-Identifier: GPL-2.0-only
/*
 * `why --start`: where the seconds went that a process spent in VFIO. The
 * module's sums of the process are taken apart: a region is mapped by pins and
 * maps, and torn down by a walk, unmaps and unpins; what is left of each is
 * the rest (accounting, the ioctl itself).
 *
 * Each nanosecond has one cause. The first touch of memory is known apart from
 * its lookup; where several backings were touched first, nobody knows which
 * took how long of it, and that is said. A lookup of BARs is judged by what a
 * 4 KiB page of it cost: who steps by large pages is far below who does not.
 * Whether they were large enough, the addresses tell: see barmap.c.
 *
 * Where a probe is blind, its calls are in the rest of the phase around them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barmap.h"
#include "blind.h"
#include "cause.h"
#include "command.h"
#include "fail.h"
#include "human.h"
#include "leaf.h"
#include "snapshot.h"
#include "system.h"
#include "target.h"
#include "tree.h"
#include "why.h"

#define NEGLIGIBLE_NS	100000000ull
#define STUCK_NS	10000000000ull
/*
 * 4 KiB at a time, each costs 90 ns and more; 2 MiB at a time, with the page
 * fault that comes with them, 10 to 20.
 */
#define STEP_NS		40

struct start {
	struct json_object *view;
	struct json_object *snap;
	struct json_object *record;
	/* Only the sums are there: no process to look at. */
	bool recorded;
	uint64_t total;
	uint64_t touch;
	uint64_t base_lookup;
	uint64_t huge_lookup;
	uint64_t ram_bytes;
};

static uint64_t value(const struct start *start, const char *key)
{
	return tree_u64_or_0(start->record, key);
}

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

static uint64_t per_page(uint64_t ns, uint64_t bytes)
{
	return bytes >> 12 ? ns / (bytes >> 12) : 0;
}

/*
 * Who is in its first call has no sums yet: none of its calls has returned. The
 * record that is made of the call belongs to the snapshot.
 */
static struct json_object *find_beginner(struct json_object *snap, uint64_t pid)
{
	json_object_object_foreach(tree_get(snap, "inflight"), call, record) {
		struct json_object *made;

		if (tree_u64_or_0(record, "pid") != pid)
			continue;
		made = tree_new();
		tree_share(made, record, "pid");
		tree_share(made, record, "comm");
		tree_add_u64(made, "alive", 1);
		tree_add_u64(made, "pin_faulting_ns", 0);
		tree_add(tree_get(snap, "processes"), call, made);
		return made;
	}
	return NULL;
}

/* A PID may have been used again: the process that came last is meant. */
static struct json_object *find_process(struct json_object *snap, uint64_t pid)
{
	struct json_object *found = NULL;

	json_object_object_foreach(tree_get(snap, "processes"), id, record) {
		(void)id;
		if (tree_u64_or_0(record, "pid") == pid &&
		    (!found || tree_u64_or_0(record, "first_ns") >=
			       tree_u64_or_0(found, "first_ns")))
			found = record;
	}
	if (!found)
		found = find_beginner(snap, pid);
	if (!found)
		fail(EXIT_USAGE, "%ju: no such process (`iovascope processes` lists them)",
		     (uintmax_t)pid);
	return found;
}

static void tell_phases(struct start *start)
{
	uint64_t teardown = value(start, "teardown_ns");
	uint64_t unmap = value(start, "region_unmap_ns");
	uint64_t pin = value(start, "pin_ns"), map = value(start, "map_ns");
	uint64_t parts = value(start, "unmap_ns") + value(start, "unpin_ns");
	struct json_object *phases = tree_new();

	start->touch = value(start, "pin_faulting_ns");
	start->total = value(start, "region_map_ns") +
		       (unmap > teardown ? unmap : teardown);
	tree_add_u64(phases, "first_touch_ns", start->touch);
	tree_add_u64(phases, "pin_lookup_ns", less(pin, start->touch));
	tree_add_u64(phases, "map_ns", map);
	tree_add_u64(phases, "map_rest_ns",
		     less(value(start, "region_map_ns"), pin + map));
	tree_add_u64(phases, "walk_ns", less(teardown, parts));
	tree_add_u64(phases, "unmap_ns", value(start, "unmap_ns"));
	tree_add_u64(phases, "unpin_ns", value(start, "unpin_ns"));
	tree_add_u64(phases, "unmap_rest_ns", less(unmap, teardown));
	tree_add(start->view, "phases", phases);
	tree_add_u64(start->view, "total_ns", start->total);
}

static uint64_t tell_backing(struct start *start, const char *backing,
			     uint64_t *bytes)
{
	struct json_object *told;
	char key[64];
	uint64_t ns;

	snprintf(key, sizeof(key), "pin_%s_bytes", backing);
	*bytes = value(start, key);
	snprintf(key, sizeof(key), "pin_%s_ns", backing);
	ns = value(start, key);
	if (!*bytes)
		return 0;
	told = tree_new();
	tree_add_u64(told, "bytes", *bytes);
	tree_add_u64(told, "ns", ns);
	tree_add_u64(told, "ns_per_page", per_page(ns, *bytes));
	tree_add(tree_get(start->view, "backings"), backing, told);
	return ns;
}

static void tell_backings(struct start *start)
{
	static const char *const huge[] = {
		"thp", "hugetlb_2m", "hugetlb_1g", "mixed"
	};
	uint64_t bytes, huge_bytes = 0, huge_ns = 0, base_ns, base_bytes;

	tree_add(start->view, "backings", tree_new());
	base_ns = tell_backing(start, "base", &base_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		huge_ns += tell_backing(start, huge[i], &bytes);
		huge_bytes += bytes;
	}
	tell_backing(start, "mmio", &bytes);
	start->ram_bytes = base_bytes + huge_bytes;
	/* With two kinds of memory, take from base what first touch may be. */
	if (start->touch && base_bytes && huge_bytes)
		missing_add(start->view, "which backing was touched first: %s and its lookup cannot be told apart",
			    "base memory's first touch");
	start->base_lookup = less(base_ns, start->touch);
	start->huge_lookup = less(huge_ns, less(start->touch, base_ns));
	if (!tree_get(start->record, "pin_faulting_ns"))
		missing_add(start->view, "first touch: this module does not count it (pin_faulting_ns), so lookups include it");
}

static struct json_object *add(struct start *start, enum cause cause,
			       uint64_t ns)
{
	uint64_t percent = start->total ? ns / (start->total / 100 + 1) : 0;
	struct json_object *found;

	/* What is no hundredth of the whole explains nothing. */
	if (!ns || ns < start->total / 100)
		return NULL;
	found = cause_new(cause);
	tree_add_u64(found, "ns", ns);
	tree_add_u64(found, "percent", percent > 100 ? 100 : percent);
	json_object_array_add(tree_get(start->view, "causes"), found);
	return found;
}

static void judge_touch(struct start *start)
{
	struct json_object *found = add(start, CAUSE_FIRST_TOUCH, start->touch);

	if (found)
		cause_evidence(found, "pins that took %ju page faults pinned %s in %s: %ju ns for each 4 KiB",
			       (uintmax_t)value(start, "pin_faults"),
			       human_bytes(value(start, "pin_faulting_bytes")).s,
			       human_ns(start->touch).s,
			       (uintmax_t)per_page(start->touch,
				value(start, "pin_faulting_bytes")));
}

static void tell_lookup(struct start *start, struct json_object *found,
			uint64_t ns, uint64_t bytes)
{
	tree_add_u64(found, "bytes_resolved", bytes);
	tree_add_u64(found, "ns_per_page", per_page(ns, bytes));
	cause_evidence(found, "%ju calls resolved %s in %s: %ju ns for each 4 KiB; by 4 KiB steps it is 90 and more, by 2 MiB steps at most 20, by 1 GiB steps less than 1",
		       (uintmax_t)value(start, "pin_mmio_calls"),
		       human_bytes(bytes).s, human_ns(ns).s,
		       (uintmax_t)per_page(ns, bytes));
}

static void tell_askew(struct json_object *found, const struct askew *askew)
{
	tree_add_u64(found, "va", askew->start);
	tree_add_u64(found, "shift_bytes", askew->shift);
	tree_add_u64(found, "askew_bytes", askew->bytes);
	cause_evidence(found, "the process has %s of BARs at virtual addresses that allow steps of %s at most: the one at 0x%jx had to be 0x%jx further on, for 1 GiB",
		       human_bytes(askew->bytes).s, leaf_names[askew->step],
		       (uintmax_t)askew->start, (uintmax_t)askew->shift);
}

static void judge_bars(struct start *start)
{
	uint64_t bytes = value(start, "pin_mmio_bytes");
	uint64_t ns = value(start, "pin_mmio_ns"), page = per_page(ns, bytes);
	bool lives = !start->recorded && value(start, "alive");
	struct askew askew = { 0 };
	struct json_object *found;

	if (!page)
		return;
	if (!lives || !barmap_askew(value(start, "pid"), &askew))
		missing_add(start->view, "whether the virtual addresses of BARs were aligned to 1 GiB: the process' mappings are not there to read");
	if (page < STEP_NS && !askew.bytes)
		return;
	found = add(start, page < STEP_NS ? CAUSE_BAR_ADDRESS :
		    CAUSE_BAR_LOOKUP, ns);
	if (!found)
		return;
	tell_lookup(start, found, ns, bytes);
	if (askew.bytes)
		tell_askew(found, &askew);
	if (page < STEP_NS)
		cause_says(found, "BARs of %s were resolved by small steps: the virtual address 0x%jx is not aligned as its BAR is",
			   human_bytes(bytes).s, (uintmax_t)askew.start);
	else
		cause_says(found, "BARs of %s were resolved one 4 KiB page at a time",
			   human_bytes(bytes).s);
}

/* Distinct bytes of memory in the process' tables. */
static int by_phys(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return (x->phys > y->phys) - (x->phys < y->phys);
}

struct pile {
	struct run *run;
	size_t nr;
};

static void add_table(const struct request *request, struct pile *pile,
		      const char *device)
{
	struct json_object *section = snapshot_runs(request->debugfs, device, 0,
						    SIZE_MAX);
	struct runs *runs = runs_of(tree_get(section, "runs"));

	pile->run = realloc(pile->run, (pile->nr + runs->nr + 1) *
			    sizeof(*pile->run));
	if (!pile->run)
		fail(EXIT_RUNTIME, "out of memory");
	for (size_t i = 0; i < runs->nr; i++)
		if (!runs->run[i].mmio && !runs->run[i].torn)
			pile->run[pile->nr++] = runs->run[i];
	runs_free(runs);
	json_object_put(section);
}

static uint64_t distinct(struct pile *pile)
{
	uint64_t bytes = 0, end = 0;

	qsort(pile->run, pile->nr, sizeof(*pile->run), by_phys);
	for (size_t i = 0; i < pile->nr; i++) {
		uint64_t from = pile->run[i].phys;
		uint64_t to = from + run_bytes(&pile->run[i]);

		from = from > end ? from : end;
		bytes += to > from ? to - from : 0;
		end = to > end ? to : end;
	}
	return bytes;
}

static uint64_t pinned_now(const struct start *start)
{
	uint64_t pinned = less(value(start, "pin_bytes"),
			       value(start, "pin_mmio_bytes"));

	return less(pinned, less(value(start, "unpin_bytes"),
				 value(start, "unpin_mmio_bytes")));
}

static uint64_t distinct_now(const struct request *request,
			     struct json_object *snap,
			     struct json_object *target)
{
	struct json_object *tables = target_tables(snap, target);
	struct pile pile = { 0 };
	uint64_t bytes;

	json_object_object_foreach(tables, table, device) {
		const char *name = json_object_get_string(device);

		(void)table;
		if (tree_get(tree_get(tree_get(snap, "census"), name), "table"))
			add_table(request, &pile, name);
	}
	bytes = distinct(&pile);
	free(pile.run);
	json_object_put(tables);
	return bytes;
}

/* The later pins of the same memory find it touched: their share of lookups. */
static void take_duplicates(struct start *start, uint64_t pinned,
			    uint64_t bytes)
{
	uint64_t lookup = start->base_lookup + start->huge_lookup;
	uint64_t percent = pinned * 100 / bytes;
	struct json_object *found;

	found = add(start, CAUSE_DUPLICATE_PINS,
		    lookup - lookup * 100 / percent);
	start->base_lookup = start->base_lookup * 100 / percent;
	start->huge_lookup = start->huge_lookup * 100 / percent;
	if (!found)
		return;
	tree_add_u64(found, "factor_percent", percent);
	tree_add_u64(found, "pinned_bytes", pinned);
	tree_add_u64(found, "distinct_bytes", bytes);
	cause_says(found, "the same memory was pinned %s times",
		   human_ratio(pinned, bytes, "").s);
	cause_evidence(found, "%s are pinned, but the tables hold %s of distinct memory",
		       human_bytes(pinned).s, human_bytes(bytes).s);
}

static void judge_duplicates(struct start *start, const struct request *request,
			     struct json_object *snap)
{
	uint64_t pinned = pinned_now(start), bytes;
	struct json_object *target = tree_get(start->view, "target");

	if (!pinned || pinned > UINT64_MAX / 100)
		return;
	if (request->from_file) {
		missing_add(start->view, "whether memory was pinned twice: a recording has no runs");
		return;
	}
	if (!tree_get(snap, "census")) {
		missing_add(start->view, "whether memory was pinned twice: this module has no census");
		return;
	}
	bytes = distinct_now(request, snap, target);
	if (bytes && pinned / 3 * 2 >= bytes)
		take_duplicates(start, pinned, bytes);
}

static void judge_memory(struct start *start)
{
	uint64_t base = value(start, "pin_base_bytes");
	struct json_object *found;

	found = add(start, CAUSE_BASE_PAGES, start->base_lookup);
	if (found) {
		cause_evidence(found, "%ju pins took %s of 4 KiB pages: %ju ns for each",
			       (uintmax_t)value(start, "pin_base_calls"),
			       human_bytes(base).s,
			       (uintmax_t)per_page(start->base_lookup, base));
		cause_evidence(found, "%ju 4K leaves were written",
			       (uintmax_t)value(start, "added_4k_leaves"));
	}
	found = add(start, CAUSE_PIN_LOOKUP, start->huge_lookup);
	if (found)
		cause_evidence(found, "huge pages of %s took %ju ns for each 4 KiB",
			       human_bytes(start->ram_bytes - base).s,
			       (uintmax_t)per_page(start->huge_lookup,
						   start->ram_bytes - base));
}

static void judge_rest(struct start *start)
{
	uint64_t bytes = value(start, "teardown_bytes");
	struct json_object *phases = tree_get(start->view, "phases"), *found;

	found = blind_probe(start->snap, "unpin") ? NULL :
		add(start, CAUSE_TEARDOWN_WALK,
		    tree_u64_or_0(phases, "walk_ns"));
	if (found)
		cause_evidence(found, "%s of %s in teardown went neither into unmapping nor unpinning; %s were torn down",
			       human_key(phases, "walk_ns", "ns").s,
			       human_ns(value(start, "teardown_ns")).s,
			       human_bytes(bytes).s);
	found = add(start, CAUSE_MAP_ENTRIES, value(start, "map_ns"));
	if (found)
		cause_evidence(found, "%ju calls mapped %s by %ju 4K, %ju 2M and %ju 1G leaves",
			       (uintmax_t)value(start, "map_calls"),
			       human_bytes(value(start, "map_bytes")).s,
			       (uintmax_t)value(start, "added_4k_leaves"),
			       (uintmax_t)value(start, "added_2m_leaves"),
			       (uintmax_t)value(start, "added_1g_leaves"));
}

/* What a blind probe would have counted is in the rest of a phase. */
static void judge_blind(struct start *start)
{
	static const struct {
		const char *feed;
		const char *phase;
	} rests[] = {
		{ "pin", "map_rest_ns" },
		{ "unpin", "walk_ns" },
		{ "teardown", "unmap_rest_ns" },
	};
	struct json_object *phases = tree_get(start->view, "phases"), *found;

	for (size_t i = 0; i < ARRAY_SIZE(rests); i++) {
		const char *feed = rests[i].feed;
		const char *row = blind_probe(start->snap, feed);

		blind_tell(start->view, start->snap, feed);
		if (!row)
			continue;
		found = add(start, CAUSE_BLIND_PROBE,
			    tree_u64_or_0(phases, rests[i].phase));
		if (!found)
			continue;
		tree_add(found, "probe", json_object_new_string(row));
		cause_says(found, "what it is, the module cannot see: its probe %s is not attached",
			   row);
		cause_evidence(found, "%s is not counted: its time is in %s",
			       feed, rests[i].phase);
	}
}

/* The letter in /proc/TID/stat behind the name, which may hold anything. */
static char state_of(uint64_t tid)
{
	char *line = system_line("/proc/%ju/stat", (uintmax_t)tid);
	char *end = line ? strrchr(line, ')') : NULL;
	char state = end && end[1] == ' ' ? end[2] : '\0';

	free(line);
	return state;
}

static struct json_object *stuck(struct start *start, const char *call,
				 struct json_object *record, bool recorded)
{
	uint64_t tid = strtoull(call, NULL, 10);
	uint64_t age = tree_u64_or_0(record, "age_ns");
	char state = recorded ? '\0' : state_of(tid);
	struct json_object *found;

	if (state == 'R') {
		missing_add(start->view, "a pin that is still running, for %s: its time is not counted yet",
			    human_ns(age).s);
		return NULL;
	}
	if (!state)
		missing_add(start->view, "whether task %ju waits or runs: /proc/%ju/stat tells nothing",
			    (uintmax_t)tid, (uintmax_t)tid);
	found = cause_new(CAUSE_STUCK_PIN);
	tree_add_u64(found, "ns", age);
	tree_add_u64(found, "percent", 100);
	tree_add_u64(found, "tid", tid);
	cause_says(found, "a pin has not returned for %s", human_ns(age).s);
	cause_evidence(found, "call %s, IOVA 0x%jx, began %s ago", call,
		       (uintmax_t)tree_u64_or_0(record, "iova"),
		       human_ns(age).s);
	if (state)
		cause_evidence(found, "its task %ju does not run: state %c",
			       (uintmax_t)tid, state);
	cause_fix(found, "look at what it waits for: cat /proc/%ju/stack (a page that a filesystem, swap or userfaultfd does not deliver)",
		  (uintmax_t)tid);
	return found;
}

static struct json_object *find_stuck(struct start *start,
				      struct json_object *snap, uint64_t pid,
				      bool recorded)
{
	struct json_object *list = json_object_new_array(), *found;

	json_object_object_foreach(tree_get(snap, "inflight"), call, record) {
		if (!tree_is(record, "op", "pin") ||
		    tree_u64_or_0(record, "pid") != pid ||
		    tree_u64_or_0(record, "age_ns") < STUCK_NS)
			continue;
		found = stuck(start, call, record, recorded);
		if (found)
			json_object_array_add(list, found);
	}
	return list;
}

static void add_all(struct json_object *to, struct json_object *from)
{
	for (size_t i = 0; from && i < json_object_array_length(from); i++) {
		struct json_object *item = json_object_array_get_idx(from, i);

		json_object_array_add(to, json_object_get(item));
	}
}

static struct json_object *target_of(struct json_object *snap,
				     struct json_object *record, uint64_t pid)
{
	struct json_object *target = tree_new();

	tree_add(target, "kind", json_object_new_string("pid"));
	tree_share(target, record, "pid");
	tree_share(target, record, "comm");
	tree_add(target, "domains", json_object_new_array());
	tree_add(target, "devices", json_object_new_array());
	json_object_object_foreach(tree_get(snap, "domains"), id, domain) {
		struct json_object *devices = tree_get(domain, "devices");

		if (tree_u64_or_0(domain, "pid") != pid ||
		    tree_is(domain, "backend", "none"))
			continue;
		json_object_array_add(tree_get(target, "domains"),
				      json_object_new_string(id));
		add_all(tree_get(target, "devices"), devices);
	}
	return target;
}

static int by_ns(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a;
	struct json_object *y = *(struct json_object *const *)b;
	uint64_t u = tree_u64_or_0(x, "ns"), v = tree_u64_or_0(y, "ns");

	if (u == v) {
		u = tree_u64_or_0(x, "fixable");
		v = tree_u64_or_0(y, "fixable");
	}
	return (u < v) - (u > v);
}

/* What is stuck first, then by time. */
static void order(struct start *start, struct json_object *first)
{
	struct json_object *causes = tree_get(start->view, "causes");

	json_object_array_sort(causes, by_ns);
	add_all(first, causes);
	tree_add(start->view, "causes", first);
}

static void answer(struct start *start)
{
	struct json_object *causes = tree_get(start->view, "causes");
	struct json_object *top = json_object_array_get_idx(causes, 0);
	bool is_stuck = tree_is(top, "cause", "stuck-pin");
	bool small = start->total < NEGLIGIBLE_NS && !is_stuck;
	struct human total = human_ns(start->total);
	bool fix = top && tree_u64_or_0(top, "fixable") && !small;
	char *line;
	int len;

	if (is_stuck)
		len = asprintf(&line, "The start does not go on (stuck-pin): %s.",
			       tree_word(top, "says"));
	else if (!top || small)
		len = asprintf(&line, "Nothing to fix: its VFIO calls took %s in all.",
			       total.s);
	else
		len = asprintf(&line, "%s%s of %s in VFIO calls (%s): %s.",
			       fix ? "" : "Nothing to fix: ",
			       human_key(top, "ns", "ns").s, total.s,
			       tree_word(top, "cause"),
			       tree_word(top, "says"));
	if (len < 0)
		fail(EXIT_RUNTIME, "out of memory");
	tree_add_u64(start->view, "fix_needed", fix);
	answer_says(start->view, json_object_new_string(line));
	free(line);
}

static struct json_object *read_snapshot(const struct request *request)
{
	struct json_object *snap;

	if (request->from_file)
		return snapshot_load(request->from_file);
	snap = snapshot_read(request->debugfs, SECTION_PROCESSES |
			     SECTION_DOMAINS | SECTION_INFLIGHT |
			     SECTION_PROBES);
	snapshot_add(snap, request->debugfs, 0, SECTION_CENSUS);
	return snap;
}

struct json_object *read_start(const struct request *request)
{
	struct start start = { .view = answer_new("start"),
			       .recorded = request->from_file };
	struct json_object *snap, *first;

	if (*request->args)
		fail(EXIT_USAGE, "why --start takes no other argument: '%s'",
		     *request->args);
	if (request->want)
		fail(EXIT_USAGE, "why --start does not take --want: it is about time");
	snap = read_snapshot(request);
	start.snap = snap;
	start.record = find_process(snap, request->start);
	tree_add(start.view, "target",
		 target_of(snap, start.record, request->start));
	tell_phases(&start);
	tell_backings(&start);
	first = find_stuck(&start, snap, request->start, request->from_file);
	judge_touch(&start);
	judge_bars(&start);
	judge_duplicates(&start, request, snap);
	judge_memory(&start);
	judge_rest(&start);
	judge_blind(&start);
	order(&start, first);
	answer(&start);
	json_object_put(snap);
	return start.view;
}
