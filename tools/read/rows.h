/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_ROWS_H
#define IOVASCOPE_ROWS_H

#include <stddef.h>

#include "base/tree.h"

struct rows;

struct rows *rows_new(void);
void rows_free(struct rows *rows);

/* A copy of the record and its name, which is behind those that are there. */
void rows_add(struct rows *rows, const char *name, struct json_object *record);

/* Hands every record to @visit, in order, made anew. */
void rows_each(struct rows *rows, tree_visit_fn *visit, void *data);

#endif
