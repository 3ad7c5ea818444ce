/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DEVICE_H
#define IOVASCOPE_DEVICE_H

#include <stddef.h>

/* Ends the program unless all devices can be had without disturbing anybody. */
void device_check(char *const *devices, size_t nr);

#endif
