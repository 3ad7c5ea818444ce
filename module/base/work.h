/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * work.h - what handlers leave for later
 */
#ifndef IVS_WORK_H
#define IVS_WORK_H

#include <linux/workqueue.h>

int ivs_work_init(void);
void ivs_work_exit(void);
void ivs_work_queue(struct work_struct *work);

#endif /* IVS_WORK_H */
