// SPDX-License-Identifier: GPL-2.0-only
/*
 * errname_test.c - the command's names of errors, against the C library's
 */
#include <string.h>

#include "kselftest_harness.h"

#include "../../tools/base/errname.h"

TEST(as_the_c_library_says)
{
	const char *name;
	unsigned long nr;

	for (nr = 1; nr < 4096; nr++) {
		name = strerrorname_np(nr);
		EXPECT_STREQ(name ?: "none", errname(nr) ?: "none");
	}
}

TEST(no_error_has_no_name)
{
	EXPECT_EQ(NULL, errname(0));
	EXPECT_EQ(NULL, errname(-1UL));
}

TEST_HARNESS_MAIN
