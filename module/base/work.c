// SPDX-License-Identifier: GPL-2.0-only
/*
 * work.c - the queue of what handlers leave for later
 *
 * A handler runs where a client maps. That processor may belong to a real-time
 * task, or be isolated, and then nothing else gets a turn there: a worker that
 * is bound to it comes too late for the burst of maps that asked for it. So the
 * queue is bound to no processor, and its workers go before ordinary tasks.
 *
 * Locking: the workqueue's own, raw, so that handlers may queue.
 */
#include <linux/errno.h>

#include "work.h"

static struct workqueue_struct *queue;

/* ivs_work_init - make the queue; 0 or -ENOMEM; may sleep */
int ivs_work_init(void)
{
	queue = alloc_workqueue("iovascope", WQ_UNBOUND | WQ_HIGHPRI, 0);
	return queue ? 0 : -ENOMEM;
}

/* ivs_work_exit - wait for what is queued and free the queue; may sleep */
void ivs_work_exit(void)
{
	destroy_workqueue(queue);
}

/* ivs_work_queue - have something done soon; any context but NMI */
void ivs_work_queue(struct work_struct *work)
{
	queue_work(queue, work);
}
