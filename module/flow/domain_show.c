// SPDX-License-Identifier: GPL-2.0-only
/*
 * domain_show.c - what users read of a domain
 *
 * Model. One line a domain: who uses it, whether its numbers are exact and if
 * not why, what it holds now (gauges, made when somebody reads), and what was
 * counted for it. domain.c keeps all of that; nothing here changes it.
 *
 * Counting tables may take long, so that a domain is held under RCU for one line
 * only, and looked up by its id.
 */
#include <linux/iommu.h>
#include <linux/seq_file.h>

#include "../base/text.h"
#include "../compat.h"
#include "device.h"
#include "domain.h"
#include "domain_show.h"
#include "space.h"

static const char *const inexact_names[IVS_NR_INEXACT] = {
	[IVS_INEXACT_OLDER] = "older",
	[IVS_INEXACT_MISSED] = "missed",
	[IVS_INEXACT_RANGES] = "ranges",
	[IVS_INEXACT_DIED] = "died",
	[IVS_INEXACT_FAILED] = "failed",
};

static void domain_show_inexact(struct seq_file *m, unsigned long inexact)
{
	const char *comma = "";
	unsigned int i;

	seq_printf(m, " exact=%d inexact=", !inexact);
	for (i = 0; i < IVS_NR_INEXACT; i++) {
		if (!(inexact & BIT(i)))
			continue;
		seq_printf(m, "%s%s", comma, inexact_names[i]);
		comma = ",";
	}
}

/* Extents counted before the lock is given a chance. */
#define SHOW_BATCH 256

/* Count on from @iova; false when there is nothing more to count. */
static bool domain_count_tables(struct ivs_domain *dom, u64 *iova,
				struct ivs_tables *tables)
{
	unsigned int batch = SHOW_BATCH;
	struct ivs_extent *extent;
	unsigned long flags;

	raw_spin_lock_irqsave(&dom->lock, flags);
	extent = ivs_extents_at(&dom->extents, *iova);
	for (; extent && batch--; extent = extent->next) {
		ivs_tables_add(tables, &extent->span, dom->levels);
		*iova = extent->span.last + 1;
	}
	raw_spin_unlock_irqrestore(&dom->lock, flags);
	return extent;
}

/**
 * ivs_domain_tables - page tables that a domain needs
 * @id: which
 *
 * Gives way between batches, as there may be very many extents.
 *
 * Context: may sleep.
 * Return: how many, the root included; 0 when nobody mapped, or it is gone.
 */
u64 ivs_domain_tables(u64 id)
{
	struct ivs_tables tables = { };
	struct ivs_domain *dom;
	bool any, more;
	u64 iova = 0;

	do {
		rcu_read_lock();
		dom = ivs_domain_by_id(id);
		any = dom && dom->levels;
		more = any && domain_count_tables(dom, &iova, &tables);
		rcu_read_unlock();
		cond_resched();
	} while (more);
	return any ? tables.nr + 1 : 0;
}

/* What a domain holds now, in the order of the table below. */
enum gauge {
	LIVE_BYTES,
	LIVE_LEAVES,
	LIVE_LEAF_BYTES = LIVE_LEAVES + IVS_NR_LEAVES,
	TABLE_BYTES = LIVE_LEAF_BYTES + IVS_NR_LEAVES,
	NR_GAUGES,
};

static const struct {
	const char *key;
	const char *unit;
	const char *help;
} gauges[NR_GAUGES] = {
	[LIVE_BYTES] = { "live_bytes", "bytes", "bytes mapped now" },
	[LIVE_LEAVES + IVS_LEAF_4K] = { "live_4k_leaves", "leaves",
		"4K leaves now" },
	[LIVE_LEAVES + IVS_LEAF_2M] = { "live_2m_leaves", "leaves",
		"2M leaves now" },
	[LIVE_LEAVES + IVS_LEAF_1G] = { "live_1g_leaves", "leaves",
		"1G leaves now" },
	[LIVE_LEAF_BYTES + IVS_LEAF_4K] = { "live_4k_bytes", "bytes",
		"bytes mapped now by 4K leaves" },
	[LIVE_LEAF_BYTES + IVS_LEAF_2M] = { "live_2m_bytes", "bytes",
		"bytes mapped now by 2M leaves" },
	[LIVE_LEAF_BYTES + IVS_LEAF_1G] = { "live_1g_bytes", "bytes",
		"bytes mapped now by 1G leaves" },
	[TABLE_BYTES] = { "table_bytes_implied", "bytes",
		"page tables these leaves need, root included" },
};

/* Where the leaves are not known, neither are the bytes and tables of each. */
static unsigned int domain_nr_gauges(void)
{
	return ivs_compat_intel_iommu() ? NR_GAUGES : LIVE_LEAVES;
}

static void domain_show_live(struct seq_file *m, struct ivs_domain *dom,
			     u64 tables)
{
	u64 value[NR_GAUGES], leaves[IVS_NR_LEAVES];
	unsigned int i;

	ivs_domain_flow(dom, leaves);
	value[LIVE_BYTES] = ivs_leaves_bytes(leaves);
	for (i = 0; i < IVS_NR_LEAVES; i++) {
		value[LIVE_LEAVES + i] = leaves[i];
		value[LIVE_LEAF_BYTES + i] = leaves[i] << ivs_leaf_shift(i);
	}
	value[TABLE_BYTES] = tables << 12;
	for (i = 0; i < domain_nr_gauges(); i++)
		ivs_text_nested(m, gauges[i].key, value[i]);
}

/* ivs_domain_schema - describe the gauges of a domain */
void ivs_domain_schema(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < domain_nr_gauges(); i++)
		ivs_text_schema(m, gauges[i].key, IVS_IN_DOMAINS, "gauge",
				gauges[i].unit, gauges[i].help);
}

static const char *domain_type_name(unsigned int type)
{
	if (type == IOMMU_DOMAIN_UNMANAGED)
		return "unmanaged";
	return type & __IOMMU_DOMAIN_DMA_API ? "dma" : "other";
}

static void domain_show(struct seq_file *m, struct ivs_domain *dom, u64 tables)
{
	const struct ivs_sink sink = { ivs_text_nested, m };
	char comm[TASK_COMM_LEN];

	seq_printf(m, "%llu type=%s backend=%s", dom->rec.id,
		   domain_type_name(dom->type),
		   ivs_backend_names[dom->backend]);
	ivs_device_show(m, dom->rec.id);
	seq_printf(m, " pid=%d", ivs_domain_owner(dom, comm));
	ivs_text_pair(m, "comm", comm);
	seq_printf(m, " first_ns=%llu last_ns=%llu", dom->rec.first_ns,
		   READ_ONCE(dom->rec.last_ns));
	domain_show_inexact(m, ivs_domain_inexact(dom));
	seq_printf(m, " baseline=%d", dom->baseline);
	domain_show_live(m, dom, tables);
	ivs_stats_show(&dom->rec.sums, IVS_IN_DOMAINS, &sink);
	seq_putc(m, '\n');
}

/**
 * ivs_domain_show - write the line of a domain, if there is anything to say
 * @m: where
 * @id: of the domain
 *
 * Before 6.12 the core keeps an empty paging domain for each group to block its
 * DMA with; those, and domains that were made and never used, are left out.
 *
 * Context: may sleep.
 */
void ivs_domain_show(struct seq_file *m, u64 id)
{
	u64 tables = ivs_domain_tables(id);
	struct ivs_domain *dom;

	rcu_read_lock();
	dom = ivs_domain_by_id(id);
	if (dom && (dom->levels || ivs_device_any(id)))
		domain_show(m, dom, tables);
	rcu_read_unlock();
}
