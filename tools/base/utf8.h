/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_UTF8_H
#define IOVASCOPE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The code point of a sequence of @len bytes. */
static inline uint32_t utf8_code(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t code = len < 2 ? s[0] : s[0] & (0xff >> (len + 1));

	for (size_t i = 1; i < len; i++)
		code = code << 6 | (s[i] & 0x3f);
	return code;
}

/* Length of the well-formed UTF-8 sequence at @text, 0 when there is none. */
static inline size_t utf8_len(const char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 :
		     s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	uint32_t code;

	if (len < 2)
		return len;
	for (size_t i = 1; i < len; i++)
		if (s[i] >> 6 != 2)
			return 0;
	code = utf8_code(text, len);
	/* Longer than it has to be, beyond the last, or half a pair. */
	if (code < least[len] || code > 0x10ffff || code >> 11 == 0x1b)
		return 0;
	return len;
}

#endif
