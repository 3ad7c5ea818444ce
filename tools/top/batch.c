// SPDX-License-Identifier: GPL-2.0-only
/*
 * `top -b`: what the screen shows, for a log. As text a block for each interval
 * with all VMs and their calls in flight; as JSON a line, whose numbers are the
 * module's own and not cut.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/human.h"
#include "base/leaf.h"
#include "base/paper.h"
#include "base/tree.h"
#include "batch.h"
#include "columns.h"
#include "head.h"
#include "lines.h"
#include "model.h"
#include "read/names.h"
#include "show/json.h"
#include "state.h"

/* A log has no edge; what is wider than this is no line. */
#define WIDTH	200

static void sentence_print(FILE *out, char *sentence)
{
	if (sentence)
		fprintf(out, "%s\n", sentence);
	free(sentence);
}

/* Without the spaces at the end that fill the last column. */
static void row_print(FILE *out, char *row)
{
	size_t len = strlen(row);

	while (len && row[len - 1] == ' ')
		len--;
	fprintf(out, "%.*s\n", (int)len, row);
	free(row);
}

/* The head, where there is no line. */
static void cells_print(FILE *out, const struct layout *layout,
			const struct top_line *line)
{
	struct paper row;

	paper_open(&row);
	for (int i = 0; i < layout->nr; i++) {
		char *text = line ? layout_cell(layout, i, line, "") :
			     alloc_copy(layout_head(layout, i));
		char *cell = layout_fill(layout, i, text);

		fprintf(row.out, "%s%s", i ? " " : "", cell);
		free(cell);
		free(text);
	}
	row_print(out, paper_close(&row));
}

static void calls_print(FILE *out, const struct top *top)
{
	struct json_object *calls =
		tree_sorted(tree_get(top->snap, "inflight"), "age_ns");

	tree_foreach(calls, id, call) {
		char *text = call_text(id, call);

		clean_word(text);
		fprintf(out, "%s, by %s\n", text, names_owner(call).s);
		free(text);
	}
	json_object_put(calls);
}

void batch_text(const struct top *top, const struct top_state *state)
{
	struct top_lines *lines = lines_new(top, state);
	struct layout layout = layout_fit(WIDTH);
	struct paper paper;

	paper_open(&paper);
	sentence_print(paper.out, head_title(top));
	sentence_print(paper.out, head_mapped(top));
	sentence_print(paper.out, head_rates(top));
	sentence_print(paper.out, head_incident(top));
	cells_print(paper.out, &layout, NULL);
	for (size_t i = 0; i < lines->nr; i++)
		cells_print(paper.out, &layout, &lines->line[i]);
	calls_print(paper.out, top);
	fputc('\n', paper.out);
	paper_print(&paper, PAGE_ENDLESS);
	lines_free(lines);
}

static void rates_tell(struct json_object *told, const struct top_facts *facts)
{
	static const char *const keys[NR_RATES] = {
		[RATE_MAP] = "map_calls_per_s",
		[RATE_UNMAP] = "unmap_calls_per_s",
		[RATE_PIN] = "pin_calls_per_s",
		[RATE_MAP_BYTES] = "map_bytes_per_s",
		[RATE_UNMAP_BYTES] = "unmap_bytes_per_s",
	};

	for (int i = 0; i < NR_RATES; i++)
		if (!isnan(facts->rate[i]))
			tree_add(told, keys[i],
				 json_object_new_double(facts->rate[i]));
}

static void facts_tell(struct json_object *told, const struct top_facts *facts)
{
	char key[32];

	tree_add_u64(told, "live_bytes", facts->bytes);
	for (int leaf = 0; facts->leaves_known && leaf < NR_LEAVES; leaf++) {
		snprintf(key, sizeof(key), "live_%s_bytes", leaf_words[leaf]);
		tree_add_u64(told, key, facts->leaf_bytes[leaf]);
	}
	tree_add(told, "exact", json_object_new_boolean(!facts->inexact));
	rates_tell(told, facts);
}

static void calls_tell(struct json_object *told, const struct top_facts *facts)
{
	tree_add_u64(told, "inflight", facts->inflight);
	tree_add_u64(told, "oldest_ns", facts->oldest_ns);
	tree_add_u64(told, "refused", facts->refused);
}

static struct json_object *domain_tell(const struct top *top,
				       const struct top_item *item)
{
	struct json_object *record = top_record(top, item);
	struct json_object *told = tree_new();

	tree_share(told, record, "pid");
	tree_share(told, record, "comm");
	tree_share(told, record, "backend");
	tree_share(told, record, "devices");
	facts_tell(told, &item->facts);
	json_object_put(record);
	return told;
}

/* Who has no PID is told apart by `owner`. */
static struct json_object *vm_tell(const struct top_item *vm)
{
	struct json_object *told = tree_new();

	if (vm->pid == PID_HOST)
		tree_add_word(told, "owner", "host");
	else if (vm->pid == PID_UNKNOWN)
		tree_add_word(told, "owner", "unknown");
	else
		tree_add_u64(told, "pid", vm->pid);
	tree_add_word(told, "name", vm->name);
	facts_tell(told, &vm->facts);
	calls_tell(told, &vm->facts);
	return told;
}

static struct json_object *lines_tell(const struct top_lines *lines)
{
	struct json_object *list = tree_new_list();

	for (size_t i = 0; i < lines->nr; i++)
		if (lines->line[i].item && !lines->line[i].depth)
			tree_append(list, vm_tell(lines->line[i].item));
	return list;
}

static void domains_each(void *from, size_t max, tree_visit_fn *visit,
			 void *data)
{
	const struct top *top = from;

	for (size_t i = 0; i < top->nr_domains && i < max; i++) {
		struct json_object *told = domain_tell(top, &top->domains[i]);

		visit(top->domains[i].id, told, data);
		json_object_put(told);
	}
}

static void domains_done(void *from)
{
	(void)from;
}

/* There may be ten thousand: they are printed one by one. */
static struct json_object *domains_tell(const struct top *top)
{
	static const struct tree_maker maker = {
		.each = domains_each,
		.done = domains_done,
	};

	return tree_made(tree_new(), &maker, (void *)top);
}

static struct json_object *all_tell(const struct top *top)
{
	struct json_object *told = tree_new();

	facts_tell(told, &top->all);
	calls_tell(told, &top->all);
	return told;
}

void batch_json(const struct top *top, const struct top_state *state)
{
	struct top_lines *lines = lines_new(top, state);
	struct json_object *view = tree_new();

	tree_add_u64(view, "format", 1);
	tree_add_u64(view, "time", time(NULL));
	tree_add_u64(view, "interval_ns", top->seconds * 1e9);
	tree_share(view, top->snap, "incident");
	tree_add(view, "all", all_tell(top));
	tree_add(view, "vms", lines_tell(lines));
	tree_add(view, "domains", domains_tell(top));
	tree_share(view, top->snap, "inflight");
	text_json_line(stdout, view, NULL);
	json_object_put(view);
	lines_free(lines);
}
