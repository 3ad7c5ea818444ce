/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader.h - an open file that walks a device's page table
 */
#ifndef IVS_READER_H
#define IVS_READER_H

#include <linux/fs.h>
#include <linux/mutex.h>

#include "../base/op.h"
#include "context.h"
#include "run.h"

/**
 * struct ivs_reader - one open file, and the read under way
 * @lock: around all of the below
 * @bdf: whose page table
 * @context: how that device was translated when this read began
 * @runs: joins what the walk finds; its @done puts runs into the buffer
 * @to: the buffer, in user memory
 * @room: bytes of it
 * @done: of those, written
 * @pos: IOVA from which the walk goes on
 * @walk: room for the walk
 */
struct ivs_reader {
	/* One read at a time. */
	struct mutex lock;
	struct ivs_bdf bdf;
	struct ivs_context context;
	struct ivs_runs runs;
	char __user *to;
	size_t room;
	size_t done;
	u64 pos;
	struct ivs_walk walk;
};

struct ivs_reader *
ivs_reader_new(const struct inode *inode, size_t bytes,
	       int (*done)(struct ivs_runs *runs, const struct ivs_run *run));
int ivs_reader_release(struct inode *inode, struct file *file);
int ivs_reader_walk(struct ivs_reader *reader);
ssize_t ivs_reader_read(struct ivs_reader *reader, char __user *to, size_t room,
			loff_t *ppos,
			int (*fill)(struct ivs_reader *reader, u64 pos));
loff_t ivs_reader_llseek(struct file *file, loff_t offset, int whence);

extern const struct file_operations ivs_runs_fops;
extern const struct file_operations ivs_pagemap_fops;

#endif /* IVS_READER_H */
