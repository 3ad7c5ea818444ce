// SPDX-License-Identifier: GPL-2.0-only
/*
 * runs.c - devices/<bdf>/runs: one line a run, from any IOVA on
 *
 * Model. The position in the file is an IOVA, not a count of characters, so
 * that a reader can go to an IOVA and a small buffer never makes us walk again
 * what was walked before (reader.c). The line at hand is kept with the open
 * file until all of it was handed over, however few bytes at a time; only then
 * does the position move behind its run. Every start, after open() and after
 * each lseek(), begins with the format line.
 *
 * Since a position within a line means nothing, pread() is refused (ESPIPE).
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "../base/text.h"
#include "census.h"
#include "reader.h"

/* Ten numbers of up to 20 digits, and their keys. */
#define LINE_MAX_BYTES 384

/**
 * struct lines - one open file; its reader's lock is for all of it
 * @reader: first, since it frees all of this
 * @text: the line at hand
 * @len: its length
 * @given: of that, handed over
 * @next: position once all of it is
 */
struct lines {
	struct ivs_reader reader;
	char text[LINE_MAX_BYTES];
	unsigned int len;
	unsigned int given;
	u64 next;
};

static struct lines *to_lines(struct ivs_reader *reader)
{
	return container_of(reader, struct lines, reader);
}

/* Returns 0 when all of the line was copied, 1 when the buffer is full. */
static int lines_copy_out(struct lines *lines)
{
	struct ivs_reader *reader = &lines->reader;
	size_t nr = min_t(size_t, lines->len - lines->given,
			  reader->room - reader->done);

	if (copy_to_user(reader->to + reader->done, lines->text + lines->given,
			 nr))
		return -EFAULT;
	reader->done += nr;
	lines->given += nr;
	if (lines->given < lines->len)
		return 1;
	reader->pos = lines->next;
	return reader->done == reader->room;
}

static int lines_put_run(struct ivs_runs *runs, const struct ivs_run *run)
{
	struct ivs_reader *reader = container_of(runs, struct ivs_reader, runs);
	struct lines *lines = to_lines(reader);
	u64 best[IVS_NR_LEAVES] = { };

	if (!run->torn)
		ivs_census_best(reader->context.pgsizes, run->iova, run->phys,
				run->last - run->iova + 1,
				reader->context.levels, best, NULL);
	lines->len = scnprintf(lines->text, sizeof(lines->text),
			       "0x%llx last=0x%llx phys=0x%llx leaves_4k=%llu leaves_2m=%llu leaves_1g=%llu best_4k=%llu best_2m=%llu best_1g=%llu write=%d mmio=%d torn=%d\n",
			       run->iova, run->last, run->phys,
			       run->leaves[IVS_LEAF_4K],
			       run->leaves[IVS_LEAF_2M],
			       run->leaves[IVS_LEAF_1G], best[IVS_LEAF_4K],
			       best[IVS_LEAF_2M], best[IVS_LEAF_1G],
			       run->write, run->mmio, run->torn);
	lines->given = 0;
	lines->next = run->last + 1;
	return lines_copy_out(lines);
}

/* Reading begins anew at @pos, with the format line. */
static void lines_start(struct lines *lines, u64 pos)
{
	lines->len = scnprintf(lines->text, sizeof(lines->text), "format %d\n",
			       IVS_FORMAT);
	lines->given = 0;
	lines->next = pos;
	lines->reader.pos = pos;
}

static int runs_fill(struct ivs_reader *reader, u64 pos)
{
	struct lines *lines = to_lines(reader);
	int ret;

	if (pos != reader->pos)
		lines_start(lines, pos);
	ret = lines_copy_out(lines);
	return ret ? ret : ivs_reader_walk(reader);
}

static ssize_t runs_read(struct file *file, char __user *to, size_t room,
			 loff_t *ppos)
{
	if (!room)
		return 0;
	return ivs_reader_read(file->private_data, to, room, ppos, runs_fill);
}

static loff_t runs_llseek(struct file *file, loff_t offset, int whence)
{
	struct ivs_reader *reader = file->private_data;
	loff_t pos;

	if (mutex_lock_interruptible(&reader->lock))
		return -EINTR;
	pos = ivs_reader_llseek(file, offset, whence);
	if (pos >= 0)
		lines_start(to_lines(reader), pos);
	mutex_unlock(&reader->lock);
	return pos;
}

static int runs_open(struct inode *inode, struct file *file)
{
	struct ivs_reader *reader =
		ivs_reader_new(inode, sizeof(struct lines), lines_put_run);

	if (!reader)
		return -ENOMEM;
	lines_start(to_lines(reader), 0);
	file->private_data = reader;
	file->f_mode &= ~FMODE_PREAD;
	return 0;
}

const struct file_operations ivs_runs_fops = {
	.owner = THIS_MODULE,
	.open = runs_open,
	.read = runs_read,
	.llseek = runs_llseek,
	.release = ivs_reader_release,
};
