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
 * keyed_read_from() - parse a part of a file that is made as it is read
 * @path: the file
 * @from: the position to begin at, which is what the file says it is (an IOVA)
 * @max: the number of records to end after
 * @out: as for keyed_read()
 *
 * What is read from any position begins with `format 1`. A recording, told by
 * its size, is a file like any other: it has no such positions and is read
 * whole.
 *
 * Return: as keyed_read().
 */
int keyed_read_from(const char *path, uint64_t from, size_t max,
		    struct json_object **out);

#endif
