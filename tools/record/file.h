/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_FILE_H
#define IOVASCOPE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What chunks of a recording are: once a head, then formats, then pages. */
enum chunk_kind {
	/* JSON: who recorded what, when and where. */
	CHUNK_HEAD = 1,
	/* "system\0" and tracefs' events/system/event/format. */
	CHUNK_FORMAT,
	/* A sub-buffer of the kernel's ring, as it was read. */
	CHUNK_PAGE,
	/* JSON: why it ended, and what was lost. */
	CHUNK_END,
};

/* @ring and @cpu are those of a page. */
struct chunk {
	enum chunk_kind kind;
	unsigned int ring;
	unsigned int cpu;
	const void *data;
	size_t bytes;
};

/* Why no more is taken; 0 while it is. */
enum file_stop {
	FILE_GOES_ON,
	FILE_LIMIT,
	FILE_FULL,
};

/* A recording that is being written. */
struct file_writer {
	const char *path;
	int fd;
	bool regular;
	uint64_t limit;
	uint64_t bytes;
	uint64_t reserved;
	enum file_stop stop;
	int error;
};

/* Ends the program when the file cannot be made; it is for its owner only. */
void file_create(struct file_writer *file, const char *path, uint64_t limit);

/* What no longer fits is left out, whole: @file->stop says so. */
void file_add(struct file_writer *file, const struct chunk *chunk);

/* The last chunk, for which room has been kept. False: there was none. */
bool file_end(struct file_writer *file, const char *json);

/* A recording that is being read. */
struct file_reader {
	const char *path;
	unsigned char *data;
	size_t bytes;
	size_t at;
	/* Its last chunk is not whole, or not what was written. */
	bool cut;
};

/* Ends the program when it cannot be read or is no recording. */
void file_open(struct file_reader *file, const char *path);

/* The same of what is in memory, which is not copied; false: no recording. */
bool file_take(struct file_reader *file, void *data, size_t bytes);

/* False at its end, or where it is cut. */
bool file_next(struct file_reader *file, struct chunk *chunk);
void file_close(struct file_reader *file);

#endif
