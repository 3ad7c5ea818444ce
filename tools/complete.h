/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_COMPLETE_H
#define IOVASCOPE_COMPLETE_H

#include "base/compiler.h"

struct command;

/*
 * Prints what the last of the words, which is being typed, may become, one a
 * line, and ends the program. ":files" is any file. What is printed would not
 * be refused as it is.
 */
__noreturn void complete(const struct command *commands, char **words);

#endif
