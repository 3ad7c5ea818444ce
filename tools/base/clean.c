// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process chooses its own name, and a file of another machine may hold any:
 * what they are called must neither command the terminal of the user who reads
 * it, nor forge a line of a table, nor turn what stands behind it around.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "clean.h"
#include "utf8.h"

/* Marks, embeddings, overrides and isolates of direction, and separators. */
static bool turns_around(uint32_t code)
{
	return code == 0x61c || (code >= 0x200e && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

size_t clean_bad(const char *s)
{
	size_t len = utf8_len(s);
	uint32_t code;

	if (!len)
		return 1;
	code = utf8_code(s, len);
	/* C0, DEL and C1. */
	if (code < ' ' || (code >= 0x7f && code < 0xa0) || turns_around(code))
		return len;
	return 0;
}

void clean_word(char *word)
{
	char *to = word;

	while (*word) {
		size_t bad = clean_bad(word), len = bad ?: utf8_len(word);

		if (bad)
			*to++ = '?';
		else
			to = memmove(to, word, len) + len;
		word += len;
	}
	*to = '\0';
}

size_t clean_len(const char *word, size_t max)
{
	const char *end = word;

	while (*end && max--)
		end += utf8_len(end) ?: 1;
	return end - word;
}
