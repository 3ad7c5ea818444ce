/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_ACS_H
#define IOVASCOPE_ACS_H

struct json_object;

/*
 * Why the devices of an IOMMU group are one group: a list of sentences, empty
 * for a device that is alone; to be freed. @members: of holder_members().
 */
struct json_object *acs_reasons(struct json_object *members);

#endif
