// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - the one table of probes
 *
 * Model. A row is a function: under which names kernels have it, in which
 * module it lives, what it feeds, and whether the instrument makes sense
 * without it. Each is a kretprobe with one entry and one return handler, so
 * that the same code serves every kernel: kretprobes exist everywhere, while
 * fprobes are missing up to 6.1 and take other arguments on each later kernel.
 * A symbol that a kernel lacks switches off exactly what its row feeds, and the
 * file "probes" says so.
 *
 * Silence. Probes can be attached and say nothing, all of them at once and
 * without an error: kernel.ftrace_enabled=0, or 0 in kprobes/enabled. So one of
 * them listens to a function of ours, which is called to hear whether it does.
 *
 * Rows whose module is not loaded wait for it. Probes die with the module they
 * sit in and do not come back by themselves, hence the module notifier.
 *
 * Locking: @probe_lock around arming and disarming. Lifetime: a kretprobe is
 * disarmed before the state its handlers use is freed; unregistering waits for
 * handlers that run.
 */
#define pr_fmt(fmt) "iovascope: " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "params.h"
#include "probe.h"

/*
 * Calls that may be between entry and return at once, per row: a pin can sleep
 * for seconds, and one per container can be in flight.
 */
#define MAX_ACTIVE 512

#define MAX_SYMBOLS 2

enum probe_state {
	/* By the parameter dma_api: what it would count is not asked for. */
	PROBE_UNUSED,
	/* By the parameter skip. */
	PROBE_OFF,
	PROBE_WAITING,
	PROBE_ATTACHED,
	PROBE_MISSING,
	PROBE_FAILED,
	/* Attached, and not heard: only ever shown. */
	PROBE_SILENT,
};

static const char *const state_names[] = {
	[PROBE_UNUSED] = "unused",
	[PROBE_OFF] = "off",
	[PROBE_WAITING] = "waiting",
	[PROBE_ATTACHED] = "attached",
	[PROBE_MISSING] = "missing",
	[PROBE_FAILED] = "failed",
	[PROBE_SILENT] = "silent",
};

/**
 * struct probe - a row
 * @name: what users call it
 * @module: where the function lives, NULL for the kernel itself
 * @symbols: its names, newest kernel first
 * @feeds: bit set of enum ivs_op and enum ivs_feed
 * @required: loading fails without it
 * @dma_api: armed only to count domains of the DMA API
 * @shared: the host's own DMA calls it as well; its first argument is a domain
 * @entry: see ivs_handler_t
 * @ret: NULL when only the entry matters
 */
struct probe {
	const char *name;
	const char *module;
	const char *symbols[MAX_SYMBOLS];
	unsigned long feeds;
	bool required;
	bool dma_api;
	bool shared;
	ivs_handler_t entry;
	ivs_handler_t ret;
	/* private: */
	enum probe_state state;
	const char *symbol;
	char spec[64];
	int error;
	u64 missed_before;
	kprobe_pre_handler_t take_instance;
	struct kretprobe rp;
};

/* What is built into the kernel is looked for there. */
#define TYPE1 (IS_BUILTIN(CONFIG_VFIO_IOMMU_TYPE1) ? NULL : "vfio_iommu_type1")
#define IOMMUFD (IS_BUILTIN(CONFIG_IOMMUFD) ? NULL : "iommufd")
#define HUGEPATH "iovascope_hugepath"

static struct probe probes[] = {
	{
		.name = "region",
		.module = TYPE1,
		.symbols = { "vfio_iommu_type1_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_vfio_ioctl_entry,
		.ret = ivs_vfio_ioctl_return,
	},
	{
		.name = "vfio_attach",
		.module = TYPE1,
		.symbols = { "vfio_iommu_type1_attach_group" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_vfio_attach_entry,
		.ret = ivs_vfio_attach_return,
	},
	{
		.name = "pin",
		.module = TYPE1,
		.symbols = { "vfio_pin_pages_remote" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_vfio_pin_entry,
		.ret = ivs_vfio_pin_return,
	},
	{
		.name = "unpin",
		.module = TYPE1,
		.symbols = { "vfio_unpin_pages_remote" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_vfio_unpin_entry,
		.ret = ivs_vfio_unpin_return,
	},
	{
		.name = "teardown",
		.module = TYPE1,
		.symbols = { "vfio_unmap_unpin" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_vfio_teardown_entry,
		.ret = ivs_vfio_teardown_return,
	},
#if IS_ENABLED(CONFIG_IOMMUFD)
	{
		.name = "iommufd_region",
		.module = IOMMUFD,
		.symbols = { "iommufd_fops_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_ioctl_entry,
		.ret = ivs_iommufd_ioctl_return,
	},
	{
		.name = "iommufd_attach",
		.module = IOMMUFD,
		.symbols = { "iommufd_device_attach" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_attach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_replace",
		.module = IOMMUFD,
		.symbols = { "iommufd_device_replace" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_attach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_detach",
		.module = IOMMUFD,
		.symbols = { "iommufd_device_detach" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_detach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_release",
		.module = IOMMUFD,
		.symbols = { "iommufd_fops_release" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_detach_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_table",
		.module = IOMMUFD,
		.symbols = { "iommufd_hwpt_paging_alloc" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_iommufd_table_entry,
		.ret = ivs_iommufd_return,
	},
	{
		.name = "iommufd_pin",
		.module = IOMMUFD,
		.symbols = { "pfn_reader_user_pin" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_iommufd_pin_entry,
		.ret = ivs_iommufd_pin_return,
	},
	{
		.name = "iommufd_unpin",
		.module = IOMMUFD,
		.symbols = { "batch_unpin" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_iommufd_unpin_entry,
		.ret = ivs_iommufd_unpin_return,
	},
	{
		.name = "iommufd_teardown",
		.module = IOMMUFD,
		.symbols = { "iopt_area_unfill_domains" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_iommufd_teardown_entry,
		.ret = ivs_iommufd_teardown_return,
	},
	{
		.name = "iommufd_last",
		.module = IOMMUFD,
		.symbols = { "iopt_area_unfill_domain" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_iommufd_teardown_entry,
		.ret = ivs_iommufd_teardown_return,
	},
#endif
	{
		.name = "hugepath_region",
		.module = HUGEPATH,
		.symbols = { "hugepath_ioctl" },
		.feeds = BIT(IVS_REGION_MAP) | BIT(IVS_REGION_UNMAP) |
			 BIT(IVS_FEED_BACKEND),
		.entry = ivs_hugepath_ioctl_entry,
		.ret = ivs_vfio_ioctl_return,
	},
	{
		.name = "hugepath_attach",
		.module = HUGEPATH,
		.symbols = { "hugepath_attach_group" },
		.feeds = BIT(IVS_FEED_BACKEND),
		.entry = ivs_hugepath_attach_entry,
		.ret = ivs_vfio_attach_return,
	},
	{
		.name = "hugepath_pin",
		.module = HUGEPATH,
		.symbols = { "hugepath_pin" },
		.feeds = BIT(IVS_PIN),
		.entry = ivs_vfio_pin_entry,
		.ret = ivs_vfio_pin_return,
	},
	{
		.name = "hugepath_unpin",
		.module = HUGEPATH,
		.symbols = { "hugepath_unpin" },
		.feeds = BIT(IVS_UNPIN),
		.entry = ivs_vfio_unpin_entry,
		.ret = ivs_vfio_unpin_return,
	},
	{
		.name = "hugepath_teardown",
		.module = HUGEPATH,
		.symbols = { "hugepath_teardown" },
		.feeds = BIT(IVS_TEARDOWN),
		.entry = ivs_hugepath_teardown_entry,
		.ret = ivs_vfio_teardown_return,
	},
	{
		.name = "map",
		.symbols = { "iommu_map" },
		.feeds = BIT(IVS_MAP),
		.required = true,
		.shared = true,
		.entry = ivs_iommu_map_entry,
		.ret = ivs_iommu_map_return,
	},
	{
		.name = "dma_map",
		.symbols = { "iommu_map_nosync", "__iommu_map" },
		.feeds = BIT(IVS_MAP),
		.dma_api = true,
		.entry = ivs_iommu_dma_map_entry,
		.ret = ivs_iommu_map_return,
	},
	{
		.name = "unmap",
		.symbols = { "iommu_unmap" },
		.feeds = BIT(IVS_UNMAP),
		.required = true,
		.shared = true,
		.entry = ivs_iommu_unmap_entry,
		.ret = ivs_iommu_unmap_return,
	},
	{
		.name = "unmap_fast",
		.symbols = { "iommu_unmap_fast" },
		.feeds = BIT(IVS_UNMAP),
		.required = true,
		.shared = true,
		.entry = ivs_iommu_unmap_entry,
		.ret = ivs_iommu_unmap_return,
	},
	{
		.name = "attach",
		.symbols = { "__iommu_attach_device",
			     "intel_iommu_attach_device" },
		.feeds = BIT(IVS_FEED_DEVICES),
		.entry = ivs_iommu_attach_entry,
		.ret = ivs_iommu_attach_return,
	},
	{
		.name = "domain_free",
		.symbols = { "iommu_domain_free" },
		.feeds = BIT(IVS_FEED_LIFETIME),
		.required = true,
		.entry = ivs_iommu_free_entry,
	},
};

#define PROBES_END (probes + ARRAY_SIZE(probes))

static DEFINE_MUTEX(probe_lock);

/* ---- silence ---- */

static atomic_t beats;
static atomic_t silences;

static noinline void heartbeat(void)
{
	barrier();
}

static int on_heartbeat(struct kprobe *kp, struct pt_regs *regs)
{
	atomic_inc(&beats);
	return 0;
}

static struct kprobe heart;

static int listen_to_heart(void)
{
	memset(&heart, 0, sizeof(heart));
	heart.addr = (kprobe_opcode_t *)heartbeat;
	heart.pre_handler = on_heartbeat;
	return register_kprobe(&heart);
}

/**
 * ivs_probes_silent - has somebody silenced all probes?
 *
 * That they were is remembered; see ivs_probes_silences(). Context: any but a
 * handler of a probe, in which no other probe is heard.
 */
bool ivs_probes_silent(void)
{
	int before = atomic_read(&beats);

	heartbeat();
	if (atomic_read(&beats) != before)
		return false;
	atomic_inc(&silences);
	return true;
}

/* ivs_probes_silences - how often they were found to be silent; any context */
unsigned int ivs_probes_silences(void)
{
	return atomic_read(&silences);
}

/* ---- arming ---- */

/*
 * A kretprobe takes one of its instances, asks the entry handler whether it
 * wants it, and gives it back: more than a third of what a packet of the
 * host's own paid for being none of our business. Here the question comes first.
 */
static int ask_first(struct kprobe *kp, struct pt_regs *regs)
{
	struct probe *p = container_of(kp, struct probe, rp.kp);

	return ivs_iommu_lets_go(regs) ? 0 : p->take_instance(kp, regs);
}

/* Calls that come before this is in place are asked by the entry handler. */
static void put_question(struct probe *p)
{
	p->take_instance = p->rp.kp.pre_handler;
	/* Whoever asks first finds where to go on. */
	smp_store_release(&p->rp.kp.pre_handler, ask_first);
}

/* Returns -ENOENT when there is no such symbol, loaded or not. */
static int arm_symbol(struct probe *p, const char *symbol)
{
	int ret;

	if (p->module)
		snprintf(p->spec, sizeof(p->spec), "%s:%s", p->module, symbol);
	else
		strscpy(p->spec, symbol, sizeof(p->spec));

	memset(&p->rp, 0, sizeof(p->rp));
	p->rp.kp.symbol_name = p->spec;
	p->rp.entry_handler = p->entry;
	p->rp.handler = p->ret;
	p->rp.data_size = sizeof(struct ivs_call);
	p->rp.maxactive = MAX_ACTIVE;
	ret = register_kretprobe(&p->rp);
	if (!ret && p->shared)
		put_question(p);
	return ret;
}

static bool is_wanted(const struct probe *p)
{
	return p->state != PROBE_UNUSED && p->state != PROBE_OFF;
}

static void arm(struct probe *p)
{
	unsigned int i;

	if (!is_wanted(p) || p->state == PROBE_ATTACHED)
		return;
	for (i = 0; i < MAX_SYMBOLS && p->symbols[i]; i++) {
		p->error = arm_symbol(p, p->symbols[i]);
		if (p->error != -ENOENT)
			break;
	}
	if (!p->error) {
		p->symbol = p->symbols[i];
		p->state = PROBE_ATTACHED;
	} else if (p->error != -ENOENT) {
		p->state = PROBE_FAILED;
	} else {
		p->state = p->module ? PROBE_WAITING : PROBE_MISSING;
	}
}

static void disarm(struct probe *p)
{
	if (p->state != PROBE_ATTACHED)
		return;
	unregister_kretprobe(&p->rp);
	p->missed_before += p->rp.nmissed + p->rp.kp.nmissed;
	p->state = p->module ? PROBE_WAITING : PROBE_MISSING;
}

static bool same_module(const struct probe *p, const char *module)
{
	return p->module ? module && !strcmp(p->module, module) : !module;
}

/*
 * -ENOENT says nothing about which is missing, the module or the symbol. Where
 * any other row of the module was found, it is the symbol.
 */
static void settle_missing(const char *module)
{
	struct probe *p;
	bool loaded = false;

	for (p = probes; p < PROBES_END; p++)
		loaded |= same_module(p, module) && p->state == PROBE_ATTACHED;
	for (p = probes; p < PROBES_END; p++)
		if (loaded && same_module(p, module) &&
		    p->state == PROBE_WAITING)
			p->state = PROBE_MISSING;
}

/*
 * What is attached, or will be when its module comes, is covered; but the row
 * of one backend does not see what that of another one misses.
 */
static void settle_cover(void)
{
	unsigned long covered = 0, lost = 0;
	struct probe *p;

	for (p = probes; p < PROBES_END; p++) {
		if (p->state == PROBE_ATTACHED || p->state == PROBE_WAITING)
			covered |= p->feeds;
		else if (p->module)
			lost |= p->feeds;
	}
	ivs_stats_cover(covered & ~lost);
}

static void arm_module(const char *module)
{
	struct probe *p;

	for (p = probes; p < PROBES_END; p++)
		if (same_module(p, module))
			arm(p);
	settle_missing(module);
	settle_cover();
}

/* What there is by now: modules may have been here before us. */
static void arm_all(void)
{
	struct probe *p;

	for (p = probes; p < PROBES_END; p++)
		arm(p);
	for (p = probes; p < PROBES_END; p++)
		if (p->module)
			settle_missing(p->module);
	settle_cover();
}

static void disarm_module(const char *module)
{
	struct probe *p;

	for (p = probes; p < PROBES_END; p++) {
		if (!same_module(p, module))
			continue;
		disarm(p);
		if (is_wanted(p))
			p->state = PROBE_WAITING;
	}
}

static bool has_rows(const char *module)
{
	struct probe *p;

	for (p = probes; p < PROBES_END; p++)
		if (p->module && !strcmp(p->module, module))
			return true;
	return false;
}

static int on_module(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct module *mod = data;

	if (!has_rows(mod->name))
		return NOTIFY_DONE;
	mutex_lock(&probe_lock);
	if (event == MODULE_STATE_COMING)
		arm_module(mod->name);
	else if (event == MODULE_STATE_GOING)
		disarm_module(mod->name);
	mutex_unlock(&probe_lock);
	return NOTIFY_DONE;
}

/* After kprobes' own (priority 0), which buries the probes of a dead module. */
static struct notifier_block module_nb = {
	.notifier_call = on_module,
	.priority = -10,
};

static int skip_row(const char *name)
{
	struct probe *p;

	for (p = probes; p < PROBES_END; p++) {
		if (strcmp(p->name, name))
			continue;
		if (p->required) {
			pr_err("skip=%s: nothing works without this probe\n",
			       name);
			return -EINVAL;
		}
		p->state = PROBE_OFF;
		return 0;
	}
	pr_err("skip=%s: there is no such probe\n", name);
	return -EINVAL;
}

static int skip_rows(const char *skip)
{
	char *list, *rest, *name;
	int ret = 0;

	list = kstrdup(skip, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	rest = list;
	while (!ret && (name = strsep(&rest, ",")))
		ret = *name ? skip_row(name) : 0;
	kfree(list);
	return ret;
}

static int check_required(void)
{
	struct probe *p;

	for (p = probes; p < PROBES_END; p++) {
		if (!p->required || p->state == PROBE_ATTACHED)
			continue;
		pr_err("cannot probe %s: error %d\n", p->symbols[0], p->error);
		return p->error ?: -ENOENT;
	}
	return 0;
}

/**
 * ivs_probes_init - arm every probe there is a function for
 * @skip: comma-separated names of rows to leave off, or NULL
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for a bad @skip; the error of a required probe.
 */
int ivs_probes_init(const char *skip)
{
	struct probe *p;
	int ret;

	for (p = probes; p < PROBES_END; p++)
		p->state = !p->dma_api || ivs_dma_api ? PROBE_WAITING :
							PROBE_UNUSED;
	ret = skip ? skip_rows(skip) : 0;
	if (ret)
		return ret;
	ret = listen_to_heart();
	if (ret) {
		pr_err("cannot probe a function of its own: error %d\n", ret);
		return ret;
	}
	ret = register_module_notifier(&module_nb);
	if (ret) {
		unregister_kprobe(&heart);
		return ret;
	}

	mutex_lock(&probe_lock);
	arm_all();
	mutex_unlock(&probe_lock);

	ret = check_required();
	if (ret)
		ivs_probes_exit();
	return ret;
}

/* ivs_probes_exit - disarm all; no handler runs after it; may sleep */
void ivs_probes_exit(void)
{
	struct probe *p;

	unregister_module_notifier(&module_nb);
	ivs_flight_close();
	mutex_lock(&probe_lock);
	for (p = probes; p < PROBES_END; p++)
		disarm(p);
	mutex_unlock(&probe_lock);
	unregister_kprobe(&heart);
}

static u64 missed_of(const struct probe *p)
{
	u64 missed = READ_ONCE(p->missed_before);

	if (READ_ONCE(p->state) == PROBE_ATTACHED)
		missed += p->rp.nmissed + p->rp.kp.nmissed;
	return missed;
}

/**
 * ivs_probes_missed - calls that probes could not catch
 * @feeds: only probes that feed any of these
 *
 * Context: any.
 */
u64 ivs_probes_missed(unsigned long feeds)
{
	struct probe *p;
	u64 missed = 0;

	for (p = probes; p < PROBES_END; p++)
		if (p->feeds & feeds)
			missed += missed_of(p);
	return missed;
}

static const char *feed_name(unsigned int feed)
{
	switch (feed) {
	case IVS_FEED_BACKEND:
		return "backend";
	case IVS_FEED_DEVICES:
		return "devices";
	case IVS_FEED_LIFETIME:
		return "lifetime";
	default:
		return ivs_op_name(feed);
	}
}

static void show_feeds(struct seq_file *m, unsigned long feeds)
{
	const char *comma = "";
	unsigned int feed;

	seq_puts(m, " feeds=");
	for (feed = 0; feed < IVS_NR_FEEDS; feed++) {
		if (!(feeds & BIT(feed)))
			continue;
		seq_printf(m, "%s%s", comma, feed_name(feed));
		comma = ",";
	}
}

/* The symbol in use; all that would do while there is none. */
static void show_symbol(struct seq_file *m, const struct probe *p)
{
	unsigned int i;

	if (p->state == PROBE_ATTACHED) {
		seq_printf(m, " symbol=%s", p->symbol);
		return;
	}
	seq_printf(m, " symbol=%s", p->symbols[0]);
	for (i = 1; i < MAX_SYMBOLS && p->symbols[i]; i++)
		seq_printf(m, ",%s", p->symbols[i]);
}

static enum probe_state state_of(const struct probe *p, bool silent)
{
	return silent && p->state == PROBE_ATTACHED ? PROBE_SILENT : p->state;
}

/* To wait for a module is no error. */
static int errno_of(const struct probe *p)
{
	return p->state == PROBE_WAITING ? 0 : -min(p->error, 0);
}

/* ivs_probes_show - write a line a row; may sleep */
void ivs_probes_show(struct seq_file *m)
{
	bool silent = ivs_probes_silent();
	struct probe *p;

	mutex_lock(&probe_lock);
	for (p = probes; p < PROBES_END; p++) {
		seq_puts(m, p->name);
		show_symbol(m, p);
		seq_printf(m, " module=%s state=%s required=%d",
			   p->module ?: "vmlinux",
			   state_names[state_of(p, silent)], p->required);
		show_feeds(m, p->feeds);
		seq_printf(m, " missed=%llu errno=%d\n", missed_of(p),
			   errno_of(p));
	}
	mutex_unlock(&probe_lock);
}
