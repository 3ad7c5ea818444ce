// SPDX-License-Identifier: GPL-2.0-only
/*
 * `report`: a timeline as one page, to be forwarded to somebody who has no
 * shell. It needs nothing but itself: no network, no script, no font.
 *
 * Every number of a picture is in a table, too, so that the page can be read
 * aloud; colours are never the only thing that tells parts from each other, so
 * that it can be printed; and a reader who has asked for a dark page gets one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/request.h"
#include "base/tree.h"
#include "merge.h"
#include "report.h"
#include "timeline.h"

#define DEFAULT_FILE	"start.html"
#define NR_REGIONS	10

static const char style[] =
"<style>\n"
":root{color-scheme:light dark;--fg:#1b1b1b;--bg:#fff;--soft:#666;--line:#ccc;\n"
"--c0:#0b5cad;--c1:#c2410c;--c2:#7c3aed;--c3:#4d7c0f;--c4:#6b7280;--c5:#b91c1c}\n"
"@media(prefers-color-scheme:dark){:root{--fg:#e8e8e8;--bg:#161616;--soft:#a3a3a3;\n"
"--line:#444;--c0:#60a5fa;--c1:#fb923c;--c2:#c4b5fd;--c3:#a3e635;--c4:#9ca3af;\n"
"--c5:#f87171}}\n"
"body{font:16px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg);\n"
"max-width:60rem;margin:2rem auto;padding:0 1rem}\n"
"h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\n"
"table{border-collapse:collapse;width:100%}\n"
"th,td{text-align:right;padding:.2rem .5rem;border-bottom:1px solid var(--line);\n"
"font-variant-numeric:tabular-nums}\n"
"th:first-child,td:first-child{text-align:left}\n"
".line{text-align:left;overflow-wrap:anywhere}\n"
".d1{padding-left:1.5rem!important}.d2{padding-left:3rem!important}\n"
".bar{width:100%;height:2.5rem}.when{width:12rem;height:1rem}\n"
".g0{fill:var(--c0)}.g1{fill:var(--c1)}.g2{fill:var(--c2)}.g3{fill:var(--c3)}\n"
".g4{fill:var(--c4)}.g5{fill:var(--c5)}\n"
".bar rect{stroke:var(--bg);stroke-width:2}.soft{color:var(--soft)}\n"
"@media print{body{margin:0;max-width:none}h2,table{break-inside:avoid}\n"
"rect{-webkit-print-color-adjust:exact;print-color-adjust:exact}}\n"
"</style>\n";

static void escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else
			fputc(*text, out);
	}
}

static void tag(FILE *out, const char *name, const char *text)
{
	fprintf(out, "<%s>", name);
	escape(out, text);
	fprintf(out, "</%s>", name);
}

/* ---- the bar ---- */

/* In thousandths of the whole width; the table below has its numbers. */
static void bar_print(FILE *out, struct json_object *view)
{
	struct json_object *phases = tree_get(view, "phases");
	uint64_t wall = tree_u64_or_0(view, "wall_ns"), before = 0;

	fputs("<svg class=\"bar\" viewBox=\"0 0 1000 40\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"",
	      out);
	for (size_t i = 0; i < tree_length(phases); i++) {
		struct json_object *node = tree_at(phases, i);
		uint64_t ns = tree_u64_or_0(node, "ns");

		if (ns)
			fprintf(out, "%s: %s. ", timeline_says(node),
				human_percent(ns, wall).s);
	}
	fputs("\">\n", out);
	for (size_t i = 0; i < tree_length(phases); i++) {
		uint64_t ns = tree_u64_or_0(tree_at(phases, i), "ns");

		if (ns && wall)
			fprintf(out, "<rect class=\"g%zu\" x=\"%.2f\" width=\"%.2f\" height=\"40\"/>\n",
				i, 1000.0 * before / wall, 1000.0 * ns / wall);
		before += ns;
	}
	fputs("</svg>\n", out);
}

/* ---- the tree ---- */

static void when_print(FILE *out, const char *when, size_t group)
{
	fputs("<svg class=\"when\" viewBox=\"0 0 240 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
	      out);
	for (size_t i = 0; when[i]; i++) {
		if (when[i] == '.')
			continue;
		fprintf(out, "<rect class=\"g%zu\" x=\"%zu\" y=\"%d\" width=\"9\" height=\"%d\"/>",
			group, 10 * i, when[i] == '#' ? 2 : 10,
			when[i] == '#' ? 16 : 8);
	}
	fputs("</svg>", out);
}

static void node_print(FILE *out, struct json_object *node, unsigned int depth,
		       size_t group, uint64_t wall)
{
	struct json_object *parts = tree_get(node, "parts");
	uint64_t ns = tree_u64_or_0(node, "ns");

	if (!ns && !tree_u64_or_0(node, "calls") && !tree_length(parts))
		return;
	fprintf(out, "<tr><td class=\"d%u\">", depth);
	if (!depth)
		fprintf(out, "<svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"g%zu\" width=\"12\" height=\"12\"/></svg> ",
			group);
	escape(out, timeline_says(node));
	if (tree_get(node, "backing")) {
		fputc(' ', out);
		escape(out, tree_word(node, "backing"));
	}
	fputs("</td>", out);
	tag(out, "td", human_ns(ns).s);
	tag(out, "td", human_percent(ns, wall).s);
	tag(out, "td", tree_get(node, "calls") ?
	    human_key(node, "calls", "").s : "");
	tag(out, "td", tree_get(node, "bytes") ?
	    human_key(node, "bytes", "bytes").s : "");
	fputs("<td>", out);
	when_print(out, tree_word(node, "when"), group);
	fputs("</td></tr>\n", out);
	for (size_t i = 0; i < tree_length(parts); i++)
		node_print(out, tree_at(parts, i), depth + 1, group, wall);
}

static void tree_print_html(FILE *out, struct json_object *view)
{
	struct json_object *phases = tree_get(view, "phases");

	fputs("<h2>Phase by phase</h2>\n<table><thead><tr><th scope=\"col\">Phase</th><th scope=\"col\">Time</th><th scope=\"col\">Share</th><th scope=\"col\">Calls</th><th scope=\"col\">Bytes</th><th scope=\"col\">When, from left to right</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < tree_length(phases); i++)
		node_print(out, tree_at(phases, i), 0, i,
			   tree_u64_or_0(view, "wall_ns"));
	fputs("</tbody></table>\n", out);
}

/* ---- requests and facts ---- */

static void region_print(FILE *out, struct json_object *region)
{
	char *iova = tree_get(region, "iova") ?
		     alloc_print("0x%jx", (uintmax_t)
				 tree_u64_or_0(region, "iova")) :
		     alloc_copy("");

	fputs("<tr>", out);
	tag(out, "td", tree_word(region, "request"));
	tag(out, "td", human_key(region, "at_ns", "ns").s);
	tag(out, "td", human_key(region, "ns", "ns").s);
	tag(out, "td", iova);
	tag(out, "td", human_key(region, "bytes", "bytes").s);
	tag(out, "td", tree_get(region, "backing") ?
	    tree_word(region, "backing") : "");
	fputs("</tr>\n", out);
	free(iova);
}

static void regions_print(FILE *out, struct json_object *view)
{
	struct json_object *regions = tree_get(view, "regions");
	size_t nr = tree_length(regions);

	if (!nr)
		return;
	fputs("<h2>The requests that took longest</h2>\n<table><thead><tr><th scope=\"col\">Request</th><th scope=\"col\">At</th><th scope=\"col\">Took</th><th scope=\"col\">IOVA</th><th scope=\"col\">Bytes</th><th scope=\"col\">Memory</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < nr && i < NR_REGIONS; i++)
		region_print(out, tree_at(regions, i));
	fputs("</tbody></table>\n", out);
}

/* ---- the log ---- */

static void line_print(FILE *out, struct json_object *line)
{
	char *during = merge_during(line);

	fputs("<tr>", out);
	tag(out, "td", human_key(line, "at_ns", "ns").s);
	tag(out, "td", human_key(line, "silence_ns", "ns").s);
	tag(out, "td", tree_word(line, "clock"));
	tag(out, "td", during);
	fputs("<td class=\"line\">", out);
	escape(out, tree_word(line, "text"));
	fputs("</td></tr>\n", out);
	free(during);
}

static void log_print(FILE *out, struct json_object *log)
{
	struct json_object *lines = tree_get(log, "lines");
	struct json_object *clocks = tree_get(log, "clocks");

	if (!log)
		return;
	fputs("<h2>What the log says</h2>\n<table><thead><tr><th scope=\"col\">At</th><th scope=\"col\">After silence of</th><th scope=\"col\">Clock</th><th scope=\"col\">During</th><th scope=\"col\" class=\"line\">Line</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < tree_length(lines); i++)
		line_print(out, tree_at(lines, i));
	fputs("</tbody></table>\n<ul>\n", out);
	for (size_t i = 0; i < tree_length(clocks); i++) {
		char *says = merge_says(tree_at(clocks, i));

		tag(out, "li", says);
		free(says);
	}
	fputs("\n</ul>\n", out);
}

static void facts_print(FILE *out, struct json_object *view)
{
	static const char *const keys[] = {
		"host", "time", "kernel", "cpus", "version", "module",
		"events", "lost_events", NULL
	};
	struct json_object *recording = tree_get(view, "recording");
	struct json_object *missing = tree_get(view, "missing");

	fputs("<h2>The recording</h2>\n<table><tbody>\n", out);
	for (const char *const *key = keys; *key; key++) {
		if (!tree_get(recording, *key))
			continue;
		fputs("<tr><th scope=\"row\">", out);
		escape(out, *key);
		fputs("</th>", out);
		tag(out, "td", tree_word(recording, *key));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
	if (!tree_length(missing))
		return;
	fputs("<h2>Not known</h2>\n<ul>\n", out);
	for (size_t i = 0; i < tree_length(missing); i++)
		tag(out, "li", json_object_get_string(tree_at(missing, i)));
	fputs("\n</ul>\n", out);
}

static void page_print(FILE *out, struct json_object *view)
{
	char *sentence = timeline_sentence(view);

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n",
	      out);
	tag(out, "title", sentence);
	fputs(style, out);
	fputs("</head><body><main>\n", out);
	tag(out, "h1", sentence);
	bar_print(out, view);
	tree_print_html(out, view);
	regions_print(out, view);
	log_print(out, tree_get(view, "log"));
	facts_print(out, view);
	fputs("<p class=\"soft\">Each moment is in one phase: the parts add up to the whole. Made by iovascope "
	      VERSION ".</p>\n</main></body></html>\n", out);
	free(sentence);
}

static const char *file_of(const struct request *request)
{
	return request->file ?: DEFAULT_FILE;
}

struct json_object *read_report(const struct request *request)
{
	struct json_object *view = read_timeline(request);
	const char *path = file_of(request);
	FILE *out = fopen(path, "we");

	if (!out)
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	page_print(out, view);
	if (ferror(out) | fclose(out))
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	return view;
}

void text_report(FILE *out, struct json_object *view,
		 struct json_object *schema)
{
	char *sentence = timeline_sentence(view);

	(void)schema;
	fprintf(out, "%s\n", sentence);
	free(sentence);
}
