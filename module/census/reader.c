// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader.c - what devices/<bdf>/runs and devices/<bdf>/pagemap have in common
 *
 * Model. The position in such a file is an IOVA. A read finds the device's page
 * table anew, walks it from there, and hands each run over as soon as it is
 * complete: no buffer between, and the position is all that has to be kept from
 * one read to the next.
 *
 * Lifetime: of the open file. Locking: one mutex an open file, because it owns
 * the room for the walk; nothing else is held while user memory is written.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "phys.h"
#include "reader.h"

/**
 * ivs_reader_new - for a file that is being opened
 * @inode: the file's; names the device
 * @bytes: to allocate: struct ivs_reader is the first member of what the file
 *	needs
 * @done: puts a run into the buffer; 1 when that is full, or -errno
 *
 * Return: all zero but for what is needed to read, or NULL.
 */
struct ivs_reader *
ivs_reader_new(const struct inode *inode, size_t bytes,
	       int (*done)(struct ivs_runs *runs, const struct ivs_run *run))
{
	struct ivs_reader *reader = kvzalloc(bytes, GFP_KERNEL);

	if (!reader)
		return NULL;
	mutex_init(&reader->lock);
	reader->bdf = *(const struct ivs_bdf *)inode->i_private;
	reader->runs.alike = ivs_phys_alike;
	reader->runs.done = done;
	return reader;
}

/* ivs_reader_release - the file's release() */
int ivs_reader_release(struct inode *inode, struct file *file)
{
	kvfree(file->private_data);
	return 0;
}

/**
 * ivs_reader_walk - put the runs from @reader->pos on into the buffer
 * @reader: locked, with a buffer
 *
 * Return: 0 when there are no more, 1 when the buffer is full, or -errno.
 */
int ivs_reader_walk(struct ivs_reader *reader)
{
	int ret;

	if (ivs_context_find(reader->bdf.segment, reader->bdf.rid,
			     &reader->context))
		return 0;
	ivs_runs_init(&reader->runs);
	ret = ivs_context_walk(&reader->context, &reader->walk,
			       &reader->runs.visitor, reader->pos);
	return ret ? ret : ivs_runs_end(&reader->runs);
}

/**
 * ivs_reader_read - the file's read()
 * @reader: of the file
 * @to: buffer
 * @room: bytes of it
 * @ppos: IOVA to read from; afterwards behind what was read
 * @fill: fills the buffer from an IOVA on; as ivs_reader_walk()
 *
 * Return: bytes written, 0 at the end, or -errno.
 */
ssize_t ivs_reader_read(struct ivs_reader *reader, char __user *to, size_t room,
			loff_t *ppos,
			int (*fill)(struct ivs_reader *reader, u64 pos))
{
	ssize_t ret;

	if (mutex_lock_interruptible(&reader->lock))
		return -EINTR;
	reader->to = to;
	reader->room = min_t(size_t, room, MAX_RW_COUNT);
	reader->done = 0;
	ret = fill(reader, *ppos);
	*ppos = reader->pos;
	if (reader->done)
		ret = reader->done;
	mutex_unlock(&reader->lock);
	return ret;
}

/* ivs_reader_llseek - to any IOVA that some table could reach */
loff_t ivs_reader_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence,
				 ivs_walk_end(&ivs_format_second,
					      IVS_MAX_LEVELS));
}
