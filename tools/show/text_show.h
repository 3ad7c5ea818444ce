/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_SHOW_H
#define IOVASCOPE_TEXT_SHOW_H

#include "base/text.h"

text_fn text_show;

#endif
