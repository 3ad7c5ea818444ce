/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * devdir.h - one debugfs directory for each device behind the IOMMU
 */
#ifndef IVS_DEVDIR_H
#define IVS_DEVDIR_H

#include <linux/fs.h>

struct dentry;
struct ivs_bdf;

/**
 * struct ivs_file - a file to be made
 * @name: its name; NULL ends a list of them
 * @fops: what reads it
 */
struct ivs_file {
	const char *name;
	const struct file_operations *fops;
};

int ivs_devdir_init(struct dentry *root, const struct ivs_file *files);
void ivs_devdir_exit(void);
int ivs_devdir_each(int (*fn)(void *ctx, const struct ivs_bdf *bdf,
			      const struct ivs_bdf *requester), void *ctx);

#endif /* IVS_DEVDIR_H */
