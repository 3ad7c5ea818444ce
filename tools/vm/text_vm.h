/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_VM_H
#define IOVASCOPE_TEXT_VM_H

#include "base/text.h"

text_fn text_memory, text_p2p;

#endif
