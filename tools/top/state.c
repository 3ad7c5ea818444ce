// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keys do. The state knows neither the terminal nor where numbers come
 * from: it is turned by keys, and follows the lines as they come and go. What
 * was opened stays open for as long as the program runs, whether it is there
 * or not: a module that is loaded anew has the same VMs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lines.h"
#include "state.h"

const char *const sort_names[NR_SORTS] = {
	[SORT_MAPPED] = "mapped",
	[SORT_4K] = "4K",
	[SORT_CALLS] = "calls",
	[SORT_BYTES] = "bytes",
	[SORT_PINS] = "pins",
	[SORT_AGE] = "age",
	[SORT_REFUSED] = "refused",
	[SORT_NAME] = "name",
};

static const char sort_letters[NR_SORTS + 1] = "m4cbpaxn";

static size_t open_at(const struct top_state *state, const char *key)
{
	size_t i = 0;

	while (i < state->nr_open && strcmp(state->open[i], key))
		i++;
	return i;
}

bool state_is_open(const struct top_state *state, const char *key)
{
	return open_at(state, key) < state->nr_open;
}

static void open_set(struct top_state *state, const char *key, bool open)
{
	size_t at = open_at(state, key);
	bool is_open = at < state->nr_open;

	if (open == is_open)
		return;
	if (open) {
		state->open = alloc_more(state->open, state->nr_open + 1,
					 sizeof(*state->open));
		state->open[state->nr_open++] = alloc_copy(key);
	} else {
		free(state->open[at]);
		state->open[at] = state->open[--state->nr_open];
	}
}

static void select_line(struct top_state *state, const struct top_lines *lines,
			size_t rows, size_t at)
{
	if (at >= lines->nr)
		at = lines->nr ? lines->nr - 1 : 0;
	state->cursor = at;
	free(state->selected);
	state->selected = lines->nr ? alloc_copy(lines->line[at].key) : NULL;
	if (at < state->first)
		state->first = at;
	if (rows && at >= state->first + rows)
		state->first = at - rows + 1;
	/* No row is left empty while there are lines above. */
	if (state->first + rows > lines->nr)
		state->first = lines->nr > rows ? lines->nr - rows : 0;
}

void state_follow(struct top_state *state, const struct top_lines *lines,
		  size_t rows)
{
	size_t at = 0;

	while (state->selected && at < lines->nr &&
	       strcmp(lines->line[at].key, state->selected))
		at++;
	/* Who has gone leaves the place to the next. */
	if (!state->selected || at == lines->nr)
		at = state->cursor;
	select_line(state, lines, rows, at);
}

/* To the left of what cannot be closed is what it belongs to. */
static void close_line(struct top_state *state, const struct top_lines *lines,
		       size_t rows)
{
	const struct top_line *line = &lines->line[state->cursor];
	size_t at = state->cursor;

	if (line->has_more && state_is_open(state, line->key)) {
		open_set(state, line->key, false);
		return;
	}
	while (at && lines->line[at].depth >= line->depth)
		at--;
	select_line(state, lines, rows, at);
}

static void line_key(struct top_state *state, const struct top_lines *lines,
		     size_t rows, int key)
{
	const struct top_line *line;

	if (!lines->nr)
		return;
	line = &lines->line[state->cursor];
	if (key == KEY_IS_LEFT)
		close_line(state, lines, rows);
	else if (line->has_more)
		open_set(state, line->key, key == KEY_IS_RIGHT ||
			 !state_is_open(state, line->key));
}

static void move_key(struct top_state *state, const struct top_lines *lines,
		     size_t rows, int key)
{
	size_t at = state->cursor;

	if (key == KEY_IS_UP)
		at -= at > 0;
	else if (key == KEY_IS_DOWN)
		at++;
	else if (key == KEY_IS_PAGE_UP)
		at -= at < rows ? at : rows;
	else if (key == KEY_IS_PAGE_DOWN)
		at += rows;
	else
		at = key == KEY_IS_HOME ? 0 : lines->nr;
	select_line(state, lines, rows, at);
}

static void filter_erase(char *filter)
{
	size_t len = strlen(filter);

	if (len)
		filter[len - 1] = '\0';
}

static void filter_add(char *filter, size_t size, int code)
{
	size_t len = strlen(filter);

	if (code >= ' ' && code < 0x7f && len + 1 < size) {
		filter[len] = code;
		filter[len + 1] = '\0';
	}
}

static void typing_key(struct top_state *state, int key)
{
	if (key == KEY_IS_ENTER || key == KEY_IS_ESCAPE)
		state->typing = false;
	if (key == KEY_IS_ESCAPE)
		*state->filter = '\0';
	else if (key == KEY_IS_ERASE)
		filter_erase(state->filter);
	else
		filter_add(state->filter, sizeof(state->filter), key);
}

static void sort_key(struct top_state *state, int key)
{
	const char *letter = key < 0x7f ? strchr(sort_letters, key) : NULL;

	if (letter && *letter)
		state->sort = letter - sort_letters;
	else if (key == 's' || key == '>')
		state->sort = (state->sort + 1) % NR_SORTS;
	else if (key == '<')
		state->sort = (state->sort + NR_SORTS - 1) % NR_SORTS;
}

static void letter_key(struct top_state *state, int key)
{
	switch (key) {
	case 'q':
		state->quit = true;
		break;
	case ' ':
		state->frozen = !state->frozen;
		break;
	case 'r':
		state->reverse = !state->reverse;
		break;
	case '/':
		state->typing = true;
		break;
	case KEY_IS_ESCAPE:
		*state->filter = '\0';
		break;
	case KEY_IS_TAB:
		state->flat = !state->flat;
		break;
	case 'h':
	case '?':
		state->help = true;
		break;
	default:
		sort_key(state, key);
	}
}

void state_key(struct top_state *state, const struct top_lines *lines,
	       size_t rows, int key)
{
	/* Any key leads back from the help. */
	if (state->help) {
		state->help = false;
		state->quit = key == 'q';
	} else if (state->typing) {
		typing_key(state, key);
	} else if (key == KEY_IS_LEFT || key == KEY_IS_RIGHT ||
		   key == KEY_IS_ENTER) {
		line_key(state, lines, rows, key);
	} else if (key >= KEY_IS_UP && key <= KEY_IS_END) {
		move_key(state, lines, rows, key);
	} else if (key == 'j' || key == 'k') {
		move_key(state, lines, rows,
			 key == 'j' ? KEY_IS_DOWN : KEY_IS_UP);
	} else {
		letter_key(state, key);
	}
}

void state_free(struct top_state *state)
{
	for (size_t i = 0; i < state->nr_open; i++)
		free(state->open[i]);
	free(state->open);
	free(state->selected);
}
