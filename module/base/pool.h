/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pool.h - objects allocated ahead, for code that must not allocate
 */
#ifndef IVS_POOL_H
#define IVS_POOL_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/**
 * struct ivs_pool - a reserve of zeroed objects of one size
 * @name: for the slab cache
 * @size: bytes an object, at least that of a struct llist_node
 * @reserve: free objects to keep ready
 * @limit: most objects that may exist at once, 0 for no limit
 */
struct ivs_pool {
	const char *name;
	size_t size;
	unsigned int reserve;
	unsigned int limit;
	/* private: */
	struct kmem_cache *cache;
	raw_spinlock_t lock;
	struct llist_node *free;
	unsigned int nr_free;
	unsigned int nr;
	struct work_struct refill;
};

int ivs_pool_init(struct ivs_pool *pool);
void ivs_pool_exit(struct ivs_pool *pool);
void ivs_pool_reserve(struct ivs_pool *pool);
void *ivs_pool_get(struct ivs_pool *pool);
void ivs_pool_put(struct ivs_pool *pool, void *object);
void ivs_pool_put_chain(struct ivs_pool *pool, void *first, void *last,
			unsigned int nr);

#endif /* IVS_POOL_H */
