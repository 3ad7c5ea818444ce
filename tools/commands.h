/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_COMMANDS_H
#define IOVASCOPE_COMMANDS_H

struct command;

/* The last has no name. */
extern const struct command commands[];

#endif
