// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which lines are shown, and in what order: VMs, and below one that is open its
 * calls in flight and its domains, below an open domain its devices and what is
 * contiguous for the first of them; or domains alone. The filter chooses VMs by
 * their own name and by that of anything they have.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/human.h"
#include "base/leaf.h"
#include "base/paper.h"
#include "base/tree.h"
#include "lines.h"
#include "model.h"
#include "state.h"
#include "why/inflight.h"

static struct top_line *line_add(struct top_lines *lines, int depth, char *key)
{
	struct top_line *line;

	lines->line = alloc_more(lines->line, lines->nr + 1,
				 sizeof(*lines->line));
	line = &lines->line[lines->nr++];
	*line = (struct top_line){ .key = key, .depth = depth };
	return line;
}

static void text_add(struct top_lines *lines, int depth, char *key, char *text,
		     bool alarming)
{
	struct top_line *line = line_add(lines, depth, key);

	clean_word(text);
	line->text = text;
	line->alarming = alarming;
}

/* An unknown rate is less than none. */
static double known(double rate)
{
	return isnan(rate) ? -1 : rate;
}

static double weight(const struct top_item *item, enum top_sort sort)
{
	const struct top_facts *facts = &item->facts;

	switch (sort) {
	case SORT_4K:
		return facts->leaf_bytes[LEAF_4K];
	case SORT_CALLS:
		return known(facts->rate[RATE_MAP] + facts->rate[RATE_UNMAP]);
	case SORT_BYTES:
		return known(facts->rate[RATE_MAP_BYTES] +
			     facts->rate[RATE_UNMAP_BYTES]);
	case SORT_PINS:
		return known(facts->rate[RATE_PIN]);
	case SORT_AGE:
		return facts->oldest_ns;
	case SORT_REFUSED:
		return facts->refused;
	default:
		return facts->bytes;
	}
}

/* Most first, but names from a to z; of equal ones the earlier PID first. */
static int item_compare(const void *a, const void *b, void *data)
{
	const struct top_item *const *x = a, *const *y = b;
	const struct top_state *state = data;
	double left = weight(*x, state->sort), right = weight(*y, state->sort);
	int order = (left < right) - (left > right);

	if (state->sort == SORT_NAME)
		order = strcasecmp((*x)->name, (*y)->name);
	if (state->reverse)
		order = -order;
	if (!order)
		order = ((*x)->pid > (*y)->pid) - ((*x)->pid < (*y)->pid);
	return order ?: (*x > *y) - (*x < *y);
}

/* Pointers to the items, sorted; to be freed. */
static const struct top_item **items_sorted(const struct top_item *items,
					    size_t nr,
					    const struct top_state *state)
{
	const struct top_item **sorted = alloc_zeroed(nr, sizeof(*sorted));

	for (size_t i = 0; i < nr; i++)
		sorted[i] = &items[i];
	qsort_r(sorted, nr, sizeof(*sorted), item_compare, (void *)state);
	return sorted;
}

static bool domain_matches(const struct top *top, const struct top_item *item,
			   const char *filter)
{
	struct json_object *record;
	char *devices;
	bool found;

	if (!*filter || strcasestr(item->name, filter))
		return true;
	record = top_record(top, item);
	devices = tree_join(record, "devices");
	found = strcasestr(devices, filter) ||
		strcasestr(tree_word(record, "backend"), filter);
	free(devices);
	json_object_put(record);
	return found;
}

/* For each VM whether the filter chooses it; to be freed. */
static bool *vms_matching(const struct top *top, const char *filter)
{
	bool *matching = alloc_zeroed(top->nr_vms, sizeof(*matching));

	for (size_t i = 0; i < top->nr_vms; i++)
		matching[i] = strcasestr(top->vms[i].name, filter);
	for (size_t i = 0; *filter && i < top->nr_domains; i++) {
		const struct top_item *domain = &top->domains[i];

		if (domain_matches(top, domain, filter))
			matching[top_vm(top, domain->pid) - top->vms] = true;
	}
	return matching;
}

/* How much a call is for is not known of each. */
char *call_text(const char *id, struct json_object *call)
{
	bool known = tree_u64_or_0(call, "bytes");

	return alloc_print("call %s: %s in flight for %s, IOVA 0x%jx%s%s", id,
			   tree_word(call, "op"),
			   human_key(call, "age_ns", "ns").s,
			   (uintmax_t)tree_u64_or_0(call, "iova"),
			   known ? ", " : "",
			   known ? human_key(call, "bytes", "bytes").s : "");
}

static void calls_add(struct top_lines *lines, const struct top *top,
		      const struct top_item *vm)
{
	struct json_object *calls =
		tree_sorted(tree_get(top->snap, "inflight"), "age_ns");

	tree_foreach(calls, id, call) {
		if (tree_u64_or_0(call, "pid") != vm->pid)
			continue;
		text_add(lines, 1, alloc_print("c%s", id), call_text(id, call),
			 tree_u64_or_0(call, "age_ns") >= STUCK_NS);
	}
	json_object_put(calls);
}

/* On 80 columns there is no room for the sizes that it has not. */
static char *region_text(const char *iova, struct json_object *run)
{
	uint64_t last = tree_u64_or_0(run, "last"), nr;
	struct paper paper;
	const char *gap = ":";
	char key[32];

	paper_open(&paper);
	fprintf(paper.out, "%s..0x%jx %s", iova, (uintmax_t)last,
		human_bytes(last - strtoull(iova, NULL, 0) + 1).s);
	for (int leaf = LEAF_1G; leaf >= LEAF_4K; leaf--) {
		snprintf(key, sizeof(key), "leaves_%s", leaf_words[leaf]);
		nr = tree_u64_or_0(run, key);
		if (!nr)
			continue;
		fprintf(paper.out, "%s %ju of %s", gap, (uintmax_t)nr,
			leaf_names[leaf]);
		gap = ",";
	}
	fprintf(paper.out, "%s%s",
		tree_is(run, "write", "0") ? ", read-only" : "",
		tree_is(run, "mmio", "1") ? ", BAR" : "");
	return paper_close(&paper);
}

/* Where the regions of a device go. */
struct regions {
	struct top_lines *lines;
	const char *device;
	int depth;
};

static void region_add(const char *iova, struct json_object *run, void *data)
{
	const struct regions *to = data;

	text_add(to->lines, to->depth, alloc_print("r%s %s", to->device, iova),
		 region_text(iova, run), false);
}

/* What has been read of the first device's table: all share it. */
static void regions_add(struct top_lines *lines, const struct top *top,
			const char *device, int depth)
{
	struct json_object *regions =
		tree_get(tree_get(top->snap, "regions"), device);
	struct regions to = { lines, device, depth };

	tree_each(tree_get(regions, "runs"), region_add, &to);
	if (tree_get(regions, "next"))
		text_add(lines, depth, alloc_print("n%s", device),
			 alloc_print("more: iovascope runs %s --from 0x%jx",
				     device, (uintmax_t)
				     tree_u64_or_0(regions, "next")), false);
	if (!regions)
		text_add(lines, depth, alloc_print("n%s", device),
			 alloc_copy("its table cannot be read"), false);
}

static void devices_add(struct top_lines *lines, const struct top *top,
			const struct top_item *domain, int depth)
{
	struct json_object *record = top_record(top, domain);
	struct json_object *devices = tree_get(record, "devices");

	for (size_t i = 0; i < tree_length(devices); i++) {
		const char *device =
			json_object_get_string(tree_at(devices, i));

		text_add(lines, depth,
			 alloc_print("b%s %s", domain->id, device),
			 alloc_print("device %s", device), false);
	}
	if (tree_length(devices))
		regions_add(lines, top,
			    json_object_get_string(tree_at(devices, 0)),
			    depth);
	json_object_put(record);
}

static void domain_add(struct top_lines *lines, const struct top *top,
		       const struct top_state *state,
		       const struct top_item *domain, int depth)
{
	struct top_line *line =
		line_add(lines, depth, alloc_print("d%s", domain->id));

	line->item = domain;
	line->top = top;
	line->has_more = true;
	if (state_is_open(state, line->key))
		devices_add(lines, top, domain, depth + 1);
}

static void domains_add(struct top_lines *lines, const struct top *top,
			const struct top_state *state,
			const struct top_item *vm)
{
	const struct top_item **sorted =
		items_sorted(top->domains, top->nr_domains, state);

	for (size_t i = 0; i < top->nr_domains; i++) {
		if (vm && sorted[i]->pid == vm->pid)
			domain_add(lines, top, state, sorted[i], 1);
		else if (!vm && domain_matches(top, sorted[i], state->filter))
			domain_add(lines, top, state, sorted[i], 0);
		else
			lines->hidden += !vm;
	}
	free(sorted);
}

static void vm_add(struct top_lines *lines, const struct top *top,
		   const struct top_state *state, const struct top_item *vm)
{
	struct top_line *line =
		line_add(lines, 0, alloc_print("v%ju", (uintmax_t)vm->pid));

	line->item = vm;
	line->top = top;
	line->has_more = true;
	if (!state_is_open(state, line->key))
		return;
	calls_add(lines, top, vm);
	domains_add(lines, top, state, vm);
}

static void vms_add(struct top_lines *lines, const struct top *top,
		    const struct top_state *state)
{
	const struct top_item **sorted =
		items_sorted(top->vms, top->nr_vms, state);
	bool *matching = vms_matching(top, state->filter);

	for (size_t i = 0; i < top->nr_vms; i++) {
		if (matching[sorted[i] - top->vms])
			vm_add(lines, top, state, sorted[i]);
		else
			lines->hidden++;
	}
	free(matching);
	free(sorted);
}

struct top_lines *lines_new(const struct top *top,
			    const struct top_state *state)
{
	struct top_lines *lines = alloc_zeroed(1, sizeof(*lines));

	if (state->flat)
		domains_add(lines, top, state, NULL);
	else
		vms_add(lines, top, state);
	return lines;
}

void lines_free(struct top_lines *lines)
{
	if (!lines)
		return;
	for (size_t i = 0; i < lines->nr; i++) {
		free(lines->line[i].key);
		free(lines->line[i].text);
	}
	free(lines->line);
	free(lines);
}
