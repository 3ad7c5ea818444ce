/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_OPTIONS_H
#define IOVASCOPE_OPTIONS_H

#include "base/request.h"

/* NULL when the table has no such command. */
const struct command *command_find(const struct command *commands,
				   const char *name);

/* Ends the program when the command does not take an option of @mask. */
void option_refuse(const struct request *request, unsigned int mask);

/* Ends the program when a command of the table cannot be run so. */
struct request options_parse(const struct command *commands, int argc,
			     char **argv);

void run_help(const struct request *request);
void run_version(const struct request *request);

#endif
