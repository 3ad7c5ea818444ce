// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text for the terminal is composed in memory first, because it is cleaned and
 * cut when it is complete. A process chooses its own name: control characters
 * in it must not command the terminal of the user who reads it.
 */
#include <stdlib.h>

#include "alloc.h"
#include "paper.h"

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

/* Bytes of the control character at s (C0, DEL, or C1 in UTF-8), or 0. */
static int control_len(const unsigned char *s)
{
	if (s[0] < ' ' || s[0] == 0x7f)
		return 1;
	return s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0 ? 2 : 0;
}

static void clean_print(const char *text, size_t max_lines)
{
	while (*text && max_lines) {
		int control = control_len((const unsigned char *)text);

		if (*text == '\n')
			max_lines--;
		putchar(control && *text != '\n' ? '?' : *text);
		text += control ?: 1;
	}
}

void paper_print(struct paper *paper, size_t max_lines)
{
	char *text = paper_close(paper);

	clean_print(text, max_lines);
	free(text);
}
