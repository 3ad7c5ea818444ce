/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * devdir.h - one debugfs directory for each device behind the IOMMU
 */
#ifndef IVS_DEVDIR_H
#define IVS_DEVDIR_H

#include <linux/fs.h>
#include <linux/types.h>

struct dentry;

/* A device, as its files name it; does not change while they exist. */
struct ivs_bdf {
	u32 segment;
	u16 rid;
};

int ivs_devdir_init(struct dentry *root);
void ivs_devdir_exit(void);
int ivs_devdir_each(int (*fn)(void *ctx, u32 segment, u16 rid), void *ctx);

extern const struct file_operations ivs_summary_fops;
extern const struct file_operations ivs_runs_fops;
extern const struct file_operations ivs_pagemap_fops;

#endif /* IVS_DEVDIR_H */
