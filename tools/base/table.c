// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables, printed by libsmartcols as lsblk(8) prints its own.
 *
 * What the library has no notion of is done here before: a row fits on the
 * terminal, or in 80 columns where there is none, by shortening text, never by
 * a wrap, and never by cutting a number. Where numbers alone are too wide for a
 * terminal, its last columns are left out, and an ellipsis stands for them.
 *
 * A table with nothing under its head prints nothing; another is set off by an
 * empty line from what has been printed before it.
 */
#include <libsmartcols.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "alloc.h"
#include "clean.h"
#include "table.h"
#include "utf8.h"

#define NO_TERMINAL	80
#define ELLIPSIS	"\342\200\246"
/* A device with its domain and an ellipsis: shorter ones are alike. */
#define MIN_TEXT	13
#define MIN_PROSE	24

struct table {
	size_t columns;
	size_t nr;
	char **cells;
};

static struct table_form form;

void table_setup(struct table_form wanted)
{
	form = wanted;
	/* Names are UTF-8 whatever the user's locale is, and so are widths. */
	setlocale(LC_CTYPE, "C.UTF-8");
}

bool table_is_raw(void)
{
	return form.pairs || form.raw;
}

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

/* Of the character at @s; one that is not known takes a place as well. */
static int char_width(const char *s, size_t *len)
{
	int width;

	*len = utf8_len(s) ?: 1;
	width = *len > 1 ? wcwidth(utf8_code(s, *len)) : 1;
	return width < 0 ? 1 : width;
}

static size_t text_width(const char *s)
{
	size_t width = 0, len;

	for (; *s; s += len)
		width += char_width(s, &len);
	return width;
}

/* Bytes of the first characters that are no wider than @max together. */
static size_t text_fit(const char *s, size_t max)
{
	const char *end = s;
	size_t len, width;

	while (*end) {
		width = char_width(end, &len);
		if (width > max)
			break;
		max -= width;
		end += len;
	}
	return end - s;
}

static char kind_of(const struct table *table, size_t column)
{
	return table->cells[column][0];
}

static bool is_number(const struct table *table, size_t column)
{
	return !kind_of(table, column) || !strchr("<=|", kind_of(table, column));
}

static const char *cell_at(const struct table *table, size_t i)
{
	bool marked = i < table->columns && !is_number(table, i);

	return table->cells[i] + marked;
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t max = 0;

	for (size_t i = column; i < table->nr; i += table->columns) {
		size_t width = text_width(cell_at(table, i));

		max = width > max ? width : max;
	}
	return max;
}

/* Room for a row; 0 when there is no end to it. */
static size_t row_room(bool *cut)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	*cut = true;
	if (isatty(STDOUT_FILENO) &&
	    !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	*cut = false;
	if (columns && atoi(columns) > 0)
		return atoi(columns);
	return NO_TERMINAL;
}

/* How the columns of a table fit into a row. */
struct fit {
	size_t shown;
	bool more;
	const char *gap;
	size_t width[];
};

static size_t row_width(const struct fit *fit)
{
	size_t width = fit->more ? 1 + strlen(fit->gap) : 0;

	for (size_t i = 0; i < fit->shown; i++)
		width += fit->width[i] + (i ? strlen(fit->gap) : 0);
	return width;
}

/* The widest column of text that can give something, or -1. */
static int widest_text(const struct table *table, const struct fit *fit)
{
	int widest = -1;

	for (size_t i = 0; i < fit->shown; i++) {
		bool prose = kind_of(table, i) == '|';

		if (is_number(table, i) || kind_of(table, i) == '=' ||
		    fit->width[i] <= (prose ? MIN_PROSE : MIN_TEXT))
			continue;
		if (widest < 0 || fit->width[i] > fit->width[widest])
			widest = i;
	}
	return widest;
}

static void fit_columns(const struct table *table, struct fit *fit)
{
	bool cut;
	size_t room = row_room(&cut);
	int widest;

	/* Rather a narrow gap than a short name. */
	if (row_width(fit) > room)
		fit->gap = " ";
	while (row_width(fit) > room) {
		widest = widest_text(table, fit);
		if (widest < 0)
			break;
		fit->width[widest]--;
	}
	while (cut && row_width(fit) > room && fit->shown > 1) {
		fit->shown--;
		fit->more = true;
	}
}

static struct fit *fit_new(const struct table *table)
{
	struct fit *fit = alloc_zeroed(1, sizeof(*fit) + table->columns *
				       sizeof(fit->width[0]));

	fit->shown = table->columns;
	fit->gap = "  ";
	for (size_t i = 0; i < table->columns; i++)
		fit->width[i] = column_width(table, i);
	if (!table_is_raw())
		fit_columns(table, fit);
	return fit;
}

/* The PID behind a name stays: "a-name-that-is-t... (4242)". */
static char *shorten(const char *cell, size_t width)
{
	const char *tail = strrchr(cell, '(');
	size_t kept = 0;

	if (tail > cell && tail[-1] == ' ')
		kept = text_width(--tail);
	if (!kept || kept + 2 > width)
		return alloc_print("%.*s" ELLIPSIS,
				   (int)text_fit(cell, width - 1), cell);
	return alloc_print("%.*s" ELLIPSIS "%s",
			   (int)text_fit(cell, width - 1 - kept), cell, tail);
}

/* Lines end between words, but for a word that is longer than a line. */
static char *fill(const char *cell, size_t width)
{
	char *text = alloc_copy(cell), *line = text;
	size_t len;

	for (len = text_fit(line, width); line[len];
	     len = text_fit(line, width)) {
		while (len && line[len] != ' ')
			len--;
		if (!len)
			break;
		line[len] = '\n';
		line += len + 1;
	}
	return text;
}

static char *cell_print(const struct table *table, const struct fit *fit,
			size_t i)
{
	size_t column = i % table->columns;
	const char *cell = cell_at(table, i);

	if (table_is_raw() || text_width(cell) <= fit->width[column])
		return alloc_copy(cell);
	if (kind_of(table, column) == '|')
		return fill(cell, fit->width[column]);
	return shorten(cell, fit->width[column]);
}

static void good(int err)
{
	if (err)
		alloc_fail();
}

static void add_column(struct libscols_table *scols, const char *head, int flags)
{
	struct libscols_column *column;

	column = scols_table_new_column(scols, head, 0, flags);
	if (!column)
		alloc_fail();
	if (flags & SCOLS_FL_WRAP)
		good(scols_column_set_wrapfunc(column, scols_wrapnl_chunksize,
					       scols_wrapnl_nextchunk, NULL));
}

static void add_columns(struct libscols_table *scols, const struct table *table,
			const struct fit *fit)
{
	for (size_t i = 0; i < fit->shown; i++)
		add_column(scols, cell_at(table, i),
			   kind_of(table, i) == '|' ? SCOLS_FL_WRAP :
			   is_number(table, i) ? SCOLS_FL_RIGHT : 0);
	if (fit->more)
		add_column(scols, ELLIPSIS, 0);
}

static void add_row(struct libscols_table *scols, const struct table *table,
		    const struct fit *fit, size_t first)
{
	struct libscols_line *line = scols_table_new_line(scols, NULL);

	if (!line)
		alloc_fail();
	for (size_t i = 0; i < fit->shown; i++)
		good(scols_line_refer_data(line, i,
					   cell_print(table, fit, first + i)));
	if (fit->more)
		good(scols_line_set_data(line, fit->shown, ELLIPSIS));
}

static void table_print(const struct table *table, FILE *out)
{
	struct libscols_table *scols = scols_new_table();
	struct fit *fit = fit_new(table);

	if (!scols)
		alloc_fail();
	good(scols_table_set_stream(scols, out));
	good(scols_table_enable_noencoding(scols, 1));
	good(scols_table_enable_noheadings(scols, form.noheadings));
	good(scols_table_enable_raw(scols, form.raw));
	good(scols_table_enable_export(scols, form.pairs));
	/* It has been made to fit. */
	good(scols_table_set_termforce(scols, SCOLS_TERMFORCE_NEVER));
	good(scols_table_set_column_separator(scols,
					      table_is_raw() ? " " : fit->gap));
	add_columns(scols, table, fit);
	for (size_t i = table->columns; i < table->nr; i += table->columns)
		add_row(scols, table, fit, i);
	if (ftell(out) > 0 && !table_is_raw())
		fputc('\n', out);
	if (scols_print_table(scols) < 0)
		alloc_fail();
	scols_unref_table(scols);
	free(fit);
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
