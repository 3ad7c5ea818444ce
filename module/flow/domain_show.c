// SPDX-License-Identifier: GPL-2.0-only
/*
 * domain_show.c - what users read of a domain
 *
 * Model. One line a domain: who uses it, whether its numbers are exact and if
 * not why, what it holds now (gauges, made when somebody reads), and what was
 * counted for it. domain.c keeps all of that; nothing here changes it.
 *
 * Context: under RCU; nothing sleeps.
 */
#include <linux/iommu.h>
#include <linux/seq_file.h>

#include "../base/text.h"
#include "device.h"
#include "domain.h"
#include "domain_show.h"

static const char *const inexact_names[IVS_NR_INEXACT] = {
	[IVS_INEXACT_OLDER] = "older",
	[IVS_INEXACT_MISSED] = "missed",
	[IVS_INEXACT_RANGES] = "ranges",
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

static void domain_show_live(struct seq_file *m, struct ivs_domain *dom)
{
	u64 value[NR_GAUGES], leaves[IVS_NR_LEAVES], tables;
	unsigned int i;

	ivs_domain_flow(dom, leaves, &tables);
	value[LIVE_BYTES] = ivs_leaves_bytes(leaves);
	for (i = 0; i < IVS_NR_LEAVES; i++) {
		value[LIVE_LEAVES + i] = leaves[i];
		value[LIVE_LEAF_BYTES + i] = leaves[i] << ivs_leaf_shift(i);
	}
	value[TABLE_BYTES] = tables << 12;
	for (i = 0; i < NR_GAUGES; i++)
		ivs_text_nested(m, gauges[i].key, value[i]);
}

/* ivs_domain_schema - describe the gauges of a domain */
void ivs_domain_schema(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < NR_GAUGES; i++)
		ivs_stats_schema_line(m, gauges[i].key, IVS_IN_DOMAINS, "gauge",
				      gauges[i].unit, gauges[i].help);
}

static const char *domain_type_name(unsigned int type)
{
	if (type == IOMMU_DOMAIN_UNMANAGED)
		return "unmanaged";
	return type & __IOMMU_DOMAIN_DMA_API ? "dma" : "other";
}

/**
 * ivs_domain_show - write the line of a domain, if there is anything to say
 * @m: where
 * @dom: the domain's record
 *
 * Before 6.12 the core keeps an empty paging domain for each group to block its
 * DMA with; those, and domains that were made and never used, are left out.
 *
 * Context: under RCU.
 */
void ivs_domain_show(struct seq_file *m, struct ivs_domain *dom)
{
	const struct ivs_sink sink = { ivs_text_nested, m };
	char comm[TASK_COMM_LEN];

	if (!dom->levels && !ivs_device_any(dom->rec.id))
		return;
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
	domain_show_live(m, dom);
	ivs_stats_show(&dom->rec.sums, IVS_IN_DOMAINS, &sink);
	seq_putc(m, '\n');
}
