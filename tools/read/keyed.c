// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text grammar of the module's debugfs files, read into JSON.
 *
 * A file is `format 1` followed by lines of two kinds, told apart by the '='
 * that words escape:
 *
 *	key value			flat
 *	name k=v k=v ...		nested; a name may have no pairs
 *
 * Separators are single spaces, every line ends in a newline, and there is no
 * NUL anywhere: a file that ends in the middle of a line was cut, and half a
 * number must not pass for a number. Readers accept keys they have never
 * heard of; only the format number is a reason to refuse.
 *
 * Files are generated while calls come and go, so a record may be listed
 * twice; the later one wins. Within one line a key may occur only once.
 *
 * The kernel escapes what the grammar needs and nothing else: a comm may hold
 * any other byte. What is not UTF-8 becomes U+FFFD here, because no JSON may
 * contain it.
 *
 * The tests link this file on its own: it needs no other of the tool.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "../base/utf8.h"
#include "keyed.h"

#define FORMAT	"1"

/* 1 and *val, 0 when the word is no integer, -EBADMSG when it is too big. */
static int parse_integer(const char *word, uint64_t *val)
{
	bool hex = word[0] == '0' && word[1] == 'x';
	const char *digits = hex ? word + 2 : word;

	if (!*digits ||
	    digits[strspn(digits, hex ? "0123456789abcdefABCDEF" :
					"0123456789")])
		return 0;
	/* The kernel prints no leading zeros: 007 is somebody's name. */
	if (!hex && digits[0] == '0' && digits[1])
		return 0;
	errno = 0;
	*val = strtoull(digits, NULL, hex ? 16 : 10);
	return errno ? -EBADMSG : 1;
}

/* Undo \ooo in place. */
static int unescape(char *s)
{
	char *to = s;

	while (*s) {
		int c = 0;

		if (*s != '\\') {
			*to++ = *s++;
			continue;
		}
		s++;
		for (int i = 0; i < 3; i++, s++) {
			if (*s < '0' || *s > '7')
				return -EBADMSG;
			c = c * 8 + *s - '0';
		}
		if (!c || c > 0xff)
			return -EBADMSG;
		*to++ = c;
	}
	*to = '\0';
	return 0;
}

/* A JSON string of the word, whatever bytes are in it. */
static struct json_object *new_string(const char *word)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *clean = malloc(strlen(word) * strlen(replacement) + 1);
	struct json_object *str;
	char *to = clean;

	if (!clean)
		return NULL;
	while (*word) {
		size_t len = utf8_len(word);

		if (len) {
			memcpy(to, word, len);
			to += len;
			word += len;
		} else {
			to = stpcpy(to, replacement);
			word++;
		}
	}
	*to = '\0';
	str = json_object_new_string(clean);
	free(clean);
	return str;
}

static int parse_value(char *word, struct json_object **val)
{
	uint64_t number;
	int ret;

	ret = parse_integer(word, &number);
	if (ret < 0)
		return ret;
	if (!ret) {
		ret = unescape(word);
		if (ret)
			return ret;
		*val = new_string(word);
	} else {
		*val = json_object_new_uint64(number);
	}
	return *val ? 0 : -ENOMEM;
}

static int parse_key(char *key)
{
	return *key && !strchr(key, '=') ? unescape(key) : -EBADMSG;
}

/* Takes over val, also when it fails. */
static int object_add(struct json_object *obj, const char *key,
		      struct json_object *val)
{
	if (!json_object_object_add(obj, key, val))
		return 0;
	json_object_put(val);
	return -ENOMEM;
}

static int parse_pair(struct json_object *obj, char *pair)
{
	char *key = strsep(&pair, "=");
	struct json_object *val;
	int ret;

	if (!pair || strchr(pair, '='))
		return -EBADMSG;
	ret = parse_key(key);
	if (!ret && json_object_object_get_ex(obj, key, NULL))
		ret = -EBADMSG;
	if (!ret)
		ret = parse_value(pair, &val);
	return ret ?: object_add(obj, key, val);
}

static int parse_pairs(char *pairs, struct json_object **val)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -ENOMEM;
	char *pair;

	while (!ret && (pair = strsep(&pairs, " ")))
		ret = parse_pair(obj, pair);
	if (ret)
		json_object_put(obj);
	else
		*val = obj;
	return ret;
}

static int parse_line(struct json_object *file, char *line)
{
	char *name = strsep(&line, " ");
	struct json_object *val;
	int ret = parse_key(name);

	if (!ret && line && !strpbrk(line, "= "))
		ret = parse_value(line, &val);
	else if (!ret)
		ret = parse_pairs(line, &val);
	return ret ?: object_add(file, name, val);
}

static int parse_format(char *line)
{
	char *name = strsep(&line, " ");

	if (!line || strcmp(name, "format"))
		return -EBADMSG;
	return strcmp(line, FORMAT) ? -EPROTO : 0;
}

/* One newline, at the end, and no NUL before it. */
static int parse_end(char *line, size_t len)
{
	if (strcspn(line, "\n") != len - 1)
		return -EBADMSG;
	line[len - 1] = '\0';
	return 0;
}

static int parse_file(FILE *f, struct json_object *file, size_t max)
{
	bool first = true;
	char *line = NULL;
	size_t size = 0;
	ssize_t len = 0;
	int ret = 0;

	errno = 0;
	while (!ret && (size_t)json_object_object_length(file) < max &&
	       (len = getline(&line, &size, f)) > 0) {
		ret = parse_end(line, len);
		if (!ret)
			ret = first ? parse_format(line) :
				      parse_line(file, line);
		first = false;
	}
	if (!ret && len < 0 && !feof(f))
		ret = errno ? -errno : -EIO;
	if (!ret && first)
		ret = -EBADMSG;
	free(line);
	return ret;
}

/* Not with fseek(), which reads from a little in front of the position. */
static FILE *open_at(const char *path, uint64_t from, size_t *max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	FILE *f = NULL;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &stat) && stat.st_size) {
		from = 0;
		*max = SIZE_MAX;
	}
	if (!from || lseek(fd, from, SEEK_SET) >= 0)
		f = fdopen(fd, "r");
	if (!f)
		close(fd);
	return f;
}

int keyed_read_from(const char *path, uint64_t from, size_t max,
		    struct json_object **out)
{
	struct json_object *file;
	FILE *f = open_at(path, from, &max);
	int ret;

	if (!f)
		return -errno;
	file = json_object_new_object();
	ret = file ? parse_file(f, file, max) : -ENOMEM;
	fclose(f);
	if (ret)
		json_object_put(file);
	else
		*out = file;
	return ret;
}

int keyed_read(const char *path, struct json_object **out)
{
	return keyed_read_from(path, 0, SIZE_MAX, out);
}
