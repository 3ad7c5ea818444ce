/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_OPTIONS_H
#define IOVASCOPE_OPTIONS_H

#include "command.h"

struct request options_parse(int argc, char **argv);
void help_print(FILE *out);
void help_print_command(FILE *out, const struct command *command);

#endif
