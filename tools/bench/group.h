/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_GROUP_H
#define IOVASCOPE_GROUP_H

#include <stddef.h>

/* The last component of a link of the device, "" where there is none. */
void device_link(const char *bdf, const char *name, char *word, size_t size);

/* The group's character device, or -1 (errno). */
int group_open(unsigned int group);

#endif
