/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_GROUP_H
#define IOVASCOPE_GROUP_H

#include <stdbool.h>

struct holder;
struct json_object;

/* The number of a PCI device's IOMMU group, to be freed; NULL for none. */
char *group_of(const char *bdf);

/* The device of VFIO's file /dev/vfio/devices/@name, to be freed; or NULL. */
char *group_device(const char *name);

/* What /dev/vfio has for this device alone, "devices/vfio3"; or NULL. */
char *group_device_file(const char *bdf);

/* Does VFIO let the device be beside its own: is it in nobody's use? */
bool group_is_idle(const char *device, const char *driver);
bool group_is_bridge(const char *device);

/* Evidence: who of the group is in the way, and why it is so large. */
void group_tell_members(struct json_object *found, const char *group);

/* Evidence: who it is that has /dev/vfio/@file open, and whose. */
void group_tell_process(struct json_object *found, const char *file,
			const struct holder *holder);

/* Evidence: who has the group, or a device of it, open now. */
void group_tell_holder(struct json_object *found, const char *group);

#endif
