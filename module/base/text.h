/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * text.h - the one text grammar of the debugfs files
 *
 * cgroup-v2's: flat keyed lines (`key value`) and nested keyed lines
 * (`name k=v k=v`), after a first line `format 1`.
 */
#ifndef IVS_TEXT_H
#define IVS_TEXT_H

#include <linux/seq_file.h>
#include <linux/types.h>

#define IVS_FORMAT 1

/* Where a number goes when it is shown. */
struct ivs_sink {
	void (*emit)(void *ctx, const char *key, u64 value);
	void *ctx;
};

/* Where a counter appears. */
#define IVS_IN_COUNTERS  0x1
#define IVS_IN_PROCESSES 0x2
#define IVS_IN_DOMAINS   0x4
#define IVS_IN_CENSUS    0x8
#define IVS_IN_INFO      0x10

void ivs_text_format(struct seq_file *m);
void ivs_text_word(struct seq_file *m, const char *word);
void ivs_text_pair(struct seq_file *m, const char *key, const char *word);
void ivs_text_flat(void *m, const char *key, u64 value);
void ivs_text_nested(void *m, const char *key, u64 value);
void ivs_text_schema(struct seq_file *m, const char *key, unsigned int where,
		     const char *kind, const char *unit, const char *help);

#endif /* IVS_TEXT_H */
