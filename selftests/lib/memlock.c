// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory this process may lock: the limit, and the capability that
 * lifts it.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include "memlock.h"
#include "must.h"

void memlock_limit(__u64 bytes)
{
	struct rlimit rlimit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

	must_eq(setrlimit(RLIMIT_MEMLOCK, &rlimit), 0);
}

void memlock_lose_right(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	must_eq(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	must_eq(syscall(SYS_capset, &header, data), 0);
}
