/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_LINES_H
#define IOVASCOPE_TOP_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct top;
struct top_item;
struct top_state;

/*
 * One line below the head: a VM or a domain with its columns, or text about
 * one. @key is the same in the next reading, too.
 */
struct top_line {
	char *key;
	int depth;
	/* May it be opened? */
	bool has_more;
	const struct top_item *item;
	/* Where the item is from; NULL for text. */
	const struct top *top;
	char *text;
	bool alarming;
};

struct top_lines {
	struct top_line *line;
	size_t nr;
	/* What the filter has left out. */
	size_t hidden;
};

/* They point into @top, which must outlive them. */
struct top_lines *lines_new(const struct top *top,
			    const struct top_state *state);

/* A call in flight, to be freed and not yet clean. */
char *call_text(const char *id, struct json_object *call);
void lines_free(struct top_lines *lines);

#endif
