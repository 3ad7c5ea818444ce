// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only file of the tests that names a kernel version. What is asked here is
 * type1's business and leaves no trace that could be looked for: read in the
 * sources of 5.10, 6.1 and 6.12 on the one side, 7.2 and 7.3 on the other.
 */
#include <sys/utsname.h>

#include "kernel.h"
#include "must.h"

static int before_7(void)
{
	struct utsname name;

	must_eq(uname(&name), 0);
	return atoi(name.release) < 7;
}

unsigned int kernel_trial_pages(void)
{
	return before_7() ? 2 : 0;
}

int kernel_wrap_errno(void)
{
	return before_7() ? EINVAL : EOVERFLOW;
}
