/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RECORDS_H
#define IOVASCOPE_RECORDS_H

struct json_object;
struct packed;

/*
 * A section of them, which takes over @packed, as a tree whose members are made
 * when they are asked for: see tree_made(). Of two with one name it has the later
 * one, where the earlier was.
 */
struct json_object *records_tree(struct packed *packed);

#endif
