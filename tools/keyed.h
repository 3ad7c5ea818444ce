/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_KEYED_H
#define IOVASCOPE_KEYED_H

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

#endif
