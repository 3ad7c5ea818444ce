// SPDX-License-Identifier: GPL-2.0-only
/*
 * What several commands ask of their arguments.
 */
#include <stdlib.h>

#include "fail.h"
#include "request.h"

uint64_t request_pid(const struct request *request, const char *command)
{
	const char *word = request->args[0];
	uint64_t pid;
	char *end;

	if (!word)
		return 0;
	pid = strtoull(word, &end, 10);
	if (!pid || *end || *word < '0' || *word > '9' || request->args[1])
		fail(EXIT_USAGE, "%s takes one PID: '%s'", command,
		     request->args[1] ?: word);
	return pid;
}
