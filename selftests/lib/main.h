/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * main.h - main() of a test program, to be included after the harness
 *
 * The harness says 0 also when every test skipped; whoever runs kselftests wants
 * KSFT_SKIP, and the reason before the first test where there is one for all.
 *
 * A program that disturbs the whole machine, or wants one made for it, says so
 * behind its includes: static const char *disturbs = "takes a processor".
 */
#ifndef LIB_MAIN_H
#define LIB_MAIN_H

#include "host.h"

static const char *disturbs;
static pid_t main_pid;

static void main_end(void)
{
	if (getpid() != main_pid)
		return;
	host_close();
	if (ksft_get_xskip_cnt() && ksft_get_xskip_cnt() == (int)ksft_plan) {
		fflush(NULL);
		_exit(KSFT_SKIP);
	}
}

int main(int argc, char **argv)
{
	const int only_asked = argc == 2 && (!strcmp(argv[1], "-l") ||
					     !strcmp(argv[1], "-h"));

	if (only_asked)
		return test_harness_run(argc, argv);
	if (disturbs && !host_is_lab())
		ksft_exit_skip("for the lab only: %s\n", disturbs);
	host_open();
	main_pid = getpid();
	atexit(main_end);
	return test_harness_run(argc, argv);
}

#endif /* LIB_MAIN_H */
