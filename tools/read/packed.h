/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PACKED_H
#define IOVASCOPE_PACKED_H

#include <stddef.h>

#include "base/tree.h"

struct packed;

struct packed *packed_new(void);
void packed_free(struct packed *packed);

/* A copy of the record and its name, which is behind those that are there. */
void packed_add(struct packed *packed, const char *name,
		struct json_object *record);

/* Hands every record to @visit, in order, made anew. */
void packed_each(struct packed *packed, tree_visit_fn *visit, void *data);

#endif
