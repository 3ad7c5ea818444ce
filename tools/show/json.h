/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_JSON_H
#define IOVASCOPE_JSON_H

#include "base/text.h"

/* Prints a view for programs. */
text_fn text_json;
/* The same on one line, for there will be several. */
text_fn text_json_line;

#endif
