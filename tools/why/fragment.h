/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_FRAGMENT_H
#define IOVASCOPE_FRAGMENT_H

struct facts;
struct part;

/* Adds the cause of a part whose addresses allow no larger leaf. */
void fragment_judge(struct facts *facts, const struct part *part);

#endif
