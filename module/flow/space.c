// SPDX-License-Identifier: GPL-2.0-only
/*
 * space.c - what is served by domains: a container, or an IOAS of iommufd
 *
 * Model. A process does not see domains. It maps into a space: a container of
 * VFIO, or an IOAS. The kernel makes domains for that as devices come. A space
 * is known here by a number that is compared only, taken from the calls that
 * are about it; each domain has that of its own. Its owner is the process that
 * last mapped into it, for a space can be handed on.
 *
 * Locking: RCU for the list of domains; the lock of a domain for its owner's
 * name.
 */
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "call.h"
#include "domain.h"
#include "space.h"

/* Extents that are taken together, of what is in the way of a map. */
#define MAX_NEIGHBOURS 64

/* ivs_space_of - the container or IOAS that a call works on, 0 for unknown */
unsigned long ivs_space_of(const struct ivs_call *call)
{
	while (call && !call->space)
		call = call->parent;
	return call ? call->space : 0;
}

/**
 * ivs_domain_own - the current process uses a domain now
 * @dom: the record
 *
 * A container can be handed on to another process, or to the program that takes
 * the place of this one.
 *
 * Context: handler of a call that maps for that process.
 */
void ivs_domain_own(struct ivs_domain *dom)
{
	unsigned long flags;

	if (READ_ONCE(dom->rec.pid) == current->tgid)
		return;
	raw_spin_lock_irqsave(&dom->lock, flags);
	WRITE_ONCE(dom->rec.pid, current->tgid);
	memcpy(dom->rec.comm, current->group_leader->comm, TASK_COMM_LEN);
	dom->rec.comm[TASK_COMM_LEN - 1] = '\0';
	raw_spin_unlock_irqrestore(&dom->lock, flags);
}

/* ivs_space_own - the same of all domains of a space; under RCU */
void ivs_space_own(unsigned long space)
{
	struct ivs_record *record;

	if (!space)
		return;
	list_for_each_entry_rcu(record, &ivs_domains.list, link)
		if (READ_ONCE(to_ivs_domain(record)->space) == space)
			ivs_domain_own(to_ivs_domain(record));
}

/* ivs_domain_owner - who that is: pid, and its name */
pid_t ivs_domain_owner(struct ivs_domain *dom, char comm[TASK_COMM_LEN])
{
	unsigned long flags;
	pid_t pid;

	raw_spin_lock_irqsave(&dom->lock, flags);
	pid = dom->rec.pid;
	memcpy(comm, dom->rec.comm, TASK_COMM_LEN);
	raw_spin_unlock_irqrestore(&dom->lock, flags);
	return pid;
}

/* A domain serves @space, as far as that is known. */
static void space_serve(struct ivs_domain *dom, unsigned long space)
{
	if (space && READ_ONCE(dom->space) != space)
		WRITE_ONCE(dom->space, space);
}

/**
 * ivs_space_domain - the first domain of a space
 * @space: which; 0 has none
 *
 * Context: under RCU. A step for each domain there is: for calls that failed.
 * Return: the record or NULL.
 */
struct ivs_domain *ivs_space_domain(unsigned long space)
{
	struct ivs_record *record;

	if (!space)
		return NULL;
	list_for_each_entry_rcu(record, &ivs_domains.list, link)
		if (READ_ONCE(to_ivs_domain(record)->space) == space)
			return to_ivs_domain(record);
	return NULL;
}

/**
 * ivs_space_overlap - what is mapped in a range already
 * @dom: the domain
 * @iova: first IOVA of the range
 * @last: its last
 * @start: out: where the first mapped part of it begins, which may be before
 *
 * Return: bytes of that part up to the next hole, 0 when nothing is mapped.
 */
u64 ivs_space_overlap(struct ivs_domain *dom, u64 iova, u64 last, u64 *start)
{
	struct ivs_span span;
	unsigned int step;
	u64 end;

	if (!ivs_domain_extent(dom, iova, &span) || span.start > last)
		return 0;
	*start = span.start;
	end = span.last + 1;
	for (step = 0; step < MAX_NEIGHBOURS && end &&
	     ivs_domain_extent(dom, end, &span) && span.start == end; step++)
		end = span.last + 1;
	return end - *start;
}

/**
 * ivs_space_mapped - a map into a domain has returned
 * @dom: the record
 * @call: the map
 * @ret: 0 or -errno
 *
 * Context: its return handler.
 */
void ivs_space_mapped(struct ivs_domain *dom, const struct ivs_call *call,
		      int ret)
{
	space_serve(dom, ivs_space_of(call));
	if (!ret && call->task)
		ivs_domain_own(dom);
}
