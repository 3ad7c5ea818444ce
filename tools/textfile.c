// SPDX-License-Identifier: GPL-2.0-only
/*
 * `metrics`: to standard output, or to a file that node_exporter's textfile
 * collector reads.
 *
 * Who reads the file must find all of it or the one before, so it is written
 * beside its place and renamed. It gets mode 0644 whatever the umask is: the
 * exporter is another user, and serves it to the network anyway. It is not
 * synced: after a loss of power the next one is seconds away.
 *
 * A file that stayed as it was when the module went would go on telling what is
 * no longer so. Whatever keeps this program from reading, it leaves a file that
 * says iovascope_up 0, and ends with the message and the exit code that any
 * other command has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/paper.h"
#include "base/tree.h"
#include "command.h"
#include "show/metrics.h"
#include "textfile.h"

/* Where to, NULL for standard output; and whether it has been told. */
static const char *textfile;
static bool told;

/* 0 or -errno. */
static int fd_fill(int fd, const char *text, size_t size)
{
	FILE *out;
	bool bad;

	if (fchmod(fd, 0644))
		return -errno;
	out = fdopen(fd, "w");
	if (!out)
		return -errno;
	bad = fwrite(text, 1, size, out) != size;
	return fclose(out) || bad ? -errno : 0;
}

/* The collector reads only what ends in .prom. 0 or -errno. */
static int file_replace(const char *path, const char *text, size_t size)
{
	char *beside = alloc_print("%s.XXXXXX", path);
	int fd = mkostemp(beside, O_CLOEXEC);
	int ret = fd < 0 ? -errno : fd_fill(fd, text, size);

	if (!ret && rename(beside, path))
		ret = -errno;
	if (ret && fd >= 0)
		unlink(beside);
	free(beside);
	return ret;
}

/* Ends the paper. 0 or -errno; of stdout main() finds out at the end. */
static int paper_tell(struct paper *paper)
{
	char *text = paper_close(paper);
	int ret = 0;

	if (textfile)
		ret = file_replace(textfile, text, paper->size);
	else
		fwrite(text, 1, paper->size, stdout);
	free(text);
	return ret;
}

/* At the end of a program that ended early; the message has been printed. */
static void down_tell(void)
{
	struct paper paper;

	if (told)
		return;
	paper_open(&paper);
	metrics_print_down(paper.out);
	paper_tell(&paper);
}

void run_metrics(const struct request *request)
{
	struct metrics_scope scope = {
		.limit = request->limit ?: METRICS_LIMIT,
		.processes = request->given & BIT(OPT_PROCESSES),
		.memory = request->given & BIT(OPT_MEMORY),
		.debugfs = request->debugfs,
	};
	struct json_object *snap;
	struct paper paper;
	int ret;

	textfile = request->textfile;
	atexit(down_tell);
	snap = command_snapshot(request);
	paper_open(&paper);
	metrics_print(paper.out, snap, &scope);
	json_object_put(snap);
	ret = paper_tell(&paper);
	if (ret)
		fail(EXIT_RUNTIME, "%s: %s", textfile, strerror(-ret));
	told = true;
}
