/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_STATE_H
#define IOVASCOPE_TOP_STATE_H

#include <stdbool.h>
#include <stddef.h>

enum top_sort {
	SORT_MAPPED,
	SORT_4K,
	SORT_CALLS,
	SORT_BYTES,
	SORT_PINS,
	SORT_AGE,
	SORT_REFUSED,
	SORT_NAME,
	NR_SORTS
};

/* What the user has chosen. Lines are known by their keys. */
struct top_state {
	enum top_sort sort;
	bool reverse;
	/* All domains, not VMs. */
	bool flat;
	bool frozen;
	bool help;
	bool quit;
	/* The filter is being typed. */
	bool typing;
	char filter[64];
	char **open;
	size_t nr_open;
	char *selected;
	/* Of the lines, the selected one and the first on the screen. */
	size_t cursor;
	size_t first;
};

struct top_lines;

extern const char *const sort_names[NR_SORTS];

/* Keys of the keyboard that are no characters. */
enum top_key {
	KEY_IS_UP = 0x110000,
	KEY_IS_DOWN,
	KEY_IS_LEFT,
	KEY_IS_RIGHT,
	KEY_IS_PAGE_UP,
	KEY_IS_PAGE_DOWN,
	KEY_IS_HOME,
	KEY_IS_END,
	KEY_IS_ENTER,
	KEY_IS_ERASE,
	KEY_IS_ESCAPE,
	KEY_IS_TAB,
};

bool state_is_open(const struct top_state *state, const char *key);

/* What a key does to the state; @rows of the lines are on the screen. */
void state_key(struct top_state *state, const struct top_lines *lines,
	       size_t rows, int key);

/* Lines have been made anew: the same is selected, while it is there. */
void state_follow(struct top_state *state, const struct top_lines *lines,
		  size_t rows);
void state_free(struct top_state *state);

#endif
