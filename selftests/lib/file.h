/* SPDX-License-Identifier: GPL-2.0-only */
/* file.h - small files of the kernel, whole */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <stddef.h>

/*
 * Read a file of unknown length; *len is without the terminating NUL that is
 * added. The caller frees *buf. 0 or -errno.
 */
int __file_read(const char *path, char **buf, size_t *len);
char *file_read(const char *path);

/* One write(2) of the whole text: 0 or -errno; a short write is -EIO. */
int __file_write(const char *path, const char *text);
void file_write(const char *path, const char *text);

/* As above, with a printf path. */
char *file_readf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
int __file_writef(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Run a command to its end, output to ours; its exit code (128+n: signal). */
int run(const char *const argv[]);

#endif /* LIB_FILE_H */
