/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VTD_H
#define IOVASCOPE_VTD_H

#include "base/leaf.h"

struct json_object;

/* The cause why nothing is translated; NULL when a unit does. */
struct json_object *vtd_lacking(struct json_object *snap);

void vtd_tell_lack(struct json_object *found, struct json_object *unit,
		   const char *stage, enum leaf leaf);

#endif
