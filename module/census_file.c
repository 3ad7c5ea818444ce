// SPDX-License-Identifier: GPL-2.0-only
/*
 * census_file.c - the file `census`: every device, and what it can reach
 *
 * Model. When a reader starts, the translations of all devices are collected
 * from the hardware's tables, in order of unit and request id; devices that the
 * kernel has put behind the IOMMU but the hardware blocks, or knows by another
 * address only (bdf.c), come last. Tables are numbered as they appear: devices
 * that share a root share a number. A table is walked when its first line is
 * written and remembered for the others, so that it is walked once however many
 * devices use it and however small the reader's buffer is.
 *
 * devices/<bdf>/summary is the same of one device and its requests without
 * PASID, a key a line: nobody else's tables are walked for it.
 *
 * Lifetime: what was collected belongs to the open file and is replaced when
 * the reader goes back to the start. Locking: seq_file's.
 */
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "base/bdf.h"
#include "base/stats.h"
#include "base/text.h"
#include "census/census.h"
#include "census_file.h"
#include "devdir.h"

/* More than any machine has; a bound for garbage. */
#define MAX_LINES 65536

struct table {
	struct list_head link;
	unsigned int nr;
	bool taken;
	struct ivs_census census;
};

/* A device, or a PASID of one, and how its requests are translated. */
struct line {
	struct list_head link;
	struct ivs_bdf bdf;
	struct ivs_context context;
	struct table *table;
};

/* What one open file holds. */
struct listing {
	struct list_head lines;
	struct list_head tables;
	unsigned int nr_lines;
	unsigned int nr_tables;
	struct ivs_walk walk;
};

static void listing_clear(struct listing *listing)
{
	struct line *line, *next_line;
	struct table *table, *next_table;

	list_for_each_entry_safe(line, next_line, &listing->lines, link)
		kfree(line);
	list_for_each_entry_safe(table, next_table, &listing->tables, link)
		kfree(table);
	INIT_LIST_HEAD(&listing->lines);
	INIT_LIST_HEAD(&listing->tables);
	listing->nr_lines = 0;
	listing->nr_tables = 0;
}

static bool context_same_table(const struct ivs_context *a,
			       const struct ivs_context *b)
{
	return a->root == b->root && a->format == b->format &&
	       a->levels == b->levels && a->pgsizes == b->pgsizes;
}

static struct table *listing_table(struct listing *listing,
				   const struct ivs_context *context)
{
	struct table *table;
	struct line *line;

	list_for_each_entry(line, &listing->lines, link)
		if (line->table && context_same_table(&line->context, context))
			return line->table;
	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return NULL;
	table->nr = ++listing->nr_tables;
	list_add_tail(&table->link, &listing->tables);
	return table;
}

static struct ivs_bdf context_bdf(const struct ivs_context *context)
{
	return (struct ivs_bdf){ context->segment, context->rid };
}

static struct line *listing_add(struct listing *listing,
				const struct ivs_context *context)
{
	struct line *line;

	if (listing->nr_lines == MAX_LINES)
		return ERR_PTR(-E2BIG);
	line = kzalloc(sizeof(*line), GFP_KERNEL);
	if (!line)
		return ERR_PTR(-ENOMEM);
	line->bdf = context_bdf(context);
	line->context = *context;
	if (context->format) {
		line->table = listing_table(listing, context);
		if (!line->table) {
			kfree(line);
			return ERR_PTR(-ENOMEM);
		}
	}
	list_add_tail(&line->link, &listing->lines);
	listing->nr_lines++;
	return line;
}

static int listing_add_context(void *ctx, const struct ivs_context *context)
{
	return PTR_ERR_OR_ZERO(listing_add(ctx, context));
}

static struct line *listing_find(struct listing *listing,
				 const struct ivs_bdf *bdf, bool pasids)
{
	struct line *line;

	list_for_each_entry(line, &listing->lines, link)
		if (ivs_bdf_same(&line->bdf, bdf) &&
		    (pasids || !line->context.has_pasid))
			return line;
	return NULL;
}

/*
 * A device that the kernel knows and the hardware's tables do not know by its
 * own address: what happens to its requests, or that they are blocked.
 */
static int listing_add_device(void *ctx, const struct ivs_bdf *bdf,
			      const struct ivs_bdf *requester)
{
	struct ivs_context context = {
		.segment = requester->segment,
		.rid = requester->rid,
	};
	struct listing *listing = ctx;
	struct line *line;

	if (listing_find(listing, bdf, true))
		return 0;
	line = listing_find(listing, requester, false);
	if (line)
		context = line->context;
	line = listing_add(listing, &context);
	if (IS_ERR(line))
		return PTR_ERR(line);
	line->bdf = *bdf;
	return 0;
}

static int listing_fill(struct listing *listing)
{
	int ret;

	listing_clear(listing);
	ret = ivs_context_each(listing_add_context, listing);
	return ret ? ret : ivs_devdir_each(listing_add_device, listing);
}

static void *census_start(struct seq_file *m, loff_t *pos)
{
	struct listing *listing = m->private;
	int ret;

	if (*pos)
		return seq_list_start(&listing->lines, *pos - 1);
	ret = listing_fill(listing);
	return ret ? ERR_PTR(ret) : SEQ_START_TOKEN;
}

static void *census_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct listing *listing = m->private;

	if (v != SEQ_START_TOKEN)
		return seq_list_next(v, &listing->lines, pos);
	++*pos;
	return seq_list_start(&listing->lines, 0);
}

static void census_stop(struct seq_file *m, void *v)
{
}

/* The numbers of a line, in the order they are written. */
enum {
	BYTES,
	LEAVES,
	LEAF_BYTES = LEAVES + IVS_NR_LEAVES,
	TABLES = LEAF_BYTES + IVS_NR_LEAVES,
	TABLE_BYTES,
	EMPTY_TABLES,
	RO_BYTES,
	RW_BYTES,
	MMIO_BYTES,
	RAM_BYTES,
	RUNS,
	BEST_LEAVES,
	BEST_TABLE_BYTES = BEST_LEAVES + IVS_NR_LEAVES,
	AT_2M_TABLE_BYTES,
	TORN,
	GARBAGE,
	NR_VALUES,
};

static const struct {
	const char *key;
	const char *unit;
	const char *help;
} values[NR_VALUES] = {
	[BYTES] = { "bytes", "bytes", "bytes the page table maps" },
	[LEAVES + IVS_LEAF_4K] = { "4k_leaves", "leaves",
		"4K leaves in the page table" },
	[LEAVES + IVS_LEAF_2M] = { "2m_leaves", "leaves",
		"2M leaves in the page table" },
	[LEAVES + IVS_LEAF_1G] = { "1g_leaves", "leaves",
		"1G leaves in the page table" },
	[LEAF_BYTES + IVS_LEAF_4K] = { "4k_bytes", "bytes",
		"bytes mapped by 4K leaves" },
	[LEAF_BYTES + IVS_LEAF_2M] = { "2m_bytes", "bytes",
		"bytes mapped by 2M leaves" },
	[LEAF_BYTES + IVS_LEAF_1G] = { "1g_bytes", "bytes",
		"bytes mapped by 1G leaves" },
	[TABLES] = { "tables", "tables",
		"page-table pages, the root included" },
	[TABLE_BYTES] = { "table_bytes", "bytes", "bytes of those" },
	[EMPTY_TABLES] = { "empty_tables", "tables",
		"page-table pages without an entry" },
	[RO_BYTES] = { "ro_bytes", "bytes",
		"bytes the device may not write" },
	[RW_BYTES] = { "rw_bytes", "bytes", "bytes the device may write" },
	[MMIO_BYTES] = { "mmio_bytes", "bytes",
		"bytes that are no memory, such as BARs" },
	[RAM_BYTES] = { "ram_bytes", "bytes", "bytes that are memory" },
	[RUNS] = { "runs", "runs",
		"maximal ranges contiguous in IOVA and memory" },
	[BEST_LEAVES + IVS_LEAF_4K] = { "best_4k_leaves", "leaves",
		"4K leaves that the runs need at least" },
	[BEST_LEAVES + IVS_LEAF_2M] = { "best_2m_leaves", "leaves",
		"2M leaves that the runs need then" },
	[BEST_LEAVES + IVS_LEAF_1G] = { "best_1g_leaves", "leaves",
		"1G leaves that the runs need then" },
	[BEST_TABLE_BYTES] = { "best_table_bytes", "bytes",
		"page tables needed then, the root included" },
	[AT_2M_TABLE_BYTES] = { "at_2m_table_bytes", "bytes",
		"page tables needed if no leaf were larger than 2M" },
	[TORN] = { "torn", "flag",
		"some of the table changed too fast to be read" },
	[GARBAGE] = { "garbage", "entries",
		"entries that no driver writes, which are not followed" },
};

/* ivs_census_schema - describe the numbers of a line */
void ivs_census_schema(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < NR_VALUES; i++)
		ivs_text_schema(m, values[i].key, IVS_IN_CENSUS, "gauge",
				values[i].unit, values[i].help);
}

static void census_show_values(const struct ivs_sink *sink,
			       const struct ivs_census *census)
{
	u64 bytes = ivs_leaves_bytes(census->leaves), value[NR_VALUES] = {
		[BYTES] = bytes,
		[TABLES] = census->tables,
		[TABLE_BYTES] = census->tables * IVS_TABLE_BYTES,
		[EMPTY_TABLES] = census->empty_tables,
		[RO_BYTES] = census->ro_bytes,
		[RW_BYTES] = bytes - census->ro_bytes,
		[MMIO_BYTES] = census->mmio_bytes,
		[RAM_BYTES] = bytes - census->mmio_bytes,
		[RUNS] = census->runs,
		[BEST_TABLE_BYTES] = census->best_tables * IVS_TABLE_BYTES,
		[AT_2M_TABLE_BYTES] = census->at_2m_tables * IVS_TABLE_BYTES,
		[TORN] = !!census->torn,
		[GARBAGE] = census->garbage,
	};
	unsigned int i;

	for (i = 0; i < IVS_NR_LEAVES; i++) {
		value[LEAVES + i] = census->leaves[i];
		value[LEAF_BYTES + i] = census->leaves[i] << ivs_leaf_shift(i);
		value[BEST_LEAVES + i] = census->best_leaves[i];
	}
	for (i = 0; i < NR_VALUES; i++)
		sink->emit(sink->ctx, values[i].key, value[i]);
}

static void census_show_bdf(struct seq_file *m, const struct ivs_bdf *bdf)
{
	seq_printf(m, "%04x:%02x:%02x.%u", bdf->segment, bdf->rid >> 8,
		   PCI_SLOT(bdf->rid & 0xff), PCI_FUNC(bdf->rid & 0xff));
}

static void census_show_name(struct seq_file *m, const struct line *line)
{
	const struct ivs_context *context = &line->context;
	const struct ivs_bdf requester = context_bdf(context);

	census_show_bdf(m, &line->bdf);
	if (context->has_pasid)
		seq_printf(m, ".%u", context->pasid);
	/* A blocked device was found in no unit's tables. */
	if (context->type == IVS_TRANSLATION_NONE)
		seq_puts(m, " unit=none");
	else
		seq_printf(m, " unit=dmar%u", context->unit);
	seq_printf(m, " type=%s", ivs_translation_names[context->type]);
	if (ivs_bdf_same(&line->bdf, &requester))
		return;
	seq_puts(m, " requester=");
	census_show_bdf(m, &requester);
}

static int census_show(struct seq_file *m, void *v)
{
	const struct ivs_sink sink = { ivs_text_nested, m };
	struct listing *listing = m->private;
	struct line *line = list_entry(v, struct line, link);
	struct table *table;
	int ret;

	if (v == SEQ_START_TOKEN) {
		ivs_text_format(m);
		return 0;
	}
	table = line->table;
	if (table && !table->taken) {
		ret = ivs_census_take(&line->context, &listing->walk,
				      &table->census);
		if (ret)
			return ret;
		table->taken = true;
	}
	census_show_name(m, line);
	if (line->context.type != IVS_TRANSLATION_NONE)
		seq_printf(m, " did=%u", line->context.did);
	if (table) {
		seq_printf(m, " levels=%u table=%u readable=%d",
			   line->context.levels, table->nr,
			   !table->census.error);
		census_show_values(&sink, &table->census);
	}
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations census_sops = {
	.start = census_start,
	.next = census_next,
	.stop = census_stop,
	.show = census_show,
};

static int census_open(struct inode *inode, struct file *file)
{
	struct listing *listing = kvzalloc(sizeof(*listing), GFP_KERNEL);
	int ret;

	if (!listing)
		return -ENOMEM;
	INIT_LIST_HEAD(&listing->lines);
	INIT_LIST_HEAD(&listing->tables);
	ret = seq_open(file, &census_sops);
	if (ret) {
		kvfree(listing);
		return ret;
	}
	((struct seq_file *)file->private_data)->private = listing;
	return 0;
}

static int census_release(struct inode *inode, struct file *file)
{
	struct listing *listing =
		((struct seq_file *)file->private_data)->private;

	listing_clear(listing);
	kvfree(listing);
	return seq_release(inode, file);
}

const struct file_operations ivs_census_fops = {
	.owner = THIS_MODULE,
	.open = census_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = census_release,
};

/* ---- devices/<bdf>/summary ---- */

static int summary_show_context(struct seq_file *m,
				const struct ivs_context *context)
{
	const struct ivs_sink sink = { ivs_text_flat, m };
	struct ivs_census census;
	struct ivs_walk *walk;
	int ret;

	seq_printf(m, "unit dmar%u\ntype %s\n", context->unit,
		   ivs_translation_names[context->type]);
	ivs_text_flat(m, "did", context->did);
	if (!context->format)
		return 0;
	walk = kvzalloc(sizeof(*walk), GFP_KERNEL);
	if (!walk)
		return -ENOMEM;
	ret = ivs_census_take(context, walk, &census);
	kvfree(walk);
	if (ret)
		return ret;
	ivs_text_flat(m, "levels", context->levels);
	ivs_text_flat(m, "readable", !census.error);
	census_show_values(&sink, &census);
	return 0;
}

static int summary_show(struct seq_file *m, void *unused)
{
	const struct ivs_bdf *bdf = m->private;
	struct ivs_context context = { };

	ivs_text_format(m);
	if (!ivs_context_find(bdf->segment, bdf->rid, &context) &&
	    context.type != IVS_TRANSLATION_NONE)
		return summary_show_context(m, &context);
	/* A blocked device was found in no unit's tables. */
	seq_printf(m, "unit none\ntype %s\n",
		   ivs_translation_names[IVS_TRANSLATION_NONE]);
	return 0;
}

static int summary_open(struct inode *inode, struct file *file)
{
	return single_open(file, summary_show, inode->i_private);
}

const struct file_operations ivs_summary_fops = {
	.owner = THIS_MODULE,
	.open = summary_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
