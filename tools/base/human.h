/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_HUMAN_H
#define IOVASCOPE_HUMAN_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* Large enough for a name and a number; by value, so that calls nest. */
struct human {
	char s[192];
};

struct human human_bytes(uint64_t bytes);
struct human human_ns(uint64_t ns);
struct human human_unit(uint64_t val, const char *unit);
struct human human_ratio(uint64_t part, uint64_t whole, const char *suffix);
struct human human_key(struct json_object *record, const char *key,
		       const char *unit);
/* "s" behind the name of what there are so many of, or nothing. */
const char *human_s(uint64_t nr);
struct human human_percent(uint64_t part, uint64_t whole);

#endif
