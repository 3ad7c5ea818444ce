// SPDX-License-Identifier: GPL-2.0-only
/*
 * iovascope - what VFIO maps into the IOMMU, and what it costs
 *
 *	commands.c	the table of commands
 *	options.c	the command line
 *	command.c	how a command is run
 *	complete.c	what the shells' completions ask for
 *	patience.c	what outlives the module: watch.c and top/
 *	base/		what all stand on: memory, trees, tables, the machine
 *	read/		the module's files, read into a snapshot
 *	show/		what happens and what is, as it has been counted
 *	top/		the same on a screen
 *	why/		causes: why leaves are small, why a start took so long
 *	vm/		what a VM's memory costs, and whose BARs its devices reach
 *	bench/		what it costs here
 *	record/		a process from its exec to its exit, and what that is made of
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/table.h"
#include "command.h"
#include "commands.h"
#include "complete.h"
#include "options.h"

/* A full disk is found out only at the end, when the buffer is written. */
static void close_stdout(void)
{
	if (!ferror(stdout) && !fclose(stdout))
		return;
	fprintf(stderr, "iovascope: stdout: %s\n", strerror(errno));
	_exit(EXIT_RUNTIME);
}

int main(int argc, char **argv)
{
	struct request request;

	atexit(close_stdout);
	if (argc > 1 && !strcmp(argv[1], "--complete"))
		complete(commands, argv + 2);
	request = options_parse(commands, argc, argv);
	table_setup(request.form);
	command_run(&request);
	return EXIT_OK;
}
