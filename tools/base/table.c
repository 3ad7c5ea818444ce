// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aligned columns. Cells are kept until the table ends, because widths are
 * known only then. A table with nothing under its head prints nothing; another
 * is set off by an empty line from what has been printed before it.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clean.h"
#include "table.h"

struct table {
	size_t columns;
	size_t nr;
	char **cells;
};

struct table *table_new(size_t columns)
{
	struct table *table = alloc_zeroed(1, sizeof(*table));

	table->columns = columns;
	return table;
}

/* Takes over the cell. A newline in it would forge a row. */
static void table_add(struct table *table, char *cell)
{
	clean_word(cell);
	table->cells = alloc_more(table->cells, table->nr + 1, sizeof(cell));
	table->cells[table->nr++] = cell;
}

void table_cell(struct table *table, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	table_add(table, alloc_vprint(fmt, args));
	va_end(args);
}

/* One row of strings, as many as there are columns. */
void table_row(struct table *table, ...)
{
	va_list args;

	va_start(args, table);
	for (size_t i = 0; i < table->columns; i++)
		table_add(table, alloc_copy(va_arg(args, const char *)));
	va_end(args);
}

/* In characters, not bytes. */
static int width(const char *s)
{
	int chars = 0;

	for (; *s; s++)
		chars += (*s & 0xc0) != 0x80;
	return chars;
}

static bool is_left(struct table *table, size_t column)
{
	return table->cells[column][0] == '<';
}

static const char *cell_at(struct table *table, size_t i)
{
	bool marked = i < table->columns && is_left(table, i);

	return table->cells[i] + marked;
}

static int column_width(struct table *table, size_t column)
{
	int max = 0;

	for (size_t i = column; i < table->nr; i += table->columns) {
		int chars = width(cell_at(table, i));

		max = chars > max ? chars : max;
	}
	return max;
}

static void print_cell(struct table *table, size_t i, int wanted, FILE *out)
{
	size_t column = i % table->columns;
	bool last = column == table->columns - 1;
	const char *cell = cell_at(table, i);
	int pad = wanted - width(cell);

	if (!is_left(table, column))
		fprintf(out, "%*s%s", pad, "", cell);
	else
		fprintf(out, "%s%*s", cell, last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", out);
}

static void table_print(struct table *table, FILE *out)
{
	int widths[table->columns];
	size_t i;

	for (i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	if (ftell(out) > 0)
		fputc('\n', out);
	for (i = 0; i < table->nr; i++)
		print_cell(table, i, widths[i % table->columns], out);
}

void table_end(struct table *table, FILE *out)
{
	if (table->nr > table->columns)
		table_print(table, out);
	for (size_t i = 0; i < table->nr; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}
