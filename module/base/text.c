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

/**
 * ivs_text_schema - describe one key
 * @m: where
 * @key: the key
 * @where: files it appears in, IVS_IN_*; 0 for the histograms
 * @kind: counter, max, gauge or hist
 * @unit: what it ends in
 * @help: one sentence
 */
void ivs_text_schema(struct seq_file *m, const char *key, unsigned int where,
		     const char *kind, const char *unit, const char *help)
{
	static const char *const files[] = { "counters", "processes",
					     "domains", "census", "info" };
	const char *comma = "";
	unsigned int i;

	seq_printf(m, "%s in=", key);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (!(where & BIT(i)))
			continue;
		seq_printf(m, "%s%s", comma, files[i]);
		comma = ",";
	}
	if (!where)
		seq_puts(m, "hist");
	seq_printf(m, " kind=%s unit=%s", kind, unit);
	ivs_text_pair(m, "help", help);
	seq_putc(m, '\n');
}
