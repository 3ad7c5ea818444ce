/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_KEYED_H
#define IOVASCOPE_KEYED_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

/**
 * keyed_read() - parse one debugfs file of iovascope
 * @path: the file
 * @out: on success a JSON object, to be freed with json_object_put();
 *	 untouched on failure
 *
 * Flat lines become {"key": value}, nested lines {"name": {"k": value}}, a
 * name without pairs {"name": {}}. Decimal and 0x integers become JSON
 * integers (uint64), everything else strings with the escapes undone. The
 * first line, `format 1`, is checked and dropped.
 *
 * Return: 0, or a negative errno: what the system said (-ENOENT, -EACCES..),
 * -EPROTO for a format other than 1, -EBADMSG for a broken grammar.
 */
int keyed_read(const char *path, struct json_object **out);

/**
 * struct keyed_part - what of a file is asked for
 * @from: the position to begin at, which is what the file says it is (an
 *	IOVA). A recording, told by its size, is a file like any other: it has no
 *	such positions and is read from its beginning
 * @keys: only these keys of each record, the others are not looked at; a '*'
 *	ends a prefix. The list ends with NULL and lives as long as the program.
 *	NULL: all
 */
struct keyed_part {
	uint64_t from;
	const char *const *keys;
};

/* Takes over @val; 0 goes on, more than 0 ends well, less is an error. */
typedef int keyed_fn(const char *name, struct json_object *val, void *data);

/**
 * keyed_each() - parse a file line by line, keeping none
 * @path: the file
 * @part: what of it
 * @fn: is handed each line's name and value, as keyed_read() would have it
 * @data: for @fn
 *
 * What is read from any position begins with `format 1`. Values are shared:
 * none may be changed in place.
 *
 * Return: as keyed_read(), or what @fn says is an error.
 */
int keyed_each(const char *path, const struct keyed_part *part, keyed_fn *fn,
	       void *data);

/* As keyed_read(), of a part. */
int keyed_read_part(const char *path, const struct keyed_part *part,
		    struct json_object **out);

#endif
