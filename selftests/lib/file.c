// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole-file access. sysfs, debugfs and procfs files have no length to ask
 * for, so reading goes on until the kernel says that there is no more.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "file.h"
#include "must.h"

int __file_read(const char *path, char **buf, size_t *len)
{
	size_t room = 1 << 16, used = 0;
	int fd, ret = 0;
	char *text;
	ssize_t nr;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	text = malloc(room);
	must(text);
	while ((nr = read(fd, text + used, room - used - 1)) > 0) {
		used += nr;
		if (used + 1 < room)
			continue;
		room *= 2;
		text = realloc(text, room);
		must(text);
	}
	if (nr < 0)
		ret = -errno;
	close(fd);
	if (ret) {
		free(text);
		return ret;
	}
	text[used] = '\0';
	*buf = text;
	if (len)
		*len = used;
	return 0;
}

char *file_read(const char *path)
{
	char *text = NULL;
	int ret = __file_read(path, &text, NULL);

	if (ret) {
		errno = -ret;
		must_fail("cannot read %s", path);
	}
	return text;
}

int __file_write(const char *path, const char *text)
{
	ssize_t len = strlen(text), nr;
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	nr = write(fd, text, len);
	if (nr < 0)
		ret = -errno;
	else if (nr != len)
		ret = -EIO;
	close(fd);
	return ret;
}

void file_write(const char *path, const char *text)
{
	int ret = __file_write(path, text);

	if (ret) {
		errno = -ret;
		must_fail("cannot write '%s' to %s", text, path);
	}
}

static void path_format(char path[512], const char *fmt, va_list args)
{
	must_op(vsnprintf(path, 512, fmt, args), <, 512);
}

char *file_readf(const char *fmt, ...)
{
	char path[512];
	va_list args;

	va_start(args, fmt);
	path_format(path, fmt, args);
	va_end(args);
	return file_read(path);
}

int __file_writef(const char *text, const char *fmt, ...)
{
	char path[512];
	va_list args;

	va_start(args, fmt);
	path_format(path, fmt, args);
	va_end(args);
	return __file_write(path, text);
}

int run(const char *const argv[])
{
	int status;
	pid_t pid = fork();

	must_op(pid, >=, 0);
	if (!pid) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	must_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}
