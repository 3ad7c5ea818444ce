/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_NEAR_H
#define IOVASCOPE_NEAR_H

#include <stddef.h>

struct json_object;

/* Of what has been offered, the word that was probably meant. */
struct near {
	const char *word;
	const char *best;
	size_t slips;
};

struct near near_begin(const char *word);
void near_offer(struct near *near, const char *offer);

/* By value, so that calls nest: "" or ": did you mean 'show'?" */
struct hint {
	char s[96];
};

struct hint near_end(const struct near *near);

/* The same of the names of a tree's members. */
struct hint near_member(struct json_object *tree, const char *word);

#endif
