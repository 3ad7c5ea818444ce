/* SPDX-License-Identifier: GPL-2.0-only */
/* spinlock.h - the type: nothing on the host takes a lock */
#ifndef HOST_SPINLOCK_H
#define HOST_SPINLOCK_H

#define raw_spinlock_t struct { }

#endif /* HOST_SPINLOCK_H */
