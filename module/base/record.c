// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c - tables of records that handlers find, make and retire
 *
 * Model. A record is found by key in a hash, and listed by id for readers, who
 * find their place in the list by another hash. It is taken from a reserve when
 * a handler meets something new. Retiring it unhooks it at once, so that the
 * same address or pid later names a new record, and gives the memory back after
 * a grace period.
 *
 * Locking: lookups and readers are under RCU (probe handlers run with
 * preemption off, which is a read-side section on every kernel since 5.0);
 * @lock, raw and irq-safe, orders insertions and removals. A record is added
 * and found by the threads of one process or the owner of one domain, so the
 * lock is all but never contended.
 *
 * Lifetime: hashed -> retired -> (grace period) -> @release in a worker, which
 * may sleep -> pool.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/rculist.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "record.h"
#include "work.h"

static struct hlist_head *table_bucket(struct ivs_table *table,
				       unsigned long key)
{
	return &table->hash[hash_long(key, IVS_TABLE_BITS)];
}

/* Ids are given out one after the other: they fill the buckets evenly. */
static struct hlist_head *table_ids(struct ivs_table *table, u64 id)
{
	return &table->ids[id & (ARRAY_SIZE(table->ids) - 1)];
}

/**
 * ivs_record_find - look a record up
 * @table: where
 * @key: by what
 * @born: and of which birth
 *
 * Context: under RCU.
 * Return: the record or NULL.
 */
struct ivs_record *ivs_record_find(struct ivs_table *table, unsigned long key,
				   u64 born)
{
	struct ivs_record *record;

	hlist_for_each_entry_rcu(record, table_bucket(table, key), hash)
		if (record->key == key && record->born == born)
			return record;
	return NULL;
}

static void record_setup(struct ivs_table *table, struct ivs_record *record,
			 unsigned long key, u64 born)
{
	record->table = table;
	record->key = key;
	record->born = born;
	record->pid = current->tgid;
	memcpy(record->comm, current->group_leader->comm, TASK_COMM_LEN);
	record->comm[TASK_COMM_LEN - 1] = '\0';
	record->first_ns = ktime_get_mono_fast_ns();
	record->last_ns = record->first_ns;
	if (table->setup)
		table->setup(record);
}

/**
 * ivs_record_get - look a record up, or make it for the current process
 * @table: where
 * @key: by what
 * @born: and of which birth
 *
 * Context: under RCU, any but NMI.
 * Return: the record, NULL when it is new and the reserve is dry.
 */
struct ivs_record *ivs_record_get(struct ivs_table *table, unsigned long key,
				  u64 born)
{
	struct ivs_record *record = ivs_record_find(table, key, born), *again;
	unsigned long flags;

	if (record)
		return record;
	record = ivs_pool_get(&table->pool);
	if (!record)
		return NULL;
	record_setup(table, record, key, born);

	raw_spin_lock_irqsave(&table->lock, flags);
	again = ivs_record_find(table, key, born);
	if (!again) {
		record->id = ++table->last_id;
		hlist_add_head_rcu(&record->hash, table_bucket(table, key));
		list_add_tail_rcu(&record->link, &table->list);
		/* Who finds it there goes on in the list. */
		hlist_add_head_rcu(&record->by_id,
				   table_ids(table, record->id));
	}
	raw_spin_unlock_irqrestore(&table->lock, flags);
	if (!again)
		return record;
	ivs_pool_put(&table->pool, record);
	return again;
}

static void record_release(struct ivs_record *record)
{
	struct ivs_table *table = record->table;

	if (table->release)
		table->release(record);
	ivs_pool_put(&table->pool, record);
}

static void table_reap(struct work_struct *work)
{
	struct ivs_table *table = container_of(work, struct ivs_table, reap);
	struct ivs_record *record, *next;

	llist_for_each_entry_safe(record, next, llist_del_all(&table->dead),
				  dead) {
		record_release(record);
		cond_resched();
	}
}

static void record_dead(struct rcu_head *rcu)
{
	struct ivs_record *record = container_of(rcu, struct ivs_record, rcu);
	struct ivs_table *table = record->table;

	llist_add(&record->dead, &table->dead);
	ivs_work_queue(&table->reap);
}

/**
 * ivs_record_retire - let nobody find a record any more
 * @record: the record; must not be used after the RCU section ends
 *
 * Context: any but NMI. Harmless when it has been retired before.
 */
void ivs_record_retire(struct ivs_record *record)
{
	struct ivs_table *table = record->table;
	unsigned long flags;
	bool hashed;

	raw_spin_lock_irqsave(&table->lock, flags);
	hashed = !hlist_unhashed(&record->hash);
	if (hashed) {
		hlist_del_init_rcu(&record->hash);
		hlist_del_rcu(&record->by_id);
		list_del_rcu(&record->link);
	}
	raw_spin_unlock_irqrestore(&table->lock, flags);
	if (hashed)
		call_rcu(&record->rcu, record_dead);
}

static struct ivs_record *record_by_id(struct ivs_table *table, u64 id)
{
	struct ivs_record *record;

	hlist_for_each_entry_rcu(record, table_ids(table, id), by_id)
		if (record->id == id)
			return record;
	return NULL;
}

/**
 * ivs_record_from - the first record with at least a given id
 * @table: where
 * @id: which; readers resume with the last id they wrote plus one
 *
 * Reading sixteen thousand records must not walk the list for each: only for
 * one that was retired since the reader saw it.
 *
 * Context: under RCU.
 * Return: the record, NULL past the last.
 */
struct ivs_record *ivs_record_from(struct ivs_table *table, u64 id)
{
	struct ivs_record *record = record_by_id(table, id);

	if (record)
		return record;
	record = record_by_id(table, id - 1);
	if (record)
		return list_next_or_null_rcu(&table->list, &record->link,
					     struct ivs_record, link);
	list_for_each_entry_rcu(record, &table->list, link)
		if (record->id >= id)
			return record;
	return NULL;
}

/* ivs_table_init - make an empty table; 0 or -ENOMEM; may sleep */
int ivs_table_init(struct ivs_table *table)
{
	raw_spin_lock_init(&table->lock);
	INIT_LIST_HEAD(&table->list);
	init_llist_head(&table->dead);
	INIT_WORK(&table->reap, table_reap);
	return ivs_pool_init(&table->pool);
}

/**
 * ivs_table_exit - retire what is left and free everything
 * @table: the table; one whose pool was never made is left alone
 *
 * Context: may sleep; no handler and no reader may run any more.
 */
void ivs_table_exit(struct ivs_table *table)
{
	struct ivs_record *record, *next;

	if (!table->pool.cache)
		return;
	list_for_each_entry_safe(record, next, &table->list, link)
		ivs_record_retire(record);
	rcu_barrier();
	flush_work(&table->reap);
	ivs_pool_exit(&table->pool);
}
