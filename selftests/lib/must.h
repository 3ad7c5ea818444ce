/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * must.h - assertions of the test library
 *
 * The library is used inside kselftests, in the children they fork and in
 * vfio_client, so it cannot use the harness' macros: a broken promise prints
 * what was promised, what was seen, where, and errno, and ends the process
 * with the harness' exit code for a failure.
 */
#ifndef LIB_MUST_H
#define LIB_MUST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel's KSFT_FAIL; kselftest.h is not included by the library. */
#define MUST_EXIT 1

#define must_fail(fmt, ...) do {					\
	int __err = errno;						\
									\
	fflush(stdout);							\
	fprintf(stderr, "# %s:%d: %s: " fmt " (errno %d: %s)\n",	\
		__FILE__, __LINE__, __func__, ##__VA_ARGS__,		\
		__err, strerror(__err));				\
	_exit(MUST_EXIT);						\
} while (0)

/*
 * Something that only a lab has for sure is not there. Elsewhere that is a
 * reason to skip; in the lab ($IOVASCOPE_LAB) nothing may be missing.
 */
#define MUST_SKIP 4	/* the kernel's KSFT_SKIP */

#define must_have(there, fmt, ...) do {					\
	if (there)							\
		break;							\
	if (getenv("IOVASCOPE_LAB"))					\
		must_fail(fmt, ##__VA_ARGS__);				\
	fprintf(stderr, "# SKIP " fmt "\n", ##__VA_ARGS__);		\
	_exit(MUST_SKIP);						\
} while (0)

#define must(expr) do {							\
	if (!(expr))							\
		must_fail("must hold: %s", #expr);			\
} while (0)

#define must_op(a, op, b) do {						\
	long long __a = (long long)(a), __b = (long long)(b);		\
									\
	if (!(__a op __b))						\
		must_fail("must hold: %s %s %s; seen: %lld (0x%llx), %lld (0x%llx)", \
			  #a, #op, #b, __a, __a, __b, __b);		\
} while (0)

#define must_eq(a, b) must_op(a, ==, b)

/* A function of the kernel's kind: 0 or -errno. */
#define must_work(call) do {						\
	int __ret = (call);						\
									\
	if (__ret) {							\
		errno = -__ret;						\
		must_fail("must work: %s", #call);			\
	}								\
} while (0)

#endif /* LIB_MUST_H */
