/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * census_file.h - the census of all devices, and that of one, as files
 */
#ifndef IVS_CENSUS_FILE_H
#define IVS_CENSUS_FILE_H

#include <linux/fs.h>

struct seq_file;

extern const struct file_operations ivs_census_fops;
extern const struct file_operations ivs_summary_fops;

void ivs_census_schema(struct seq_file *m);

#endif /* IVS_CENSUS_FILE_H */
