/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_CHILD_H
#define IOVASCOPE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

/* A command that has been made a process, and waits to be let go. */
struct child {
	pid_t pid;
	int gate;
	int failed;
};

void child_make(struct child *child, char **command);

/* Lets it become the command. 0, or an errno: there is none of that name. */
int child_go(struct child *child);

#endif
