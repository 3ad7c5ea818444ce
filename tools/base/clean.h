/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_CLEAN_H
#define IOVASCOPE_CLEAN_H

#include <stddef.h>

/*
 * Bytes of the character at @s when it must not reach a terminal, or 0: one
 * that controls it, one that turns the order of the text around, and what is no
 * UTF-8. A newline is one of them.
 */
size_t clean_bad(const char *s);

/* Puts a '?' in the place of each such character. */
void clean_word(char *word);

/* Bytes of the first @max characters. */
size_t clean_len(const char *word, size_t max);

#endif
