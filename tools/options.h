/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_OPTIONS_H
#define IOVASCOPE_OPTIONS_H

#include <stdbool.h>

#include "base/request.h"

struct command;

/* @letter may be '\0'; @arg is what is asked for, or NULL. */
struct option_info {
	const char *name;
	char letter;
	const char *arg;
	const char *help;
};

extern const struct option_info options[NR_OPTS];

/* NULL is a command that takes none. */
bool option_taken(const struct command *command, enum opt nr);

/* NR_OPTS when there is none; a letter may be that of several. */
enum opt option_of(const struct command *command, int letter);

/* The first of the words that is a command, or NULL. */
const struct command *options_command(const struct command *commands,
				      char *const *words);

/* NULL when the table has no such command. */
const struct command *command_find(const struct command *commands,
				   const char *name);

/* Ends the program when the command does not take an option of @mask. */
void option_refuse(const struct request *request, uint64_t mask);

/* The directory that the environment names, or NULL. */
const char *options_debugfs(void);

/* Ends the program when a command of the table cannot be run so. */
struct request options_parse(const struct command *commands, int argc,
			     char **argv);

void run_help(const struct request *request);
void run_version(const struct request *request);

#endif
