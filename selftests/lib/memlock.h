/* SPDX-License-Identifier: GPL-2.0-only */
/* memlock.h - how much memory this process may lock */
#ifndef LIB_MEMLOCK_H
#define LIB_MEMLOCK_H

#include <linux/types.h>

/* RLIMIT_MEMLOCK; it may be raised again. */
void memlock_limit(__u64 bytes);
/* Without CAP_IPC_LOCK, the limit holds. */
void memlock_lose_right(void);

#endif /* LIB_MEMLOCK_H */
