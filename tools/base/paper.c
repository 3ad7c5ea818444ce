// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text for the terminal is composed in memory first, because it is cleaned and
 * cut when it is complete. Where nothing is cut, a line is complete when it
 * ends: a gigabyte of them takes no memory.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

static size_t plain_len(const char *text)
{
	size_t len = 0;

	while ((text[len] >= ' ' && text[len] <= '~') || text[len] == '\n')
		len++;
	return len;
}

static void lines_print(const char *text)
{
	while (*text) {
		size_t len = plain_len(text);

		if (len)
			fwrite(text, 1, len, stdout);
		else
			len = char_print(text);
		text += len;
	}
}

/* Prints the lines that are whole, and keeps what follows them. */
static void paper_flush(struct paper *paper)
{
	char *end = memrchr(paper->text, '\n', paper->size);
	size_t len = end ? end + 1 - paper->text : 0;
	char next = paper->text[len];

	if (!len)
		return;
	paper->text[len] = '\0';
	lines_print(paper->text);
	paper->text[len] = next;
	paper->size -= len;
	memmove(paper->text, paper->text + len, paper->size + 1);
}

static ssize_t paper_take(void *cookie, const char *text, size_t size)
{
	struct paper *paper = cookie;

	if (paper->size + size + 1 > paper->room) {
		paper->room = 2 * (paper->size + size + 1);
		paper->text = alloc_more(paper->text, paper->room, 1);
	}
	memcpy(paper->text + paper->size, text, size);
	paper->size += size;
	paper->printed += size;
	paper->text[paper->size] = '\0';
	paper_flush(paper);
	return size;
}

/* Tables ask whether anything has been printed before them: ftell(). */
static int paper_seek(void *cookie, off64_t *offset, int whence)
{
	struct paper *paper = cookie;

	if (whence != SEEK_CUR || *offset)
		return -1;
	*offset = paper->printed;
	return 0;
}

static bool is_endless(struct page page)
{
	return page.rows == SIZE_MAX;
}

void paper_begin(struct paper *paper, struct page page)
{
	static const cookie_io_functions_t functions = {
		.write = paper_take, .seek = paper_seek,
	};

	if (!is_endless(page)) {
		paper_open(paper);
		return;
	}
	*paper = (struct paper){ .room = BUFSIZ };
	paper->text = alloc_zeroed(paper->room, 1);
	paper->out = fopencookie(paper, "w", functions);
	if (!paper->out)
		alloc_fail();
}

void paper_print(struct paper *paper, struct page page)
{
	char *text = paper_close(paper);

	if (is_endless(page))
		lines_print(text);
	else
		page_print(text, page);
	free(text);
}
