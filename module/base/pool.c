// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool.c - a reserve of objects for probe handlers
 *
 * Model. Handlers run with preemption off, possibly with interrupts off, and on
 * a real-time kernel not even GFP_ATOMIC is allowed there. So they take objects
 * from a free list that a worker keeps filled, and never allocate. A burst that
 * outruns the worker finds the list empty: the caller counts that loss and
 * marks what it describes as inexact.
 *
 * Locking: @lock, raw, irq-safe, innermost; held for a few instructions.
 * Lifetime: ivs_pool_exit() demands that every object is back.
 */
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "memory.h"
#include "pool.h"
#include "work.h"

/* Free objects are given back once there are this many times the reserve. */
#define POOL_SLACK 4

static bool pool_at_limit(const struct ivs_pool *pool)
{
	return pool->limit && READ_ONCE(pool->nr) >= pool->limit;
}

/* Objects that are linked from @first to @last; the pool is locked. */
static void pool_link(struct ivs_pool *pool, struct llist_node *first,
		      struct llist_node *last, unsigned int nr)
{
	last->next = pool->free;
	pool->free = first;
	pool->nr_free += nr;
}

/* A new object, unless there are enough. */
static bool pool_add(struct ivs_pool *pool, struct llist_node *node)
{
	unsigned long flags;
	bool wanted;

	raw_spin_lock_irqsave(&pool->lock, flags);
	wanted = pool->nr_free < pool->reserve && !pool_at_limit(pool);
	if (wanted) {
		pool_link(pool, node, node, 1);
		pool->nr++;
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return wanted;
}

static struct llist_node *pool_pop(struct ivs_pool *pool, unsigned int keep)
{
	struct llist_node *node = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	if (pool->nr_free > keep) {
		node = pool->free;
		pool->free = node->next;
		pool->nr_free--;
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return node;
}

/* Free what is above @keep: a burst of puts leaves more than is needed. */
static void pool_trim(struct ivs_pool *pool, unsigned int keep)
{
	struct llist_node *node;

	while ((node = pool_pop(pool, keep))) {
		kmem_cache_free(pool->cache, node);
		pool->nr--;
		ivs_memory_add(-(s64)pool->size);
		cond_resched();
	}
}

static void pool_fill(struct ivs_pool *pool)
{
	for (;;) {
		void *object = kmem_cache_alloc(pool->cache, GFP_KERNEL);

		if (!object)
			return;
		if (!pool_add(pool, object)) {
			kmem_cache_free(pool->cache, object);
			return;
		}
		ivs_memory_add(pool->size);
		cond_resched();
	}
}

/* The only one who allocates and frees once the pool is in use. */
static void pool_refill(struct work_struct *work)
{
	struct ivs_pool *pool = container_of(work, struct ivs_pool, refill);

	if (READ_ONCE(pool->nr_free) > POOL_SLACK * pool->reserve)
		pool_trim(pool, pool->reserve);
	else
		pool_fill(pool);
}

/**
 * ivs_pool_init - make a pool ready and fill its reserve
 * @pool: with @name, @size, @reserve and @limit set
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ivs_pool_init(struct ivs_pool *pool)
{
	pool->cache = kmem_cache_create(pool->name, pool->size, 0, 0, NULL);
	if (!pool->cache)
		return -ENOMEM;

	raw_spin_lock_init(&pool->lock);
	INIT_WORK(&pool->refill, pool_refill);
	pool_refill(&pool->refill);
	if (pool->nr_free < pool->reserve) {
		ivs_pool_exit(pool);
		return -ENOMEM;
	}
	return 0;
}

/**
 * ivs_pool_exit - free a pool, every object of which has been put back
 * @pool: the pool; one that was never initialised is left alone
 *
 * Context: may sleep.
 */
void ivs_pool_exit(struct ivs_pool *pool)
{
	if (!pool->cache)
		return;
	cancel_work_sync(&pool->refill);
	WARN_ON_ONCE(pool->nr != pool->nr_free);
	pool_trim(pool, 0);
	kmem_cache_destroy(pool->cache);
	pool->cache = NULL;
}

/**
 * ivs_pool_reserve - wait until a pool that runs low has been refilled
 * @pool: the pool
 *
 * Context: may sleep.
 */
void ivs_pool_reserve(struct ivs_pool *pool)
{
	if (READ_ONCE(pool->nr_free) >= pool->reserve / 2)
		return;
	ivs_work_queue(&pool->refill);
	flush_work(&pool->refill);
}

/**
 * ivs_pool_get - take a zeroed object
 * @pool: the pool
 *
 * Context: any but NMI.
 * Return: the object, NULL when the reserve is dry; it is being refilled then.
 */
void *ivs_pool_get(struct ivs_pool *pool)
{
	struct llist_node *node = pool_pop(pool, 0);

	if (READ_ONCE(pool->nr_free) < pool->reserve / 2 &&
	    !pool_at_limit(pool))
		ivs_work_queue(&pool->refill);
	if (node)
		memset(node, 0, pool->size);
	return node;
}

/**
 * ivs_pool_put - give an object back
 * @pool: the pool it came from
 * @object: the object; nobody may look at it any more
 *
 * Context: any but NMI.
 */
void ivs_pool_put(struct ivs_pool *pool, void *object)
{
	ivs_pool_put_chain(pool, object, object, 1);
}

/**
 * ivs_pool_put_chain - give objects back, as many as there are, at once
 * @pool: the pool they came from
 * @first: an object; the first word of each points to the next one
 * @last: where that ends
 * @nr: how many they are
 *
 * Context: any but NMI; takes no longer than for one.
 */
void ivs_pool_put_chain(struct ivs_pool *pool, void *first, void *last,
			unsigned int nr)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	pool_link(pool, first, last, nr);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (READ_ONCE(pool->nr_free) > POOL_SLACK * pool->reserve)
		ivs_work_queue(&pool->refill);
}
