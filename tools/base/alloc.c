// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, and text that is made in it. The tool cannot go on without memory,
 * so a failed allocation ends it here and no caller has to look.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fail.h"

void alloc_fail(void)
{
	fail(EXIT_RUNTIME, "out of memory");
}

void *alloc_zeroed(size_t nr, size_t size)
{
	/* calloc() of nothing may return NULL. */
	void *memory = calloc(nr ?: 1, size);

	if (!memory)
		alloc_fail();
	return memory;
}

/* What is behind the old end is not zeroed. */
void *alloc_more(void *old, size_t nr, size_t size)
{
	void *memory = reallocarray(old, nr ?: 1, size);

	if (!memory)
		alloc_fail();
	return memory;
}

char *alloc_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		alloc_fail();
	return copy;
}

char *alloc_vprint(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		alloc_fail();
	return text;
}

char *alloc_print(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = alloc_vprint(fmt, args);
	va_end(args);
	return text;
}
