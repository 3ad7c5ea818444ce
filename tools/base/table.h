/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TABLE_H
#define IOVASCOPE_TABLE_H

#include <stdio.h>

#include "compiler.h"

struct table;

/*
 * Cells are added row by row, a head row first. A column is right-aligned
 * unless its head begins with '<', which is not printed.
 */
struct table *table_new(size_t columns);
void table_row(struct table *table, ...);
__printf(2, 3)
void table_cell(struct table *table, const char *fmt, ...);
void table_end(struct table *table, FILE *out);

#endif
