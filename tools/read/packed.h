/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PACKED_H
#define IOVASCOPE_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"

struct packed;

struct packed *packed_new(void);
void packed_free(struct packed *packed);

/* A copy of the record and its name, which is behind those that are there. */
void packed_add(struct packed *packed, const char *name,
		struct json_object *record);

/* Hands each of the first @max records to @visit, in order, made anew. */
void packed_each(struct packed *packed, size_t max, tree_visit_fn *visit,
		 void *data);

/*
 * Where each record is, in order, for as many as there are. They stay there:
 * each is made anew, to be put, and a number of it can be read as it is (0 when
 * it is not there).
 */
size_t packed_nr(const struct packed *packed);
void packed_places(const struct packed *packed, const unsigned char **places);
const char *packed_name(const unsigned char *place);
struct json_object *packed_record(const struct packed *packed,
				  const unsigned char *place);
uint64_t packed_u64(const struct packed *packed, const unsigned char *place,
		    const char *key);

#endif
