/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TABLE_H
#define IOVASCOPE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "compiler.h"

struct table;

/*
 * How the tables of this run are printed, if not for people: without their
 * heads, or as HEAD="cell" pairs, or with no padding and no blank in a cell.
 */
struct table_form {
	bool noheadings;
	bool pairs;
	bool raw;
};

void table_setup(struct table_form form);

/* Are cells read by programs, which want plain integers? */
bool table_is_raw(void);

/*
 * Cells are added row by row, a head row first. A column has numbers, which are
 * aligned at their right and never cut, unless its head begins with '<': that
 * is text, which may end in an ellipsis where a row is too long; or with '|':
 * that is prose, which goes on in the cell's next line; or with '=': that is
 * text of which nothing can be spared. None of these is printed.
 */
struct table *table_new(size_t columns);
void table_row(struct table *table, ...);
__printf(2, 3)
void table_cell(struct table *table, const char *fmt, ...);
void table_end(struct table *table, FILE *out);

#endif
