/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_ROWS_H
#define IOVASCOPE_ROWS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/human.h"

struct json_object;
struct request;

/*
 * One column of a table with a row for each record: what is at @key, or the
 * record's id where that is NULL, in @unit; or what @cell makes of it for
 * people. Those with @shown are printed unless others are asked for, and what
 * is to @match is looked for in those with a name for the record.
 */
struct row_column {
	const char *name;
	const char *key;
	const char *unit;
	struct human (*cell)(struct json_object *record);
	bool shown;
	bool match;
};

/*
 * Of records in the view's member @section. Behind @columns they all have those
 * of their process. The last column has no name.
 */
struct rows {
	const char *section;
	const struct row_column *columns;
};

extern const struct row_column owner_columns[];
extern const struct rows domain_rows, process_rows, inflight_rows;

/* Leaves in the view what the request wants of it, in its order. */
void rows_choose(const struct request *request, struct json_object *view,
		 struct json_object *schema);

/* At most @max, and how many more there are, which @command tells. */
void rows_print(FILE *out, struct json_object *records, const struct rows *rows,
		struct json_object *schema, size_t max, const char *command);

/* Rows of a table on a screen with others: @usual, or what was asked for. */
size_t rows_max(size_t usual);

/* Says why there is no row. */
void rows_say_none(FILE *out, const char *why);

/* Does the user want every number of each record? */
bool rows_long(void);

#endif
