// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.c - does the page table hold what the flow says it holds?
 *
 * Model. Flow and census know nothing of each other: the one adds up what calls
 * must have done, the other reads what the hardware reads. They are compared
 * leaf by leaf: each stretch of the walk must lie in an extent of the flow of
 * the same leaf size, and the flow must have nothing in between.
 *
 * A comparison is good when no map and no unmap of the domain began, ended or
 * was under way meanwhile (ivs_domain_quiet()); otherwise it is made again, a
 * bounded number of times, and then given up as torn.
 *
 * Locking: the domain's lock for one extent at a time; RCU for its record,
 * which is looked up by id each time, so that it may go while we walk.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "base/op.h"
#include "base/text.h"
#include "flow/device.h"
#include "flow/domain.h"
#include "flow/domain_show.h"
#include "flow/flight.h"
#include "check.h"
#include "compat.h"

/* Comparisons that maps and unmaps may spoil before the domain is torn. */
#define MAX_TRIES 32

static const char *const verdict_names[IVS_NR_VERDICTS] = {
	[IVS_EQUAL] = "equal",
	[IVS_DIFFERS] = "differs",
	[IVS_TORN] = "torn",
	[IVS_UNREADABLE] = "unreadable",
	[IVS_INEXACT] = "inexact",
};

/* Flow and census have agreed about something that was mapped. */
static bool agreed;

/* A comparison under way. */
struct comparison {
	struct ivs_visitor visitor;
	u64 id;
	struct ivs_check *check;
	/* The flow's extent at hand: the first that ends at or after @next. */
	struct ivs_span extent;
	bool have_extent;
	/* Everything below was compared. */
	u64 next;
	bool differs;
};

/**
 * ivs_check_context - how the hardware translates for a domain
 * @domain: id of the domain's record
 * @context: filled from the first of its devices that has a page table
 *
 * Context: may sleep.
 * Return: 0, or -ENOENT when none has one.
 */
int ivs_check_context(u64 domain, struct ivs_context *context)
{
	struct ivs_bdf bdf;
	unsigned int nth;

	for (nth = 0; ivs_device_nth(domain, nth, &bdf); nth++)
		if (!ivs_context_find(bdf.segment, bdf.rid, context) &&
		    context->format)
			return 0;
	return -ENOENT;
}

static bool flow_extent_at(u64 id, u64 iova, struct ivs_span *span)
{
	struct ivs_domain *dom;
	bool found = false;

	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom)
		found = ivs_domain_extent(dom, iova, span);
	rcu_read_unlock();
	return found;
}

static void comparison_differs(struct comparison *c, u64 iova)
{
	if (c->differs)
		return;
	c->differs = true;
	c->check->iova = iova;
}

/* The page table has no leaf between @next and @iova; nor may the flow. */
static void comparison_gap(struct comparison *c, u64 iova)
{
	if (!c->have_extent || c->extent.last < c->next)
		c->have_extent = flow_extent_at(c->id, c->next, &c->extent);
	if (c->have_extent && c->extent.start < iova && c->next < iova)
		comparison_differs(c, max(c->extent.start, c->next));
}

static int comparison_leaves(struct ivs_visitor *visitor,
			     const struct ivs_stretch *stretch)
{
	struct comparison *c = container_of(visitor, struct comparison,
					    visitor);
	u64 last = ivs_stretch_last(stretch);

	c->check->census[stretch->leaf] += stretch->nr;
	comparison_gap(c, stretch->iova);
	if (c->have_extent && c->extent.last < stretch->iova)
		c->have_extent =
			flow_extent_at(c->id, stretch->iova, &c->extent);
	if (!c->have_extent || c->extent.start > stretch->iova ||
	    c->extent.leaf != stretch->leaf)
		comparison_differs(c, stretch->iova);
	else if (c->extent.last < last)
		comparison_differs(c, c->extent.last + 1);
	c->next = last + 1;
	return 0;
}

static int comparison_torn(struct ivs_visitor *visitor, u64 iova, u64 last)
{
	return -EAGAIN;
}

/* Walk once; 0, -EAGAIN when the table changed, or why it cannot be walked. */
static int check_compare(u64 id, const struct ivs_context *context,
			 struct ivs_walk *walk, struct ivs_check *check)
{
	struct comparison c = {
		.visitor = { .leaves = comparison_leaves,
			     .torn = comparison_torn },
		.id = id,
		.check = check,
	};
	int ret;

	memset(check->census, 0, sizeof(check->census));
	ret = ivs_context_walk(context, walk, &c.visitor, 0);
	if (ret)
		return ret;
	comparison_gap(&c, U64_MAX);
	check->census_tables = walk->tables;
	check->verdict = c.differs ? IVS_DIFFERS : IVS_EQUAL;
	return 0;
}

/* How a domain is before a walk. */
struct flow_state {
	u64 events;
	u64 failed;
	bool floor;
};

/* Copy what the flow says; -EAGAIN while a map or unmap is under way. */
static int check_read_flow(u64 id, struct ivs_check *check,
			   struct flow_state *state)
{
	struct ivs_domain *dom;
	int ret = -ENOENT;

	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom) {
		ret = ivs_domain_quiet(dom, &state->events) ? 0 : -EAGAIN;
		ivs_domain_flow(dom, check->flow);
		state->failed = atomic64_read(&dom->failed);
		state->floor = ivs_domain_inexact(dom);
	}
	rcu_read_unlock();
	return ret;
}

static bool check_still_quiet(u64 id, u64 events)
{
	struct ivs_domain *dom;
	bool quiet = false;
	u64 now;

	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom)
		quiet = ivs_domain_quiet(dom, &now) && now == events;
	rcu_read_unlock();
	return quiet;
}

/* Of a domain without calls the flow knows from the census what it says. */
static void check_note_agreement(const struct ivs_check *check, u64 events)
{
	enum ivs_leaf leaf;

	if (check->verdict != IVS_EQUAL || !events)
		return;
	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++)
		if (check->census[leaf])
			WRITE_ONCE(agreed, true);
}

/**
 * ivs_check_unverified - is it unknown whether the numbers are right here?
 *
 * Return: true on a kernel newer than any that was read, until a comparison
 * there, of a domain with mappings, came out equal.
 */
bool ivs_check_unverified(void)
{
	return ivs_compat_unread() && !READ_ONCE(agreed);
}

/* They agree: what failed before the walk has left nothing. */
static void check_clear_failed(u64 id, u64 failed)
{
	struct ivs_domain *dom;

	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom)
		ivs_domain_looked(dom, failed);
	rcu_read_unlock();
}

static int check_try(u64 id, struct ivs_walk *walk, struct ivs_check *check)
{
	struct flow_state state = { };
	struct ivs_context context;
	int ret = check_read_flow(id, check, &state);

	check->flow_tables = ivs_domain_tables(id);
	if (ret)
		return ret;
	if (ivs_check_context(id, &context))
		return -ENXIO;
	ret = check_compare(id, &context, walk, check);
	if (ret)
		return ret;
	if (!check_still_quiet(id, state.events))
		return -EAGAIN;
	if (check->verdict == IVS_EQUAL)
		check_clear_failed(id, state.failed);
	else if (state.floor)
		check->verdict = IVS_INEXACT;
	check_note_agreement(check, state.events);
	return 0;
}

/**
 * ivs_check_domain - compare flow and census of a domain
 * @id: which
 * @walk: room for the walks
 * @check: the result
 *
 * Context: may sleep.
 * Return: 0, -EINTR, or -ENOENT when the domain is gone.
 */
int ivs_check_domain(u64 id, struct ivs_walk *walk, struct ivs_check *check)
{
	unsigned int tries;
	int ret = -EAGAIN;

	/* Nobody waits for what will never end. */
	ivs_flight_bury();
	for (tries = 0; ret == -EAGAIN && tries < MAX_TRIES; tries++) {
		/* Let the maps and unmaps that spoiled the last one end. */
		if (tries)
			usleep_range(50 * tries, 100 * tries);
		memset(check, 0, sizeof(*check));
		ret = check_try(id, walk, check);
	}
	if (ret == -EAGAIN)
		check->verdict = IVS_TORN;
	else if (ret && ret != -EINTR && ret != -ENOENT)
		check->verdict = IVS_UNREADABLE;
	else
		return ret;
	return 0;
}

/* ---- the file `check`: position 0 is the format line, then ids from 1 ---- */

/* The next domain with a device; only its id outlives the RCU section. */
static void *check_start(struct seq_file *m, loff_t *pos)
{
	struct ivs_record *record;

	if (!*pos)
		return pos;
	rcu_read_lock();
	do {
		record = ivs_record_from(&ivs_domains, *pos);
		if (!record)
			break;
		*pos = record->id;
	} while (!ivs_device_any(record->id) && ++*pos);
	rcu_read_unlock();
	return record ? pos : NULL;
}

static void *check_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return check_start(m, pos);
}

static void check_stop(struct seq_file *m, void *v)
{
}

static void check_show_leaves(struct seq_file *m, const char *who,
			      const u64 leaves[IVS_NR_LEAVES])
{
	enum ivs_leaf leaf;

	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++)
		seq_printf(m, " %s_%s_leaves=%llu", who, ivs_leaf_names[leaf],
			   leaves[leaf]);
}

static void check_show_numbers(struct seq_file *m,
			       const struct ivs_check *check)
{
	check_show_leaves(m, "flow", check->flow);
	check_show_leaves(m, "census", check->census);
	seq_printf(m, " flow_table_bytes=%llu census_table_bytes=%llu",
		   check->flow_tables * IVS_TABLE_BYTES,
		   check->census_tables * IVS_TABLE_BYTES);
}

static int check_show(struct seq_file *m, void *v)
{
	u64 id = *(loff_t *)v;
	struct ivs_check check;
	int ret;

	if (!id) {
		ivs_text_format(m);
		return 0;
	}
	ret = ivs_check_domain(id, m->private, &check);
	if (ret)
		return ret == -ENOENT ? SEQ_SKIP : ret;
	seq_printf(m, "%llu verdict=%s devices=", id,
		   verdict_names[check.verdict]);
	ivs_device_list(m, id);
	if (ivs_compat_intel_iommu())
		check_show_numbers(m, &check);
	if (check.verdict == IVS_DIFFERS || check.verdict == IVS_INEXACT)
		seq_printf(m, " iova=0x%llx", check.iova);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations check_sops = {
	.start = check_start,
	.next = check_next,
	.stop = check_stop,
	.show = check_show,
};

static int check_open(struct inode *inode, struct file *file)
{
	struct ivs_walk *walk = kvzalloc(sizeof(*walk), GFP_KERNEL);
	int ret;

	if (!walk)
		return -ENOMEM;
	ret = seq_open(file, &check_sops);
	if (ret) {
		kvfree(walk);
		return ret;
	}
	((struct seq_file *)file->private_data)->private = walk;
	return 0;
}

static int check_release(struct inode *inode, struct file *file)
{
	kvfree(((struct seq_file *)file->private_data)->private);
	return seq_release(inode, file);
}

const struct file_operations ivs_check_fops = {
	.owner = THIS_MODULE,
	.open = check_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = check_release,
};
