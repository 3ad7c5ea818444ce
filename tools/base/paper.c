// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text for the terminal is composed in memory first, because it is cleaned and
 * cut when it is complete.
 */
#include <stdlib.h>

#include "alloc.h"
#include "clean.h"
#include "paper.h"
#include "utf8.h"

void paper_open(struct paper *paper)
{
	paper->out = open_memstream(&paper->text, &paper->size);
	if (!paper->out)
		alloc_fail();
}

char *paper_close(struct paper *paper)
{
	if (fclose(paper->out))
		alloc_fail();
	return paper->text;
}

/* The character at @text, or what stands for it; its length. */
static size_t char_print(const char *text)
{
	size_t bad = *text == '\n' ? 0 : clean_bad(text);
	size_t len = bad ?: utf8_len(text);

	if (bad)
		putchar('?');
	else
		fwrite(text, 1, len, stdout);
	return len;
}

/* A terminal goes on in the next row where a line is longer than a row. */
static void page_print(const char *text, struct page page)
{
	size_t row = 0, column = 0;
	const char *start = text;

	while (*text) {
		if (*text != '\n' && column++ == page.columns) {
			row++;
			column = 1;
		}
		if (row >= page.rows)
			break;
		if (*text == '\n') {
			row++;
			column = 0;
		}
		text += char_print(text);
	}
	/* A row that has been cut ends, too. */
	if (*text && text > start && text[-1] != '\n')
		putchar('\n');
}

void paper_print(struct paper *paper, struct page page)
{
	char *text = paper_close(paper);

	page_print(text, page);
	free(text);
}
