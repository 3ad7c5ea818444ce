// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of the machine that the module does not tell because everybody can
 * read them: /proc, /sys and /dev. A fact that is not there is an answer; what
 * to make of it is for the caller. IOVASCOPE_SYSROOT stands in front of every
 * path, so that a recorded machine can be asked as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "system.h"
#include "tree.h"

/* Below what is no directory there is nothing. */
#define NOWHERE "/dev/null"

static bool elsewhere;

static const char *root_of(void)
{
	return getenv("IOVASCOPE_SYSROOT") ?: (elsewhere ? NOWHERE : "");
}

void system_leave(void)
{
	elsewhere = true;
}

bool system_is_left(void)
{
	return !strcmp(root_of(), NOWHERE);
}

/* To be freed. */
char *system_path(const char *path)
{
	return alloc_print("%s%s", root_of(), path);
}

static char *path_of(const char *fmt, va_list args)
{
	char *path = alloc_vprint(fmt, args);
	char *full = system_path(path);

	free(path);
	return full;
}

static FILE *open_path(char *path)
{
	FILE *file = fopen(path, "re");
	int err = errno;

	free(path);
	errno = err;
	return file;
}

FILE *system_open(const char *fmt, ...)
{
	va_list args;
	char *path;

	va_start(args, fmt);
	path = path_of(fmt, args);
	va_end(args);
	return open_path(path);
}

int system_fd(const char *fmt, ...)
{
	va_list args;
	char *path;
	int fd;

	va_start(args, fmt);
	path = path_of(fmt, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	return fd;
}

bool system_has(const char *fmt, ...)
{
	va_list args;
	char *path;
	bool found;

	va_start(args, fmt);
	path = path_of(fmt, args);
	va_end(args);
	found = !access(path, F_OK);
	free(path);
	return found;
}

static char *first_line(FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		return NULL;
	len = getline(&line, &size, file);
	fclose(file);
	if (len < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* The first line without its end, to be freed; NULL when there is none. */
char *system_line(const char *fmt, ...)
{
	va_list args;
	char *path;

	va_start(args, fmt);
	path = path_of(fmt, args);
	va_end(args);
	return first_line(open_path(path));
}

bool system_u64(uint64_t *val, const char *fmt, ...)
{
	va_list args;
	char *line, *end;
	bool good;

	va_start(args, fmt);
	line = path_of(fmt, args);
	va_end(args);
	line = first_line(open_path(line));
	if (!line)
		return false;
	errno = 0;
	*val = strtoull(line, &end, 0);
	good = !errno && end != line;
	free(line);
	return good;
}

/* The last part of what a link points to, to be freed; NULL: it is no link. */
char *system_link(const char *fmt, ...)
{
	char target[1024], *path, *name;
	va_list args;
	ssize_t len;

	va_start(args, fmt);
	path = path_of(fmt, args);
	va_end(args);
	len = readlink(path, target, sizeof(target) - 1);
	free(path);
	if (len < 0)
		return NULL;
	target[len] = '\0';
	name = strrchr(target, '/');
	return alloc_copy(name ? name + 1 : target);
}

size_t system_words_at(int fd, uint64_t index, size_t nr, uint64_t *val)
{
	ssize_t len = fd < 0 ? 0 : pread(fd, val, nr * sizeof(*val),
					 index * sizeof(*val));

	return len < 0 ? 0 : len / sizeof(*val);
}

bool system_word_at(int fd, uint64_t index, uint64_t *val)
{
	return system_words_at(fd, index, 1, val) == 1;
}

static const char *const telling[] = {
	"intel_iommu=", "iommu=", "iommu.", "hugepagesz=", "hugepages=",
	"default_hugepagesz=", "vfio", "transparent_hugepage=", "intremap=",
	"hugetlb_free_vmemmap=", NULL
};

static bool tells(const char *word)
{
	const char *const *begin = telling;

	while (*begin && strncmp(word, *begin, strlen(*begin)))
		begin++;
	return *begin;
}

/* The words of the command line that matter here; NULL if it is not there. */
struct json_object *system_cmdline(void)
{
	char *line = system_line("/proc/cmdline");
	struct json_object *words;
	char *rest = line, *word;

	if (!line)
		return NULL;
	words = tree_new_list();
	while ((word = strsep(&rest, " ")))
		if (tells(word))
			tree_append_word(words, word);
	free(line);
	return words;
}

static bool list_has(char *list, const char *wanted)
{
	char *word;

	while ((word = strsep(&list, ",")))
		if (!strcmp(word, wanted))
			return true;
	return false;
}

bool system_cmdline_has(const char *parameter, const char *word)
{
	char *line = system_line("/proc/cmdline");
	size_t len = strlen(parameter);
	char *rest = line, *next;
	bool found = false;

	while (line && !found && (next = strsep(&rest, " ")))
		if (!strncmp(next, parameter, len) && next[len] == '=')
			found = list_has(next + len + 1, word);
	free(line);
	return found;
}

/*
 * Has the running kernel, or a module that is loaded, this function? Compilers
 * add to its name what they have made of it: .isra.0, .part.0, .cold.
 */
bool system_has_symbol(const char *name)
{
	FILE *file = system_open("/proc/kallsyms");
	char *line = NULL, word[128];
	bool found = false;
	size_t size = 0;

	while (file && !found && getline(&line, &size, file) > 0)
		found = sscanf(line, "%*s %*s %127[^. \t\n]", word) == 1 &&
			!strcmp(word, name);
	free(line);
	if (file)
		fclose(file);
	return found;
}
