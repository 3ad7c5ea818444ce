/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rows.h - the functions that are probed
 */
#ifndef IVS_ROWS_H
#define IVS_ROWS_H

struct seq_file;

int ivs_rows_init(const char *skip);
void ivs_rows_show(struct seq_file *m);

#endif /* IVS_ROWS_H */
