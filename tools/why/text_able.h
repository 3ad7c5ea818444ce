/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_ABLE_H
#define IOVASCOPE_TEXT_ABLE_H

#include "base/text.h"

/* `host`, of the machine or of one device and one process. */
text_fn text_able;

#endif
