/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_NAMES_H
#define IOVASCOPE_NAMES_H

#include "base/human.h"

struct json_object;

/*
 * Adds to the records of a section of this machine, which has just been read,
 * what its processes and devices are called: the members of process_name(), and
 * `pci`, which has the members of device_name() for each device.
 */
void names_add(struct json_object *records);
void names_add_record(const char *id, struct json_object *record);

/* This host's `name` and local `time`. To be put. */
struct json_object *names_host(void);

/* Lets @to have the names of the process that @from has. */
void names_share(struct json_object *to, struct json_object *from);

/* "web (4242)": the VM, the pod, or what the process calls itself; or "-". */
struct human names_owner(struct json_object *record);

/* "qemu": what the process calls itself, for people. */
struct human names_comm(struct json_object *record);

/* "NVIDIA H100 PCIe", or NULL. */
const char *names_device(struct json_object *record, const char *bdf);

#endif
