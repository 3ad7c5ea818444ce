/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PAPER_H
#define IOVASCOPE_PAPER_H

#include <stddef.h>
#include <stdio.h>

/* Text that is composed in memory, by printing to @out. */
struct paper {
	char *text;
	size_t size;
	FILE *out;
};

void paper_open(struct paper *paper);

/* Ends it. The text is to be freed, and @paper->size is its length. */
char *paper_close(struct paper *paper);

/*
 * Ends it, and prints its first @max_lines lines to stdout, with control
 * characters made harmless.
 */
void paper_print(struct paper *paper, size_t max_lines);

#endif
