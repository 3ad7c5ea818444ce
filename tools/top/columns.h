/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_COLUMNS_H
#define IOVASCOPE_TOP_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct top_facts;
struct top_line;

#define MAX_COLUMNS	16
#define MAX_BAR		40

/* A number in five characters or less; by value, so that calls nest. */
struct brief {
	char s[16];
};

struct brief brief_count(double nr);
struct brief brief_bytes(double bytes);
struct brief brief_ns(uint64_t ns);

/* Before any of these: a log is in UTF-8 whatever the locale is. */
void text_begin(void);

/* Columns of the terminal that a text takes; a letter of CJK takes two. */
int text_width(const char *text);

/* Its bytes that fit into @width columns, whose number is put there. */
size_t text_fit(const char *text, int *width);

/*
 * G, M and K for the shares of 1G, 2M and 4K leaves in @width characters. A
 * leaf size that is there has one at least.
 */
void leaf_bar(const struct top_facts *facts, int width, char *bar);

struct layout_column;

/* Columns that fit into a width, the first of which is the name. */
struct layout {
	struct {
		const struct layout_column *kind;
		int width;
	} column[MAX_COLUMNS];
	int nr;
};

struct layout layout_fit(int width);
const char *layout_head(const struct layout *layout, int column);
bool layout_is_bar(const struct layout *layout, int column);

/*
 * The text of a cell, to be freed, and the same as wide as its column. @mark is
 * put in front of a name.
 */
char *layout_cell(const struct layout *layout, int column,
		  const struct top_line *line, const char *mark);
char *layout_fill(const struct layout *layout, int column, const char *text);

#endif
