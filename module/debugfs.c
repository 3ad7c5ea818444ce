// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs.c - the files in /sys/kernel/debug/iovascope
 *
 * Model. One array of files; what has one line a record goes through
 * seq_operations whose position is the id of the next record, so that a reader
 * with a small buffer resumes where it stopped and never sees a line twice,
 * whatever comes and goes meanwhile. Everything is read-only (0400): with
 * kernel lockdown, debugfs refuses any other mode, and counters need no reset
 * because readers subtract.
 *
 * Locking: RCU from start to stop for records. Lifetime: debugfs holds the
 * module while a file is open.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>

#include "base/memory.h"
#include "base/params.h"
#include "base/quality.h"
#include "base/stats.h"
#include "base/text.h"
#include "census/dmar.h"
#include "census/reader.h"
#include "flow/domain.h"
#include "flow/domain_show.h"
#include "flow/flight.h"
#include "flow/live.h"
#include "flow/process.h"
#include "flow/refusal.h"
#include "flow/rows.h"
#include "census_file.h"
#include "check.h"
#include "compat.h"
#include "debugfs.h"
#include "devdir.h"

/* The only number in info that is one of the schema's. */
#define SELF_BYTES "self_bytes"

static struct dentry *root;
static u64 loaded_ns;

/* ---- small files: shown whole ---- */

static bool other_iommu(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (device_iommu_mapped(&pdev->dev)) {
			pci_dev_put(pdev);
			return true;
		}
	}
	return false;
}

static const char *no_vtd(void)
{
	if (!other_iommu())
		return "VT-d is not in use (no hardware, or switched off)";
	return "the IOMMU is not VT-d: bytes, calls and times are known, leaves are not";
}

/* Why nothing is measured on this machine; NULL when it is. */
static const char *blind_reason(void)
{
	if (!ivs_compat_intel_iommu())
		return no_vtd();
	if (ivs_probes_silent())
		return "probes are silent: kernel.ftrace_enabled or debugfs kprobes/enabled is 0";
	return NULL;
}

static int info_show(struct seq_file *m, void *unused)
{
	const char *note = blind_reason();

	ivs_text_format(m);
	seq_printf(m, "version %s\n", THIS_MODULE->version);
	seq_puts(m, "kernel ");
	ivs_text_word(m, init_utsname()->release);
	seq_putc(m, '\n');
	ivs_text_flat(m, "loaded_ns", loaded_ns);
	ivs_text_flat(m, "now_ns", ktime_get_mono_fast_ns());
	ivs_text_flat(m, "dma_api", ivs_dma_api);
	ivs_text_flat(m, "intel_iommu", ivs_compat_intel_iommu());
	ivs_text_flat(m, "unverified", ivs_check_unverified());
	ivs_text_flat(m, SELF_BYTES, ivs_memory_bytes());
	if (note) {
		seq_puts(m, "note ");
		ivs_text_word(m, note);
		seq_putc(m, '\n');
	}
	return 0;
}

static int schema_show(struct seq_file *m, void *unused)
{
	ivs_text_format(m);
	ivs_stats_schema(m);
	ivs_text_schema(m, SELF_BYTES, IVS_IN_INFO, "gauge", "bytes",
			"memory that iovascope itself holds: reserves, counters, probes");
	ivs_domain_schema(m);
	ivs_census_schema(m);
	return 0;
}

static int counters_show(struct seq_file *m, void *unused)
{
	const struct ivs_sink sink = { ivs_text_flat, m };

	ivs_text_format(m);
	ivs_stats_show(NULL, IVS_IN_COUNTERS, &sink);
	return 0;
}

static int errors_show(struct seq_file *m, void *unused)
{
	ivs_text_format(m);
	ivs_stats_errors(m);
	return 0;
}

static int hist_show(struct seq_file *m, void *unused)
{
	ivs_text_format(m);
	ivs_stats_hists(m);
	return 0;
}

static int units_show(struct seq_file *m, void *unused)
{
	ivs_text_format(m);
	ivs_dmar_show(m);
	return 0;
}

static int probes_show(struct seq_file *m, void *unused)
{
	ivs_text_format(m);
	ivs_rows_show(m);
	return 0;
}

static int refused_show(struct seq_file *m, void *unused)
{
	ivs_text_format(m);
	ivs_refusal_show_sums(m);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(info);
DEFINE_SHOW_ATTRIBUTE(schema);
DEFINE_SHOW_ATTRIBUTE(counters);
DEFINE_SHOW_ATTRIBUTE(errors);
DEFINE_SHOW_ATTRIBUTE(hist);
DEFINE_SHOW_ATTRIBUTE(units);
DEFINE_SHOW_ATTRIBUTE(probes);
DEFINE_SHOW_ATTRIBUTE(refused);

/* ---- files of records: position 0 is the format line, then ids from 1 ---- */

static void *records_at(struct ivs_table *table, loff_t *pos)
{
	struct ivs_record *record;

	if (!*pos)
		return SEQ_START_TOKEN;
	record = ivs_record_from(table, *pos);
	if (record)
		*pos = record->id;
	return record;
}

static void *records_next(struct ivs_table *table, loff_t *pos)
{
	++*pos;
	return records_at(table, pos);
}

static void records_stop(struct seq_file *m, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

/* Only the id of a domain lasts from start to stop: its line may take long. */
static void *domains_start(struct seq_file *m, loff_t *pos)
{
	void *v;

	if (!*pos)
		ivs_flight_bury();
	rcu_read_lock();
	v = records_at(&ivs_domains, pos);
	rcu_read_unlock();
	return v && v != SEQ_START_TOKEN ? pos : v;
}

static void *domains_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return domains_start(m, pos);
}

static void domains_stop(struct seq_file *m, void *v)
{
}

static int domains_show(struct seq_file *m, void *v)
{
	if (v == SEQ_START_TOKEN)
		ivs_text_format(m);
	else
		ivs_domain_show(m, *(loff_t *)v);
	return 0;
}

static const struct seq_operations domains_sops = {
	.start = domains_start,
	.next = domains_next,
	.stop = domains_stop,
	.show = domains_show,
};
DEFINE_SEQ_ATTRIBUTE(domains);

static void *processes_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	rcu_read_lock();
	return records_at(&ivs_processes, pos);
}

static void *processes_next(struct seq_file *m, void *v, loff_t *pos)
{
	return records_next(&ivs_processes, pos);
}

static int processes_show(struct seq_file *m, void *v)
{
	const struct ivs_sink sink = { ivs_text_nested, m };
	const struct ivs_record *record = v;

	if (v == SEQ_START_TOKEN) {
		ivs_text_format(m);
		return 0;
	}
	seq_printf(m, "%llu pid=%d", record->id, record->pid);
	ivs_text_pair(m, "comm", record->comm);
	seq_printf(m, " start_ns=%llu alive=%d first_ns=%llu last_ns=%llu",
		   record->born, ivs_process_alive(record), record->first_ns,
		   READ_ONCE(record->last_ns));
	ivs_stats_show(&record->sums, IVS_IN_PROCESSES, &sink);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations processes_sops = {
	.start = processes_start,
	.next = processes_next,
	.stop = records_stop,
	.show = processes_show,
};
DEFINE_SEQ_ATTRIBUTE(processes);

/* ---- refusals: position 0 is the format line, then ids from 1 ---- */

static void *refusals_start(struct seq_file *m, loff_t *pos)
{
	return *pos && !ivs_refusal_from(*pos, m->private) ? NULL : pos;
}

static void *refusals_next(struct seq_file *m, void *v, loff_t *pos)
{
	const struct ivs_refusal *here = m->private;

	*pos = *pos ? here->id + 1 : 1;
	return refusals_start(m, pos);
}

static void refusals_stop(struct seq_file *m, void *v)
{
}

static int refusals_show(struct seq_file *m, void *v)
{
	if (*(loff_t *)v)
		ivs_refusal_show(m, m->private);
	else
		ivs_text_format(m);
	return 0;
}

static const struct seq_operations refusals_sops = {
	.start = refusals_start,
	.next = refusals_next,
	.stop = refusals_stop,
	.show = refusals_show,
};

/* A reader has a copy of the line that it is at. */
static int refusals_open(struct inode *inode, struct file *file)
{
	return __seq_open_private(file, &refusals_sops,
				  sizeof(struct ivs_refusal)) ? 0 : -ENOMEM;
}

static const struct file_operations refusals_fops = {
	.owner = THIS_MODULE,
	.open = refusals_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/* ---- live regions: position is 1 + the place ---- */

static void *regions_start(struct seq_file *m, loff_t *pos)
{
	return !*pos || ivs_live_is(*pos - 1) ? pos : NULL;
}

static void *regions_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return regions_start(m, pos);
}

static void regions_stop(struct seq_file *m, void *v)
{
}

static int regions_show(struct seq_file *m, void *v)
{
	if (*(loff_t *)v)
		ivs_live_show(m, *(loff_t *)v - 1);
	else
		ivs_text_format(m);
	return 0;
}

static const struct seq_operations regions_sops = {
	.start = regions_start,
	.next = regions_next,
	.stop = regions_stop,
	.show = regions_show,
};
DEFINE_SEQ_ATTRIBUTE(regions);

/* ---- calls in flight: position is 1 + the bucket ---- */

static void *inflight_start(struct seq_file *m, loff_t *pos)
{
	if (!*pos) {
		ivs_flight_bury();
		return SEQ_START_TOKEN;
	}
	return *pos <= IVS_FLIGHT_BUCKETS ? pos : NULL;
}

static void *inflight_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return inflight_start(m, pos);
}

static void inflight_stop(struct seq_file *m, void *v)
{
}

static int inflight_show(struct seq_file *m, void *v)
{
	if (v == SEQ_START_TOKEN)
		ivs_text_format(m);
	else
		ivs_flight_show(m, *(loff_t *)v - 1);
	return 0;
}

static const struct seq_operations inflight_sops = {
	.start = inflight_start,
	.next = inflight_next,
	.stop = inflight_stop,
	.show = inflight_show,
};
DEFINE_SEQ_ATTRIBUTE(inflight);

static const struct ivs_file files[] = {
	{ "info", &info_fops },
	{ "schema", &schema_fops },
	{ "counters", &counters_fops },
	{ "errors", &errors_fops },
	{ "hist", &hist_fops },
	{ "domains", &domains_fops },
	{ "processes", &processes_fops },
	{ "inflight", &inflight_fops },
	{ "refusals", &refusals_fops },
	{ "refused", &refused_fops },
	{ "regions", &regions_fops },
	{ "probes", &probes_fops },
	{ "units", &units_fops },
	{ "census", &ivs_census_fops },
	{ "check", &ivs_check_fops },
	{ }
};

static const struct ivs_file device_files[] = {
	{ "summary", &ivs_summary_fops },
	{ "runs", &ivs_runs_fops },
	{ "pagemap", &ivs_pagemap_fops },
	{ }
};

/**
 * ivs_debugfs_init - make the files
 *
 * Context: may sleep; last step of loading.
 * Return: 0 or -errno; a kernel whose debugfs is switched off is an error,
 * because without it nobody could read anything.
 */
int ivs_debugfs_init(void)
{
	const struct ivs_file *file;
	int ret;

	loaded_ns = ktime_get_mono_fast_ns();
	root = debugfs_create_dir("iovascope", NULL);
	if (IS_ERR(root))
		return PTR_ERR(root);
	/* debugfs makes directories 0755 and has no call that asks for less. */
	d_inode(root)->i_mode = S_IFDIR | 0700;
	for (file = files; file->name; file++)
		debugfs_create_file(file->name, 0400, root, NULL, file->fops);
	ret = ivs_devdir_init(root, device_files);
	if (ret)
		debugfs_remove(root);
	return ret;
}

/* ivs_debugfs_exit - remove the files; nobody reads them after it */
void ivs_debugfs_exit(void)
{
	ivs_devdir_exit();
	debugfs_remove(root);
}
