// SPDX-License-Identifier: GPL-2.0-only
/*
 * The columns of `top`: what stands in them, and which of them fit. A narrow
 * terminal has the columns that say most, a wide one all of them; nothing ever
 * wraps. Numbers are cut to what a glance takes: 64.0G, 1.2k, 41us.
 */
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/tree.h"
#include "base/utf8.h"
#include "columns.h"
#include "lines.h"
#include "model.h"

#define MIN_NAME	22
#define MAX_NAME	40

/* As many digits as fit; "-" for what is not known. */
static struct brief brief(double nr, double step, const char *units)
{
	struct brief out = { "-" };

	if (isnan(nr))
		return out;
	while (nr >= step - 0.5 && units[1]) {
		nr /= step;
		units++;
	}
	snprintf(out.s, sizeof(out.s), "%.*f%.1s", nr && nr < 99.95 &&
		 (*units != ' ' || nr != floor(nr)) ? 1 : 0, nr,
		 *units == ' ' ? "" : units);
	return out;
}

struct brief brief_count(double nr)
{
	return brief(nr, 1000, " kMGT");
}

struct brief brief_bytes(double bytes)
{
	return brief(isnan(bytes) ? bytes : floor(bytes), 1024, " KMGTP");
}

struct brief brief_ns(uint64_t ns)
{
	static const struct {
		double size;
		double limit;
		const char *unit;
	} steps[] = {
		{ 1, 1e3, "ns" }, { 1e3, 1e6, "us" }, { 1e6, 1e9, "ms" },
		{ 1e9, 100e9, "s" }, { 60e9, 6000e9, "min" },
		{ 3600e9, 360000e9, "h" }, { 86400e9, INFINITY, "d" },
	};
	struct brief out;
	size_t i = 0;

	while (ns >= steps[i].limit)
		i++;
	snprintf(out.s, sizeof(out.s), "%.0f%s", floor(ns / steps[i].size),
		 steps[i].unit);
	return out;
}

void text_begin(void)
{
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8"))
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* Of a character that is clean; what the C library does not know takes one. */
static int char_width(const char *text, size_t len)
{
	int width = wcwidth(utf8_code(text, len));

	return width < 0 ? 1 : width;
}

size_t text_fit(const char *text, int *width)
{
	size_t at = 0;
	int used = 0;

	while (text[at]) {
		size_t len = utf8_len(text + at) ?: 1;
		int more = char_width(text + at, len);

		if (used + more > *width)
			break;
		used += more;
		at += len;
	}
	*width = used;
	return at;
}

int text_width(const char *text)
{
	int width = INT16_MAX;

	text_fit(text, &width);
	return width;
}

void leaf_bar(const struct top_facts *facts, int width, char *bar)
{
	static const char letters[NR_LEAVES] = { 'K', 'M', 'G' };
	uint64_t total = 0;
	int cells[NR_LEAVES], left = width, most = LEAF_1G;

	for (int leaf = 0; leaf < NR_LEAVES; leaf++)
		total += facts->leaf_bytes[leaf];
	if (!total || !facts->leaves_known) {
		snprintf(bar, width + 1, "%s", total ? "?" : "");
		return;
	}
	for (int leaf = 0; leaf < NR_LEAVES; leaf++) {
		double share = (double)facts->leaf_bytes[leaf] / total;

		cells[leaf] = facts->leaf_bytes[leaf] && share * width < 1 ?
			      1 : share * width;
		left -= cells[leaf];
		if (facts->leaf_bytes[leaf] > facts->leaf_bytes[most])
			most = leaf;
	}
	/* The largest share takes what rounding left, or gives it. */
	cells[most] += left;
	for (int leaf = LEAF_1G; leaf >= LEAF_4K; leaf--)
		for (int i = 0; i < cells[leaf]; i++)
			*bar++ = letters[leaf];
	*bar = '\0';
}

static char *cell_name(const struct top_line *line, const char *mark)
{
	const struct top_item *item = line->item;

	if (!item->id)
		return alloc_print("%s%s", mark, item->name);
	if (line->depth)
		return alloc_print(" %sdomain %s", mark, item->id);
	return alloc_print("%s%s %s", mark, item->id, item->name);
}

static char *cell_bytes(const struct top_facts *facts, uint64_t bytes)
{
	return alloc_print("%s%s", facts->inexact ? "~" : "",
			   brief_bytes(bytes).s);
}

static char *cell_mapped(const struct top_line *line)
{
	return cell_bytes(&line->item->facts, line->item->facts.bytes);
}

static char *cell_leaf(const struct top_line *line, enum leaf leaf)
{
	if (!line->item->facts.leaves_known)
		return alloc_copy("?");
	return cell_bytes(&line->item->facts,
			  line->item->facts.leaf_bytes[leaf]);
}

static char *cell_1g(const struct top_line *line)
{
	return cell_leaf(line, LEAF_1G);
}

static char *cell_2m(const struct top_line *line)
{
	return cell_leaf(line, LEAF_2M);
}

static char *cell_4k(const struct top_line *line)
{
	return cell_leaf(line, LEAF_4K);
}

static char *cell_map(const struct top_line *line)
{
	return alloc_copy(brief_count(line->item->facts.rate[RATE_MAP]).s);
}

static char *cell_unmap(const struct top_line *line)
{
	return alloc_copy(brief_count(line->item->facts.rate[RATE_UNMAP]).s);
}

static char *cell_pin(const struct top_line *line)
{
	return alloc_copy(brief_count(line->item->facts.rate[RATE_PIN]).s);
}

static char *cell_map_bytes(const struct top_line *line)
{
	return alloc_copy(brief_bytes(line->item->facts.rate[RATE_MAP_BYTES])
			  .s);
}

static char *cell_unmap_bytes(const struct top_line *line)
{
	return alloc_copy(brief_bytes(line->item->facts.rate[RATE_UNMAP_BYTES])
			  .s);
}

static char *cell_inflight(const struct top_line *line)
{
	return line->item->id ? alloc_copy("") :
	       alloc_print("%ju", (uintmax_t)line->item->facts.inflight);
}

static char *cell_oldest(const struct top_line *line)
{
	const struct top_facts *facts = &line->item->facts;

	return alloc_copy(facts->inflight ? brief_ns(facts->oldest_ns).s : "");
}

static char *cell_refused(const struct top_line *line)
{
	return line->item->id ? alloc_copy("") :
	       alloc_copy(brief_count(line->item->facts.refused).s);
}

static char *cell_backend(const struct top_line *line)
{
	struct json_object *record;
	char *text;

	if (!line->item->id)
		return alloc_copy("");
	record = top_record(line->top, line->item);
	text = alloc_copy(tree_word(record, "backend"));
	json_object_put(record);
	return text;
}

static char *cell_devices(const struct top_line *line)
{
	struct json_object *record;
	char *text;

	if (!line->item->id)
		return alloc_copy("");
	record = top_record(line->top, line->item);
	text = tree_join(record, "devices");
	json_object_put(record);
	return text;
}

/*
 * In the order on the screen; the rank is that in which they are given room.
 * Name and bar are no functions of the line alone.
 */
static const struct layout_column {
	const char *head;
	int width;
	int rank;
	bool left;
	char *(*cell)(const struct top_line *line);
} kinds[] = {
	{ "VM", MIN_NAME, 0, true, NULL },
	{ "MAPPED", 6, 0, false, cell_mapped },
	{ "LEAVES", 8, 0, true, NULL },
	{ "1G", 6, 7, false, cell_1g },
	{ "2M", 6, 7, false, cell_2m },
	{ "4K", 6, 7, false, cell_4k },
	{ "MAP/s", 5, 1, false, cell_map },
	{ "UNMAP/s", 7, 2, false, cell_unmap },
	{ "MAPB/s", 6, 3, false, cell_map_bytes },
	{ "UNMAPB/s", 8, 6, false, cell_unmap_bytes },
	{ "PIN/s", 5, 3, false, cell_pin },
	{ "CALLS", 5, 5, false, cell_inflight },
	{ "OLDEST", 6, 0, false, cell_oldest },
	{ "REF", 3, 0, false, cell_refused },
	{ "BACKEND", 8, 8, true, cell_backend },
	{ "DEVICES", 25, 9, true, cell_devices },
};

#define MAX_RANK	9

static bool is_name(const struct layout_column *kind)
{
	return kind == &kinds[0];
}

static bool is_bar(const struct layout_column *kind)
{
	return kind == &kinds[2];
}

static int width_of_rank(int rank)
{
	int width = -1;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].rank <= rank)
			width += kinds[i].width + 1;
	return width;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* What is left is the name's at first, then the bar's. */
static void layout_stretch(struct layout *layout, int spare)
{
	for (int i = 0; i < layout->nr; i++) {
		int most = is_name(layout->column[i].kind) ? MAX_NAME :
			   is_bar(layout->column[i].kind) ? MAX_BAR : 0;
		int more = least(spare, most - layout->column[i].width);

		if (more <= 0)
			continue;
		layout->column[i].width += more;
		spare -= more;
	}
}

struct layout layout_fit(int width)
{
	struct layout layout = { .nr = 0 };
	int rank = 0;

	while (rank < MAX_RANK && width_of_rank(rank + 1) <= width)
		rank++;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].rank > rank)
			continue;
		layout.column[layout.nr].kind = &kinds[i];
		layout.column[layout.nr++].width = kinds[i].width;
	}
	layout_stretch(&layout, width - width_of_rank(rank));
	return layout;
}

const char *layout_head(const struct layout *layout, int column)
{
	return layout->column[column].kind->head;
}

bool layout_is_bar(const struct layout *layout, int column)
{
	return is_bar(layout->column[column].kind);
}

/* What is cut ends in a mark that it is. */
char *layout_fill(const struct layout *layout, int column, const char *text)
{
	int room = layout->column[column].width, width = room;
	size_t len = text_fit(text, &width);
	bool cut = text[len];
	int pad;

	if (cut) {
		width = room - 1;
		len = text_fit(text, &width);
	}
	pad = room - width - cut;
	if (layout->column[column].kind->left)
		return alloc_print("%.*s%s%*s", (int)len, text, cut ? ">" : "",
				   pad, "");
	return alloc_print("%*s%.*s%s", pad, "", (int)len, text,
			   cut ? ">" : "");
}

char *layout_cell(const struct layout *layout, int column,
		  const struct top_line *line, const char *mark)
{
	const struct layout_column *kind = layout->column[column].kind;
	char bar[MAX_BAR + 1];

	if (is_name(kind))
		return cell_name(line, mark);
	if (!is_bar(kind))
		return kind->cell(line);
	leaf_bar(&line->item->facts, layout->column[column].width, bar);
	return alloc_copy(bar);
}
