/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BLIND_H
#define IOVASCOPE_BLIND_H

#include <stdbool.h>

struct json_object;

bool probe_is_blind(struct json_object *probe);

/* The name of a blind probe that feeds @feed, or NULL. */
const char *blind_probe(struct json_object *snap, const char *feed);

#endif
