/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_LABEL_H
#define IOVASCOPE_TEXT_LABEL_H

#include "base/human.h"

struct json_object;

/* The first device, what it is called, and how many more there are. */
struct human text_devices(struct json_object *domain);

/* A tilde in front of numbers that are known to be off. */
const char *text_about(struct json_object *domain);

#endif
