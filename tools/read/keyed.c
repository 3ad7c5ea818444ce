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
 * A file has ten thousand records with the same keys, and most of their numbers
 * are 0. So each key is kept once, and so are values that come again: records
 * share them, and nothing may change one in place.
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
#define NR_KEPT	1024

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

static size_t hash_of(const char *text)
{
	size_t hash = 5381;

	while (*text)
		hash = hash * 33 + (unsigned char)*text++;
	return hash;
}

/* The value, shared: the last one with this hash is kept. */
static struct json_object *integer_of(uint64_t number)
{
	static struct json_object *kept[NR_KEPT];
	struct json_object **slot = &kept[(number ^ number >> 12) % NR_KEPT];

	if (!*slot || json_object_get_uint64(*slot) != number) {
		json_object_put(*slot);
		*slot = json_object_new_uint64(number);
	}
	return json_object_get(*slot);
}

static struct json_object *string_of(const char *word)
{
	static struct json_object *kept[NR_KEPT];
	struct json_object **slot = &kept[hash_of(word) % NR_KEPT];

	if (!*slot || strcmp(json_object_get_string(*slot), word)) {
		json_object_put(*slot);
		*slot = new_string(word);
	}
	return json_object_get(*slot);
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
		*val = string_of(word);
	} else {
		*val = integer_of(number);
	}
	return *val ? 0 : -ENOMEM;
}

static int parse_key(char *key)
{
	return *key && !strchr(key, '=') ? unescape(key) : -EBADMSG;
}

/* Is the key among those that are asked for? A '*' ends a prefix. */
static bool is_wanted(const char *const *keys, const char *key)
{
	if (!keys)
		return true;
	for (; *keys; keys++) {
		size_t len = strcspn(*keys, "*");

		if (!strncmp(*keys, key, len) && ((*keys)[len] || !key[len]))
			return true;
	}
	return false;
}

/* Every key that has been read, for good: a file has no more than a few. */
struct key {
	char *name;
	size_t hash;
	const char *const *asked;
	bool wanted;
};

static struct {
	struct key *key;
	size_t nr;
	size_t room;
} known;

/* Where the key is, or a free place. */
static struct key *key_at(const char *name, size_t hash)
{
	size_t i = hash & (known.room - 1);

	while (known.key[i].name && (known.key[i].hash != hash ||
				     strcmp(known.key[i].name, name)))
		i = (i + 1) & (known.room - 1);
	return &known.key[i];
}

/* Half of the places are free, so that a search is short. */
static int keys_grow(void)
{
	struct key *old = known.key;
	size_t room = known.room, i;

	known.room = room ? 2 * room : 512;
	known.key = calloc(known.room, sizeof(*known.key));
	if (!known.key) {
		known.key = old;
		known.room = room;
		return -ENOMEM;
	}
	for (i = 0; i < room; i++)
		if (old[i].name)
			*key_at(old[i].name, old[i].hash) = old[i];
	free(old);
	return 0;
}

static struct key *key_of(const char *name, const char *const *asked)
{
	size_t hash = hash_of(name);
	struct key *key;

	if (2 * known.nr >= known.room && keys_grow())
		return NULL;
	key = key_at(name, hash);
	if (!key->name) {
		key->name = strdup(name);
		if (!key->name)
			return NULL;
		key->hash = hash;
		key->wanted = is_wanted(asked, name);
		key->asked = asked;
		known.nr++;
	} else if (key->asked != asked) {
		key->wanted = is_wanted(asked, name);
		key->asked = asked;
	}
	return key;
}

/* Takes over val, also when it fails. The key stays where it is. */
static int record_add(struct json_object *obj, const char *key,
		      struct json_object *val)
{
	if (!json_object_object_add_ex(obj, key, val,
				       JSON_C_OBJECT_ADD_KEY_IS_NEW |
				       JSON_C_OBJECT_KEY_IS_CONSTANT))
		return 0;
	json_object_put(val);
	return -ENOMEM;
}

static int parse_pair(struct json_object *obj, char *pair,
		      const char *const *asked)
{
	char *name = strsep(&pair, "=");
	struct json_object *val;
	struct key *key;
	int ret;

	if (!pair || strchr(pair, '='))
		return -EBADMSG;
	ret = parse_key(name);
	if (ret)
		return ret;
	key = key_of(name, asked);
	if (!key)
		return -ENOMEM;
	if (!key->wanted)
		return 0;
	if (json_object_object_get_ex(obj, key->name, NULL))
		return -EBADMSG;
	ret = parse_value(pair, &val);
	return ret ?: record_add(obj, key->name, val);
}

static int parse_pairs(char *pairs, const char *const *asked,
		       struct json_object **val)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -ENOMEM;
	char *pair;

	while (!ret && (pair = strsep(&pairs, " ")))
		ret = parse_pair(obj, pair, asked);
	if (ret)
		json_object_put(obj);
	else
		*val = obj;
	return ret;
}

static int parse_line(char *line, const struct keyed_part *part, keyed_fn *fn,
		      void *data)
{
	char *name = strsep(&line, " ");
	struct json_object *val;
	int ret = parse_key(name);

	if (!ret && line && !strpbrk(line, "= "))
		ret = parse_value(line, &val);
	else if (!ret)
		ret = parse_pairs(line, part->keys, &val);
	return ret ?: fn(name, val, data);
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

static int parse_file(FILE *f, const struct keyed_part *part, keyed_fn *fn,
		      void *data)
{
	bool first = true;
	char *line = NULL;
	size_t size = 0;
	ssize_t len = 0;
	int ret = 0;

	errno = 0;
	while (!ret && (len = getline(&line, &size, f)) > 0) {
		ret = parse_end(line, len);
		if (!ret)
			ret = first ? parse_format(line) :
				      parse_line(line, part, fn, data);
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
static FILE *open_at(const char *path, uint64_t from)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	FILE *f = NULL;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &stat) && stat.st_size)
		from = 0;
	if (!from || lseek(fd, from, SEEK_SET) >= 0)
		f = fdopen(fd, "r");
	if (!f)
		close(fd);
	return f;
}

int keyed_each(const char *path, const struct keyed_part *part, keyed_fn *fn,
	       void *data)
{
	FILE *f = open_at(path, part->from);
	int ret;

	if (!f)
		return -errno;
	ret = parse_file(f, part, fn, data);
	fclose(f);
	return ret < 0 ? ret : 0;
}

static int file_add(const char *name, struct json_object *val, void *data)
{
	if (!json_object_object_add(data, name, val))
		return 0;
	json_object_put(val);
	return -ENOMEM;
}

int keyed_read_part(const char *path, const struct keyed_part *part,
		    struct json_object **out)
{
	struct json_object *file = json_object_new_object();
	int ret = file ? keyed_each(path, part, file_add, file) : -ENOMEM;

	if (ret)
		json_object_put(file);
	else
		*out = file;
	return ret;
}

int keyed_read(const char *path, struct json_object **out)
{
	return keyed_read_part(path, &(struct keyed_part){ 0 }, out);
}
