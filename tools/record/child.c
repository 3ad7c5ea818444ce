// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command that is recorded from its first moment on: a process that is
 * there, so that its PID is known and can be looked at, but has not yet become
 * the command. Recording takes root; the command has the rights of who called
 * sudo, if anybody did.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "child.h"

/* The number that sudo has in the environment, or 0. */
static unsigned long sudo_id(const char *name)
{
	const char *word = getenv(name);
	unsigned long id;
	char *end;

	if (!word || *word < '0' || *word > '9')
		return 0;
	id = strtoul(word, &end, 10);
	return *end || id > 0xfffffffe ? 0 : id;
}

/* Groups first: afterwards there is no right to change them. */
static bool drop_rights(void)
{
	unsigned long uid = sudo_id("SUDO_UID"), gid = sudo_id("SUDO_GID");
	const char *user = getenv("SUDO_USER");

	if (!uid || geteuid())
		return true;
	if (!gid) {
		errno = EPERM;
		return false;
	}
	return !((user ? initgroups(user, gid) : setgroups(0, NULL)) ||
		 setresgid(gid, gid, gid) || setresuid(uid, uid, uid));
}

__noreturn static void become(char **command, int gate, int failed)
{
	char go;
	int err;

	/* Nobody opens the gate when the recorder has ended before that. */
	if (read(gate, &go, 1) != 1)
		_exit(127);
	if (drop_rights())
		execvp(*command, command);
	err = errno;
	if (write(failed, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

void child_make(struct child *child, char **command)
{
	int gate[2], failed[2];

	if (pipe2(gate, O_CLOEXEC) || pipe2(failed, O_CLOEXEC))
		fail(EXIT_RUNTIME, "pipe: %s", strerror(errno));
	child->pid = fork();
	if (child->pid < 0)
		fail(EXIT_RUNTIME, "fork: %s", strerror(errno));
	if (!child->pid) {
		close(gate[1]);
		become(command, gate[0], failed[1]);
	}
	close(gate[0]);
	close(failed[1]);
	child->gate = gate[1];
	child->failed = failed[0];
}

int child_go(struct child *child)
{
	int err = 0;

	/* Closed by exec, so that there is nothing to read then. */
	if (write(child->gate, "", 1) != 1 ||
	    (read(child->failed, &err, sizeof(err)) > 0 && !err))
		err = EIO;
	close(child->gate);
	close(child->failed);
	return err;
}
