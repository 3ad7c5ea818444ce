// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - write the debugfs grammar
 *
 * Numbers are plain decimal in the unit their key ends in. A word is printable
 * ASCII; anything else in it, and the characters the grammar uses itself, is
 * written as a backslash and three octal digits, as /proc/mounts does. So a
 * process may call itself what it likes without breaking a line.
 */
#include <linux/ctype.h>
#include <linux/string.h>

#include "text.h"

/* ivs_text_format - the first line of every file */
void ivs_text_format(struct seq_file *m)
{
	seq_printf(m, "format %d\n", IVS_FORMAT);
}

/* ivs_text_word - write one word, escaped */
void ivs_text_word(struct seq_file *m, const char *word)
{
	for (; *word; word++) {
		unsigned char c = *word;

		if (isascii(c) && isgraph(c) && !strchr("\\=,", c))
			seq_putc(m, c);
		else
			seq_printf(m, "\\%03o", c);
	}
}

/* ivs_text_pair - write ` key=word`, the word escaped */
void ivs_text_pair(struct seq_file *m, const char *key, const char *word)
{
	seq_printf(m, " %s=", key);
	ivs_text_word(m, word);
}

/* ivs_text_flat - an ivs_sink that writes flat keyed lines to a seq_file */
void ivs_text_flat(void *m, const char *key, u64 value)
{
	seq_printf(m, "%s %llu\n", key, value);
}

/* ivs_text_nested - an ivs_sink that writes nested keyed pairs */
void ivs_text_nested(void *m, const char *key, u64 value)
{
	seq_printf(m, " %s=%llu", key, value);
}
