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

static void clean_print(const char *text, size_t max_lines)
{
	while (*text && max_lines) {
		size_t bad = *text == '\n' ? 0 : clean_bad(text);
		size_t len = bad ?: utf8_len(text);

		if (*text == '\n')
			max_lines--;
		if (bad)
			putchar('?');
		else
			fwrite(text, 1, len, stdout);
		text += len;
	}
}

void paper_print(struct paper *paper, size_t max_lines)
{
	char *text = paper_close(paper);

	clean_print(text, max_lines);
	free(text);
}
