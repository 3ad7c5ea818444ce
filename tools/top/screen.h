/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_SCREEN_H
#define IOVASCOPE_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct top;
struct top_lines;
struct top_state;

/* Ends the program where there is no terminal to draw on. */
void screen_begin(bool colour);

/* Also when it has not begun; what is drawn afterwards brings it back. */
void screen_end(void);

/* How many lines there is room for below the head. */
size_t screen_rows(const struct top *top);

/* @status: what else is to be said in the first line, or NULL. */
void screen_draw(const struct top *top, const struct top_lines *lines,
		 const struct top_state *state, const char *status);

/* The next key, or -1 when none was pressed for so long. */
int screen_key(int ms);

#endif
