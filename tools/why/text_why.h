/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_WHY_H
#define IOVASCOPE_TEXT_WHY_H

#include "base/text.h"

text_fn text_refusals, text_why, text_host;

#endif
