/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_METRICS_H
#define IOVASCOPE_METRICS_H

#include "base/text.h"

text_fn text_metrics;

#endif
