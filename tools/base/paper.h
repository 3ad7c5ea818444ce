/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PAPER_H
#define IOVASCOPE_PAPER_H

#include <stddef.h>
#include <stdint.h>
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

/* What is printed at most: rows of so many characters, the last one cut. */
struct page {
	size_t rows;
	size_t columns;
};

#define PAGE_ENDLESS	((struct page){ SIZE_MAX, SIZE_MAX })

/*
 * Ends it, and prints what fits on the page to stdout, without what clean_bad()
 * says must not reach a terminal.
 */
void paper_print(struct paper *paper, struct page page);

#endif
