// SPDX-License-Identifier: GPL-2.0-only
/*
 * runs.c - devices/<bdf>/runs: one line a run, from any IOVA on
 *
 * Model. The position in the file is an IOVA, not a count of characters, so
 * that a reader can go to an IOVA and a small buffer never makes us walk again
 * what was walked before. The line at hand is kept with the open file until all
 * of it was handed over, however few bytes at a time; only then does the
 * position move behind its run. Every start, after open() and after each
 * lseek(), begins with the format line.
 *
 * Since a position within a line means nothing, pread() is refused (ESPIPE).
 *
 * Locking: one mutex an open file; nothing else is held while user memory is
 * written.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "backing.h"
#include "census.h"
#include "context.h"
#include "devdir.h"
#include "run.h"
#include "text.h"

/* Ten numbers of up to 20 digits, and their keys. */
#define LINE_MAX_BYTES 384

/* One open file, and the read under way. */
struct reader {
	/* One read at a time: all of the below. */
	struct mutex lock;
	struct ivs_bdf bdf;
	struct ivs_runs runs;
	struct ivs_context context;
	char line[LINE_MAX_BYTES];
	unsigned int len;
	unsigned int given;
	u64 pos;
	u64 next;
	char __user *to;
	size_t room;
	size_t done;
	struct ivs_walk walk;
};

/* 0: all of the line was given, 1: the reader's buffer is full. */
static int give(struct reader *reader)
{
	size_t nr = min_t(size_t, reader->len - reader->given,
			  reader->room - reader->done);

	if (copy_to_user(reader->to + reader->done,
			 reader->line + reader->given, nr))
		return -EFAULT;
	reader->done += nr;
	reader->given += nr;
	if (reader->given < reader->len)
		return 1;
	reader->pos = reader->next;
	return reader->done == reader->room;
}

static int put_run(struct ivs_runs *runs, const struct ivs_run *run)
{
	struct reader *reader = container_of(runs, struct reader, runs);
	u64 best[IVS_NR_LEAVES] = { };

	if (!run->torn)
		ivs_census_best(reader->context.pgsizes, run->iova, run->phys,
				run->last - run->iova + 1,
				reader->context.levels, best, NULL);
	reader->len = scnprintf(reader->line, sizeof(reader->line),
				"0x%llx last=0x%llx phys=0x%llx leaves_4k=%llu leaves_2m=%llu leaves_1g=%llu best_4k=%llu best_2m=%llu best_1g=%llu write=%d mmio=%d torn=%d\n",
				run->iova, run->last, run->phys,
				run->leaves[IVS_LEAF_4K],
				run->leaves[IVS_LEAF_2M],
				run->leaves[IVS_LEAF_1G], best[IVS_LEAF_4K],
				best[IVS_LEAF_2M], best[IVS_LEAF_1G],
				run->write, run->mmio, run->torn);
	reader->given = 0;
	reader->next = run->last + 1;
	return give(reader);
}

static int read_lines(struct reader *reader)
{
	int ret = give(reader);

	if (ret)
		return ret;
	if (ivs_context_find(reader->bdf.segment, reader->bdf.rid,
			     &reader->context))
		return 0;
	ivs_runs_init(&reader->runs);
	ret = ivs_context_walk(&reader->context, &reader->walk,
			       &reader->runs.visitor, reader->pos);
	if (!ret)
		ret = ivs_runs_end(&reader->runs);
	return ret;
}

/* The first thing to be read from here on is the format line. */
static void start_at(struct reader *reader, u64 pos)
{
	reader->len = scnprintf(reader->line, sizeof(reader->line),
				"format %d\n", IVS_FORMAT);
	reader->given = 0;
	reader->pos = pos;
	reader->next = pos;
}

static ssize_t runs_read(struct file *file, char __user *to, size_t room,
			 loff_t *ppos)
{
	struct reader *reader = file->private_data;
	int ret;

	if (!room)
		return 0;
	if (mutex_lock_interruptible(&reader->lock))
		return -EINTR;
	if (*ppos != reader->pos)
		start_at(reader, *ppos);
	reader->to = to;
	reader->room = min_t(size_t, room, MAX_RW_COUNT);
	reader->done = 0;
	ret = read_lines(reader);
	*ppos = reader->pos;
	if (reader->done)
		ret = reader->done;
	mutex_unlock(&reader->lock);
	return ret;
}

static loff_t runs_llseek(struct file *file, loff_t offset, int whence)
{
	struct reader *reader = file->private_data;
	loff_t pos;

	if (mutex_lock_interruptible(&reader->lock))
		return -EINTR;
	pos = fixed_size_llseek(file, offset, whence,
				ivs_walk_end(&ivs_format_second,
					     IVS_MAX_LEVELS));
	if (pos >= 0)
		start_at(reader, pos);
	mutex_unlock(&reader->lock);
	return pos;
}

static int runs_open(struct inode *inode, struct file *file)
{
	struct reader *reader = kvzalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	mutex_init(&reader->lock);
	reader->bdf = *(const struct ivs_bdf *)inode->i_private;
	reader->runs.alike = ivs_backing_alike;
	reader->runs.done = put_run;
	start_at(reader, 0);
	file->private_data = reader;
	file->f_mode &= ~FMODE_PREAD;
	return 0;
}

static int runs_release(struct inode *inode, struct file *file)
{
	kvfree(file->private_data);
	return 0;
}

const struct file_operations ivs_runs_fops = {
	.owner = THIS_MODULE,
	.open = runs_open,
	.read = runs_read,
	.llseek = runs_llseek,
	.release = runs_release,
};
