/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PAPER_H
#define IOVASCOPE_PAPER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Text that is composed in memory, by printing to @out; where there is no end
 * of it, only what is no whole line yet.
 */
struct paper {
	char *text;
	size_t size;
	FILE *out;
	size_t room;
	size_t printed;
};

void paper_open(struct paper *paper);

/* Ends it. The text is to be freed, and @paper->size is its length. */
char *paper_close(struct paper *paper);

/* What is printed at most: rows of so many characters, the last one cut. */
struct page {
	size_t rows;
	size_t columns;
};

#define PAGE_ENDLESS	((struct page){ SIZE_MAX, SIZE_MAX })

/*
 * Text for stdout, without what clean_bad() says must not reach a terminal. On
 * an endless page each line is printed as soon as it is whole.
 */
void paper_begin(struct paper *paper, struct page page);

/* Ends what paper_begin() began, and prints what fits on that page. */
void paper_print(struct paper *paper, struct page page);

#endif
