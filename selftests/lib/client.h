/* SPDX-License-Identifier: GPL-2.0-only */
/* client.h - a process of its own that walks in step with the test */
#ifndef LIB_CLIENT_H
#define LIB_CLIENT_H

#include <sys/types.h>

struct client {
	pid_t pid;
	int to, from;
};

/*
 * Fork a child that calls body(self, arg) under the name comm and exits with
 * what it returns.
 */
void client_start(struct client *client, const char *comm,
		  int (*body)(struct client *self, void *arg), void *arg);

/* Child: say that a step is done and wait for the word to go on. */
void client_step(struct client *self);
/*
 * Child: run this program anew, with all descriptors open, to call body(self, fd)
 * and exit with what it returns. Whoever waits for a step waits for body's.
 */
void client_exec(struct client *self,
		 int (*body)(struct client *self, void *fd), int fd);
/* Parent: wait until the child has done its step; let it go on. */
void client_wait(struct client *client);
void client_go(struct client *client);
/* Parent: the exit code, or 128 + signal. */
int client_end(struct client *client);
int client_kill(struct client *client);

#endif /* LIB_CLIENT_H */
