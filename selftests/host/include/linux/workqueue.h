/* SPDX-License-Identifier: GPL-2.0-only */
/* workqueue.h - the type: nothing on the host has a worker */
#ifndef HOST_WORKQUEUE_H
#define HOST_WORKQUEUE_H

struct work_struct { };

#endif /* HOST_WORKQUEUE_H */
