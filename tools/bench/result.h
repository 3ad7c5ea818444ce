/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RESULT_H
#define IOVASCOPE_RESULT_H

#include <stdint.h>

struct json_object;
struct plan;

struct json_object *result_new(const struct plan *plan);

/* One that `bench --json` wrote; ends the program when it is none. */
struct json_object *result_load(const char *path);

/* What could not run. Words that are NULL, and 0 bytes, stand for all. */
void result_refuse(struct json_object *view, const char *backing,
		   const char *backend, uint64_t bytes, const char *why);

#endif
