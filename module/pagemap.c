// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagemap.c - devices/<bdf>/pagemap: the page table in binary, from any IOVA on
 *
 * Model. uapi/iovascope.h says what a reader sees. A read finds the device's
 * page table anew, walks it from the file's position, and hands each record
 * over as soon as it is complete: no buffer between, and the position is all
 * that is kept from one read to the next.
 *
 * Locking: one mutex an open file, because it owns the room for the walk.
 * Nothing else is held while user memory is written.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "backing.h"
#include "context.h"
#include "devdir.h"
#include "run.h"
#include "uapi/iovascope.h"

#define RECORD sizeof(struct iovascope_pagemap)

/* One open file, and the read under way. */
struct reader {
	/* One read at a time: all of the below. */
	struct mutex lock;
	struct ivs_bdf bdf;
	struct ivs_runs runs;
	char __user *to;
	size_t room;
	size_t done;
	u64 pos;
	struct ivs_walk walk;
};

static int put_record(struct ivs_runs *runs, const struct ivs_run *run)
{
	struct reader *reader = container_of(runs, struct reader, runs);
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

static int read_records(struct reader *reader)
{
	struct ivs_context context;
	int ret;

	if (ivs_context_find(reader->bdf.segment, reader->bdf.rid, &context))
		return 0;
	ivs_runs_init(&reader->runs);
	ret = ivs_context_walk(&context, &reader->walk, &reader->runs.visitor,
			       reader->pos);
	if (!ret)
		ret = ivs_runs_end(&reader->runs);
	return ret;
}

static ssize_t pagemap_read(struct file *file, char __user *to, size_t room,
			    loff_t *ppos)
{
	struct reader *reader = file->private_data;
	int ret;

	if (room < RECORD)
		return -EINVAL;
	if (mutex_lock_interruptible(&reader->lock))
		return -EINTR;
	reader->to = to;
	reader->room = min_t(size_t, room, MAX_RW_COUNT);
	reader->done = 0;
	reader->pos = *ppos;
	ret = read_records(reader);
	if (reader->done) {
		*ppos = reader->pos;
		ret = reader->done;
	}
	mutex_unlock(&reader->lock);
	return ret;
}

static loff_t pagemap_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence,
				 ivs_walk_end(&ivs_format_second,
					      IVS_MAX_LEVELS));
}

static int pagemap_open(struct inode *inode, struct file *file)
{
	struct reader *reader = kvzalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	mutex_init(&reader->lock);
	reader->bdf = *(const struct ivs_bdf *)inode->i_private;
	reader->runs.alike = ivs_backing_alike;
	reader->runs.done = put_record;
	reader->runs.by_leaf = true;
	file->private_data = reader;
	return 0;
}

static int pagemap_release(struct inode *inode, struct file *file)
{
	kvfree(file->private_data);
	return 0;
}

const struct file_operations ivs_pagemap_fops = {
	.owner = THIS_MODULE,
	.open = pagemap_open,
	.read = pagemap_read,
	.llseek = pagemap_llseek,
	.release = pagemap_release,
};
