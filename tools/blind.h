/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BLIND_H
#define IOVASCOPE_BLIND_H

#include <stdbool.h>

struct json_object;

bool probe_is_blind(struct json_object *probe);
const char *blind_probe(struct json_object *snap, const char *feed);
void blind_tell(struct json_object *view, struct json_object *snap,
		const char *feed);

#endif
