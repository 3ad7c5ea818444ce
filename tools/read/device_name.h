/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DEVICE_NAME_H
#define IOVASCOPE_DEVICE_NAME_H

struct json_object;

/*
 * What people call the PCI device @bdf of this machine, and where it is:
 * `name` and `numa_node`, each where it is known. To be put.
 */
struct json_object *device_name(const char *bdf);

#endif
