/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record.h - what domain records and process records have in common
 */
#ifndef IVS_RECORD_H
#define IVS_RECORD_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "pool.h"
#include "stats.h"

#define IVS_TABLE_BITS 8

struct ivs_table;

/**
 * struct ivs_record - one domain or process, and its counters
 * @id: names the record for ever; never used again
 * @key: what it is found by: a pointer or a pid, meaningful while hashed
 * @born: tells a reused key from the first user of it
 * @pid: thread group that made it, in the initial pid namespace; of a domain,
 *	the one that uses it
 * @comm: its name then
 * @first_ns: CLOCK_MONOTONIC of its creation
 * @last_ns: CLOCK_MONOTONIC of the last event
 * @sums: its counters
 */
struct ivs_record {
	union {
		struct rcu_head rcu;
		struct llist_node dead;
	};
	struct ivs_table *table;
	struct hlist_node hash;
	struct hlist_node by_id;
	struct list_head link;
	u64 id;
	unsigned long key;
	u64 born;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u64 first_ns;
	u64 last_ns;
	struct ivs_sums sums;
};

/**
 * struct ivs_table - all records of one kind
 * @pool: where they come from; object 0 bytes is the struct ivs_record
 * @setup: prepares a new record before anyone can find it, or NULL
 * @release: lets go of what it holds; may sleep; or NULL
 */
struct ivs_table {
	struct ivs_pool pool;
	void (*setup)(struct ivs_record *record);
	void (*release)(struct ivs_record *record);
	/* private: */
	raw_spinlock_t lock;
	struct hlist_head hash[1 << IVS_TABLE_BITS];
	struct hlist_head ids[1 << IVS_TABLE_BITS];
	struct list_head list;
	u64 last_id;
	struct llist_head dead;
	struct work_struct reap;
};

int ivs_table_init(struct ivs_table *table);
void ivs_table_exit(struct ivs_table *table);
struct ivs_record *ivs_record_find(struct ivs_table *table, unsigned long key,
				   u64 born);
struct ivs_record *ivs_record_get(struct ivs_table *table, unsigned long key,
				  u64 born);
void ivs_record_retire(struct ivs_record *record);

/*
 * ivs_record_used - by a handler that began at @now_ns, which may be earlier
 * than another of its handlers, or than its making within this one
 */
static inline void ivs_record_used(struct ivs_record *record, u64 now_ns)
{
	if (now_ns > READ_ONCE(record->last_ns))
		WRITE_ONCE(record->last_ns, now_ns);
}

struct ivs_record *ivs_record_from(struct ivs_table *table, u64 id);

#endif /* IVS_RECORD_H */
