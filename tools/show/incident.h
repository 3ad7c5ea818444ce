/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_INCIDENT_H
#define IOVASCOPE_INCIDENT_H

struct json_object;

/* One line on what is wrong on this host, to be freed; NULL for nothing. */
char *incident_of(struct json_object *snap);

#endif
