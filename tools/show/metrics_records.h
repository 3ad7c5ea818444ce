/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_METRICS_RECORDS_H
#define IOVASCOPE_METRICS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct chosen;
struct json_object;
struct metric;
struct metrics;
struct metrics_scope;

/* The records that have series, and the sums of all; @snap must outlive them. */
struct chosen *chosen_new(struct json_object *snap,
			  const struct metrics *metrics,
			  const struct metrics_scope *scope);
void chosen_free(struct chosen *chosen);
bool chosen_has_domain(const struct chosen *chosen, const char *id);

/*
 * Of those who own a VFIO domain that has been chosen, and are alive, what the
 * module says of each, by PID: a snapshot that has no other's `domains` and
 * `processes`. They are METRICS_VMS at most; none when nobody wants them.
 */
struct json_object *chosen_owners(const struct chosen *chosen);

/* What a family of metrics is of them: @nr that stand beside each other. */
void chosen_print(FILE *out, const struct chosen *chosen,
		  const struct metric *family, size_t nr);

/* What they are, to be joined; and how many there are, and have no series. */
void chosen_print_infos(FILE *out, const struct chosen *chosen);
void chosen_print_left_out(FILE *out, const struct chosen *chosen);

#endif
