// SPDX-License-Identifier: GPL-2.0-only
/*
 * What somebody meant who mistyped: the word that is reached by the fewest
 * slips, if these are few for its length. A slip is a letter too much, one too
 * few, another in its place, or two that changed places.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "near.h"
#include "tree.h"

#define MAX_WORD	64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Row by row of the usual table: two rows back is where a swap began. */
static size_t slips_between(const char *a, const char *b)
{
	size_t rows[3][MAX_WORD + 1], *old = rows[0], *row = rows[1];
	size_t *next = rows[2], nr = strlen(a), columns = strlen(b);

	if (nr > MAX_WORD || columns > MAX_WORD)
		return SIZE_MAX;
	for (size_t j = 0; j <= columns; j++)
		row[j] = j;
	for (size_t i = 1; i <= nr; i++) {
		size_t *spare = old;

		next[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			next[j] = least(least(row[j], next[j - 1]) + 1,
					row[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				next[j] = least(next[j], old[j - 2] + 1);
		}
		old = row;
		row = next;
		next = spare;
	}
	return row[columns];
}

struct near near_begin(const char *word)
{
	/* One in three letters may be wrong, but one letter is no hint. */
	return (struct near){ .word = word, .slips = strlen(word) / 3 + 1 };
}

void near_offer(struct near *near, const char *offer)
{
	size_t slips = slips_between(near->word, offer);

	if (slips >= near->slips || slips >= strlen(offer))
		return;
	near->slips = slips;
	near->best = offer;
}

struct hint near_end(const struct near *near)
{
	struct hint hint = { "" };

	if (near->best)
		snprintf(hint.s, sizeof(hint.s), ": did you mean '%s'?",
			 near->best);
	return hint;
}

struct hint near_member(struct json_object *tree, const char *word)
{
	struct near near = near_begin(word);

	tree_foreach(tree, name, val) {
		(void)val;
		near_offer(&near, name);
	}
	return near_end(&near);
}
