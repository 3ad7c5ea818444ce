/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_HOST_UNITS_H
#define IOVASCOPE_HOST_UNITS_H

#include <stdint.h>

struct json_object;

/*
 * The remapping units as /sys has them, in the shape of the module's: a record
 * for each, with translation=1, as only those in use are there. Of a unit that
 * can have scalable mode the mode is not known, and has no "mode". To be freed.
 */
struct json_object *host_units(void);

/* What a unit of this capability register can translate. */
unsigned int unit_address_bits(uint64_t cap);

#endif
