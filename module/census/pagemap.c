// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagemap.c - devices/<bdf>/pagemap: the page table in binary, from any IOVA on
 *
 * Model. uapi/iovascope.h says what a reader sees; reader.c how it is read.
 * Records are whole or not there at all, so that there is nothing to keep from
 * one read to the next but the position.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "../uapi/iovascope.h"
#include "reader.h"

#define RECORD sizeof(struct iovascope_pagemap)

static int pagemap_put(struct ivs_runs *runs, const struct ivs_run *run)
{
	struct ivs_reader *reader = container_of(runs, struct ivs_reader, runs);
	struct iovascope_pagemap record = {
		.iova = run->iova,
		.phys = run->phys,
		.bytes = run->last - run->iova + 1,
		.leaf_shift = run->torn ? 0 : ivs_leaf_shift(run->leaf),
	};

	if (run->write)
		record.flags |= IOVASCOPE_PAGEMAP_WRITE;
	if (run->mmio)
		record.flags |= IOVASCOPE_PAGEMAP_MMIO;
	if (run->torn)
		record.flags |= IOVASCOPE_PAGEMAP_TORN;
	if (copy_to_user(reader->to + reader->done, &record, RECORD))
		return -EFAULT;
	reader->done += RECORD;
	reader->pos = run->last + 1;
	return reader->room - reader->done < RECORD;
}

static int pagemap_fill(struct ivs_reader *reader, u64 pos)
{
	reader->pos = pos;
	return ivs_reader_walk(reader);
}

static ssize_t pagemap_read(struct file *file, char __user *to, size_t room,
			    loff_t *ppos)
{
	if (room < RECORD)
		return -EINVAL;
	return ivs_reader_read(file->private_data, to, room, ppos,
			       pagemap_fill);
}

static int pagemap_open(struct inode *inode, struct file *file)
{
	struct ivs_reader *reader =
		ivs_reader_new(inode, sizeof(*reader), pagemap_put);

	if (!reader)
		return -ENOMEM;
	reader->runs.by_leaf = true;
	file->private_data = reader;
	return 0;
}

const struct file_operations ivs_pagemap_fops = {
	.owner = THIS_MODULE,
	.open = pagemap_open,
	.read = pagemap_read,
	.llseek = ivs_reader_llseek,
	.release = ivs_reader_release,
};
