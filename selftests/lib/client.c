// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two pipes and a rule: the child announces each step and waits. A side that
 * dies closes its pipe, so the other never waits for a ghost.
 *
 * A child that executes the program anew finds what it was about in its
 * environment, before main() sees it: the pipes, and how far the body is from
 * a function that both know, wherever the program is loaded.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "client.h"
#include "must.h"

void client_start(struct client *client, const char *comm,
		  int (*body)(struct client *self, void *arg), void *arg)
{
	int to[2], from[2];

	must_eq(pipe2(to, O_CLOEXEC), 0);
	must_eq(pipe2(from, O_CLOEXEC), 0);
	fflush(NULL);
	client->pid = fork();
	must_op(client->pid, >=, 0);
	if (!client->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, comm);
		close(to[1]);
		close(from[0]);
		client->to = from[1];
		client->from = to[0];
		_exit(body(client, arg));
	}
	close(to[0]);
	close(from[1]);
	client->to = to[1];
	client->from = from[0];
}

void client_wait(struct client *client)
{
	char c;

	if (read(client->from, &c, 1) == 1)
		return;
	/* What it could not do without, this side cannot either. */
	if (client->pid && client_end(client) == MUST_SKIP)
		_exit(MUST_SKIP);
	must_fail("the other process is gone");
}

void client_go(struct client *client)
{
	must_eq(write(client->to, "", 1), 1);
}

void client_step(struct client *self)
{
	client_go(self);
	client_wait(self);
}

#define EXECUTED "IOVASCOPE_CLIENT"

void client_exec(struct client *self,
		 int (*body)(struct client *self, void *fd), int fd)
{
	char text[64];
	int i;

	snprintf(text, sizeof(text), "%d %d %d %ld", self->to, self->from, fd,
		 (long)body - (long)client_exec);
	must_eq(setenv(EXECUTED, text, 1), 0);
	for (i = 3; i < 256; i++)
		fcntl(i, F_SETFD, 0);
	execl("/proc/self/exe", "client", (char *)NULL);
	must_fail("cannot execute this program");
}

static __attribute__((constructor)) void client_executed(void)
{
	const char *text = getenv(EXECUTED);
	int (*body)(struct client *self, void *fd);
	struct client self = {};
	long distance, fd;
	int nr;

	if (!text)
		return;
	nr = sscanf(text, "%d %d %ld %ld", &self.to, &self.from, &fd,
		    &distance);
	must_eq(nr, 4);
	unsetenv(EXECUTED);
	body = (void *)((long)client_exec + distance);
	_exit(body(&self, (void *)fd));
}

int client_end(struct client *client)
{
	int status;

	must_eq(waitpid(client->pid, &status, 0), client->pid);
	close(client->to);
	close(client->from);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

int client_kill(struct client *client)
{
	kill(client->pid, SIGKILL);
	return client_end(client);
}
