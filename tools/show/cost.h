/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_COST_H
#define IOVASCOPE_COST_H

#include <stdbool.h>

struct json_object;

struct json_object *cost_of(struct json_object *record);
bool cost_has(struct json_object *record, const char *key);

#endif
