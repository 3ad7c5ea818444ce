// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal, by ncurses: the only file of `top` that knows there is one. It
 * draws what it is given and returns keys; it decides nothing. All that is
 * drawn was cleaned before, and is cut to the columns it takes.
 */
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "columns.h"
#include "head.h"
#include "lines.h"
#include "model.h"
#include "screen.h"
#include "state.h"

enum pair { PAIR_1G = 1, PAIR_2M, PAIR_4K, PAIR_ALARM };

static bool begun;
static bool coloured;
/* Of the terminal: may more than ASCII be sent to it? */
static bool is_utf8;

static void colours_begin(void)
{
	start_color();
	use_default_colors();
	init_pair(PAIR_1G, COLOR_BLACK, COLOR_GREEN);
	init_pair(PAIR_2M, COLOR_BLACK, COLOR_YELLOW);
	init_pair(PAIR_4K, COLOR_WHITE, COLOR_RED);
	init_pair(PAIR_ALARM, COLOR_RED, -1);
}

void screen_begin(bool colour)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		fail(EXIT_USAGE, "top needs a terminal: %s",
		     "try `iovascope top --batch`");
	setlocale(LC_CTYPE, "");
	is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	/* What somebody has exported is not how large the terminal is now. */
	unsetenv("COLUMNS");
	unsetenv("LINES");
	if (!newterm(NULL, stdout, stdin))
		fail(EXIT_USAGE, "top cannot draw on the terminal '%s': %s",
		     getenv("TERM") ?: "", "try `iovascope top --batch`");
	begun = true;
	atexit(screen_end);
	coloured = colour && has_colors();
	if (coloured)
		colours_begin();
	cbreak();
	noecho();
	curs_set(0);
	nodelay(stdscr, true);
	keypad(stdscr, true);
	set_escdelay(25);
}

void screen_end(void)
{
	if (begun && !isendwin())
		endwin();
}

static void colour_set(enum pair pair)
{
	attrset(coloured ? COLOR_PAIR(pair) : A_BOLD);
}

/* In a locale that is not UTF-8, any other character is a question mark. */
static void text_put(int row, int column, const char *text, int width)
{
	size_t len, at = 0;

	if (row >= LINES || column >= COLS)
		return;
	if (width > COLS - column)
		width = COLS - column;
	len = text_fit(text, &width);
	move(row, column);
	if (is_utf8)
		addnstr(text, len);
	for (; !is_utf8 && at < len; at += utf8_len(text + at) ?: 1)
		addch(text[at] & 0x80 ? '?' : text[at]);
}

static int sentence_put(int row, char *sentence)
{
	if (!sentence)
		return row;
	text_put(row, 0, sentence, COLS);
	free(sentence);
	return row + 1;
}

static int sentences_put(const struct top *top)
{
	int row = 1;

	row = sentence_put(row, head_mapped(top));
	row = sentence_put(row, head_rates(top));
	colour_set(PAIR_ALARM);
	row = sentence_put(row, head_incident(top));
	attrset(A_NORMAL);
	return row;
}

static void title_put(const struct top *top, const char *status)
{
	char *title = head_title(top);

	attrset(A_BOLD);
	text_put(0, 0, "iovascope top: ", COLS);
	text_put(0, 15, title, COLS);
	if (status && text_width(status) < COLS) {
		attrset(A_REVERSE);
		text_put(0, COLS - text_width(status), status, COLS);
	}
	attrset(A_NORMAL);
	free(title);
}

static void head_put(int row, const struct layout *layout)
{
	int column = 0;

	attrset(A_REVERSE);
	mvhline(row, 0, ' ', COLS);
	for (int i = 0; i < layout->nr; i++) {
		char *cell = layout_fill(layout, i, layout_head(layout, i));

		text_put(row, column, cell, COLS);
		column += layout->column[i].width + 1;
		free(cell);
	}
	attrset(A_NORMAL);
}

static void bar_put(int row, int column, const char *bar)
{
	for (; *bar && *bar != ' '; bar++, column++) {
		enum pair pair = *bar == 'G' ? PAIR_1G :
				 *bar == 'M' ? PAIR_2M : PAIR_4K;

		if (coloured)
			attrset(COLOR_PAIR(pair));
		text_put(row, column, (const char[]){ *bar, '\0' }, 1);
	}
}

static void cells_put(int row, const struct layout *layout,
		      const struct top_line *line, bool open, int attrs)
{
	int column = 0;

	for (int i = 0; i < layout->nr; i++) {
		char *text = layout_cell(layout, i, line, open ? "-" : "+");
		char *cell = layout_fill(layout, i, text);

		attrset(attrs);
		if (layout_is_bar(layout, i))
			bar_put(row, column, cell);
		else
			text_put(row, column, cell, COLS);
		column += layout->column[i].width + 1;
		free(cell);
		free(text);
	}
	attrset(A_NORMAL);
}

static void line_put(int row, const struct layout *layout,
		     const struct top_line *line, const struct top_state *state,
		     bool selected)
{
	int attrs = selected ? A_REVERSE : A_NORMAL;

	attrset(attrs);
	if (selected)
		mvhline(row, 0, ' ', COLS);
	if (!line->text) {
		cells_put(row, layout, line, state_is_open(state, line->key),
			  attrs);
		return;
	}
	if (line->alarming && !selected)
		colour_set(PAIR_ALARM);
	text_put(row, 2 * line->depth, line->text, COLS);
	attrset(A_NORMAL);
}

static void foot_put(const struct top_lines *lines,
		     const struct top_state *state)
{
	char foot[256];

	if (state->typing)
		snprintf(foot, sizeof(foot), "Filter: %s_", state->filter);
	else if (*state->filter)
		snprintf(foot, sizeof(foot), "%s, filter '%s' hides %zu, Esc ends it; %s",
			 sort_names[state->sort], state->filter, lines->hidden,
			 "h help, q quit");
	else
		snprintf(foot, sizeof(foot), "by %s%s; s:sort /:filter Enter:open Tab:%s space:freeze h:help q:quit",
			 sort_names[state->sort],
			 state->reverse ? " reversed" : "",
			 state->flat ? "VMs" : "domains");
	attrset(A_BOLD);
	text_put(LINES - 1, 0, foot, COLS);
	attrset(A_NORMAL);
}

static void help_put(void)
{
	static const char *const help[] = {
		"Each line is a VM (a process that uses VFIO) with what its domains have",
		"mapped, the share of 1G, 2M and 4K leaves as G, M and K, calls and bytes",
		"a second, the age of its oldest call that has not returned, and calls",
		"that were refused. ~: not all of it was seen. -: not known.",
		"",
		"  Up Down PgUp PgDn Home End j k   move",
		"  Enter Right Left   open and close: calls, domains, devices, regions",
		"  Tab                VMs, or domains alone",
		"  /                  filter by name, PID, device or backend; Esc ends it",
		"  space              freeze: what is shown stays, keys still work",
		"  s > <              sort by the next, or the one before",
		"  m 4 c b p a x n    sort by mapped, bytes in 4K leaves, calls/s,",
		"                     bytes/s, pins/s, age, refused, name",
		"  r                  the other way round",
		"  h ?                this; any key leads back",
		"  q                  quit",
		NULL
	};

	for (int i = 0; help[i]; i++)
		text_put(i + 1, 0, help[i], COLS);
}

size_t screen_rows(const struct top *top)
{
	char *incident = head_incident(top);
	int rows = LINES - (incident ? 6 : 5);

	free(incident);
	return rows > 0 ? rows : 0;
}

void screen_draw(const struct top *top, const struct top_lines *lines,
		 const struct top_state *state, const char *status)
{
	struct layout layout = layout_fit(COLS);
	size_t rows = screen_rows(top);
	int row;

	erase();
	title_put(top, status);
	if (state->help) {
		help_put();
		refresh();
		return;
	}
	row = sentences_put(top);
	head_put(row++, &layout);
	for (size_t i = state->first; i < lines->nr && i < state->first + rows;
	     i++)
		line_put(row++, &layout, &lines->line[i], state,
			 i == state->cursor);
	foot_put(lines, state);
	refresh();
}

static int key_of(int key)
{
	switch (key) {
	case KEY_UP:
		return KEY_IS_UP;
	case KEY_DOWN:
		return KEY_IS_DOWN;
	case KEY_LEFT:
		return KEY_IS_LEFT;
	case KEY_RIGHT:
		return KEY_IS_RIGHT;
	case KEY_PPAGE:
		return KEY_IS_PAGE_UP;
	case KEY_NPAGE:
		return KEY_IS_PAGE_DOWN;
	case KEY_HOME:
		return KEY_IS_HOME;
	case KEY_END:
		return KEY_IS_END;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return KEY_IS_ENTER;
	case KEY_BACKSPACE:
	case '\b':
	case 0x7f:
		return KEY_IS_ERASE;
	case '\t':
		return KEY_IS_TAB;
	case '\033':
		return KEY_IS_ESCAPE;
	}
	return key < KEY_MIN ? key : 0;
}

/*
 * A terminal that has gone is no reason to turn for ever. A new size comes as a
 * key, after a signal has ended the wait.
 */
int screen_key(int ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int key = getch();

	if (key == ERR) {
		if (poll(&input, 1, ms) > 0 &&
		    input.revents & (POLLHUP | POLLERR))
			return 'q';
		key = getch();
	}
	return key == ERR ? -1 : key_of(key);
}
