/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_COUNTS_H
#define IOVASCOPE_TEXT_COUNTS_H

#include "base/text.h"

text_fn text_counters, text_errors, text_hist, text_schema;

#endif
