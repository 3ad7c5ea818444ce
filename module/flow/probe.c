// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - arming and disarming, for a table of probes
 *
 * Model. Each row of the table (rows.c) is a kretprobe with one entry and one
 * return handler, so that the same code serves every kernel: kretprobes exist
 * everywhere, while fprobes are missing up to 6.1 and take other arguments on
 * each later kernel. A symbol that a kernel lacks is said in the file "probes",
 * and what the row feeds is left out of every file. This file knows no handler
 * and no function; what is missed, and silence, are in quality.c.
 *
 * The front. Some functions serve the host's own network and disks as well, a
 * million times a second and from interrupts; what is done for nothing there has
 * to be little, and a kprobe must not be asked: it takes 161 instructions before
 * it asks anybody, and refuses hits in interrupts (quality.c). So a row with a
 * prefilter is entered by an ftrace_ops of ours (entry.c), which asks the
 * prefilter and goes on to what the kprobe would have called. The kretprobe is
 * registered as disabled, which means all that it needs and no breakpoint: its
 * instances and its way back are those of every other row. No other way to hook
 * a return serves all kernels: rethook is not exported, and fprobe changed from
 * it to the function graph. It rests on two things that are read in each kernel:
 * the handler that register_kretprobe() sets looks at nothing but the stack
 * pointer and the instances, and the one that runs at the return, at nothing but
 * the kretprobe's own. Where ftrace hands over no arguments (5.10), or the
 * function has no place for it, the kprobe is enabled and asks in its handler.
 *
 * A call in an interrupt may so begin inside another handler of ours, and its
 * return handler ends before that goes on: what handlers share is written by
 * single instructions or with interrupts off. With dma_api=1 it may so begin
 * inside another tool's, too, and the kernel then takes that for ended: what it
 * calls from there on can hit one more probe, where it would be a nested hit.
 *
 * Rows whose module is not loaded wait for it. Probes die with the module they
 * sit in and do not come back by themselves, hence the module notifier. A
 * function that the compiler has cut up, or made a copy of with other arguments,
 * is missing (find.c).
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

#include "../base/memory.h"
#include "../base/params.h"
#include "../base/stats.h"
#include "../compat.h"
#include "find.h"
#include "probe.h"

/*
 * Calls that may be between entry and return at once, per row: a pin can sleep
 * for seconds, and one per container can be in flight. Devices come and go one
 * by one, but some of these calls fill or empty a table: a host that stops its
 * VMs has one for each. From 6.7 on each of these is a word per processor that
 * may ever be.
 */
#define MAX_ACTIVE 256
#define MAX_ACTIVE_RARE 64

static const char *const state_names[] = {
	[IVS_PROBE_UNUSED] = "unused",
	[IVS_PROBE_OFF] = "off",
	[IVS_PROBE_WAITING] = "waiting",
	[IVS_PROBE_ATTACHED] = "attached",
	[IVS_PROBE_MISSING] = "missing",
	[IVS_PROBE_FAILED] = "failed",
	[IVS_PROBE_SILENT] = "silent",
};

/* The table, and how much a handler keeps from entry to return. */
static struct ivs_probe *probes, *probes_end;
static size_t call_size;

static DEFINE_MUTEX(probe_lock);

/* ---- arming ---- */

/*
 * A kretprobe takes one of its instances before it calls the entry handler, and
 * gives it back if that does not want the call: more than a third of what a
 * packet of the host's own would pay. So the prefilter is asked before.
 */
static int probe_prefilter(struct kprobe *kp, struct pt_regs *regs)
{
	struct ivs_probe *p = container_of(kp, struct ivs_probe, rp.kp);

	return p->prefilter(regs) ? 0 : p->take_instance(kp, regs);
}

/* The same where the kprobe itself is not armed: see the essay. */
static void probe_front(struct ivs_entry *entry, struct pt_regs *regs)
{
	struct ivs_probe *p = container_of(entry, struct ivs_probe, front);

	if (!p->prefilter(regs))
		p->take_instance(&p->rp.kp, regs);
}

/* Calls that come before this is done are filtered by the entry handler. */
static void probe_set_prefilter(struct ivs_probe *p)
{
	p->take_instance = p->rp.kp.pre_handler;
	/* The new handler calls @take_instance, so that is written first. */
	smp_store_release(&p->rp.kp.pre_handler, probe_prefilter);
}

/* Where the front cannot be hooked, the kprobe is armed after all. */
static int probe_set_front(struct ivs_probe *p)
{
	int ret;

	p->take_instance = p->rp.kp.pre_handler;
	p->front.hit = probe_front;
	p->channel = IVS_BY_ENTRY;
	if (!ivs_entry_hook(&p->front, (unsigned long)p->rp.kp.addr))
		return 0;
	p->channel = IVS_BY_KPROBE;
	probe_set_prefilter(p);
	ret = enable_kretprobe(&p->rp);
	if (ret)
		unregister_kretprobe(&p->rp);
	return ret;
}

/* Is it in a module that comes and goes? */
static bool probe_is_loadable(const struct ivs_probe *p)
{
	return p->module && !p->builtin;
}

/*
 * probe_find - set @spec to what is to be probed
 *
 * Nothing is asked of the functions of the IOMMU core, most of which are for all
 * the kernel and so left as they are: up to 6.1 each question reads all symbols.
 */
static int probe_find(struct ivs_probe *p, const struct module *mod,
		      const char *function)
{
	enum ivs_symbol found = IVS_SYMBOL_SAME;
	char name[IVS_PROBE_NAME];

	if (mod)
		found = ivs_find_in_module(mod, function, name, sizeof(name));
	else if (p->builtin)
		found = ivs_find_in_kernel(function, name, sizeof(name));
	if (found == IVS_SYMBOL_CUT)
		strscpy(p->cut, name, sizeof(p->cut));
	if (found == IVS_SYMBOL_CUT || found == IVS_SYMBOL_OTHER)
		return -ENOENT;
	if (found == IVS_SYMBOL_RENAMED)
		function = name;
	snprintf(p->spec, sizeof(p->spec), "%s%s%s",
		 probe_is_loadable(p) ? p->module : "",
		 probe_is_loadable(p) ? ":" : "", function);
	return 0;
}

/* Returns -ENOENT when there is no such symbol, loaded or not. */
static int probe_arm_symbol(struct ivs_probe *p, const struct module *mod,
			    const char *symbol)
{
	int ret = probe_find(p, mod, symbol);

	if (ret)
		return ret;
	memset(&p->rp, 0, sizeof(p->rp));
	p->rp.kp.symbol_name = p->spec;
	p->rp.entry_handler = p->entry;
	p->rp.handler = p->ret;
	p->rp.data_size = call_size;
	p->rp.maxactive = p->rare ? MAX_ACTIVE_RARE : MAX_ACTIVE;
	if (p->prefilter)
		p->rp.kp.flags = KPROBE_FLAG_DISABLED;
	ret = register_kretprobe(&p->rp);
	return !ret && p->prefilter ? probe_set_front(p) : ret;
}

static bool probe_is_wanted(const struct ivs_probe *p)
{
	return p->state != IVS_PROBE_UNUSED && p->state != IVS_PROBE_OFF;
}

/* Its module is not there, or will be gone; or it is in the kernel for good. */
static enum ivs_probe_state probe_absent(const struct ivs_probe *p)
{
	return probe_is_loadable(p) ? IVS_PROBE_WAITING : IVS_PROBE_MISSING;
}

/* Without @mod it may be that its module is not loaded. */
static void probe_arm(struct ivs_probe *p, const struct module *mod)
{
	unsigned int i;

	if (!probe_is_wanted(p) || p->state == IVS_PROBE_ATTACHED)
		return;
	p->cut[0] = '\0';
	for (i = 0; i < IVS_PROBE_SYMBOLS && p->symbols[i]; i++) {
		p->error = probe_arm_symbol(p, mod, p->symbols[i]);
		if (p->error != -ENOENT)
			break;
	}
	if (!p->error) {
		p->state = IVS_PROBE_ATTACHED;
		ivs_missed_arm(&p->missed, &p->rp);
		ivs_memory_add(ivs_compat_kretprobe_bytes(&p->rp));
	} else if (p->error != -ENOENT) {
		p->state = IVS_PROBE_FAILED;
	} else {
		p->state = mod ? IVS_PROBE_MISSING : probe_absent(p);
	}
}

static void probe_disarm(struct ivs_probe *p)
{
	if (p->state != IVS_PROBE_ATTACHED)
		return;
	if (p->channel == IVS_BY_ENTRY)
		ivs_entry_unhook(&p->front);
	p->channel = IVS_BY_KPROBE;
	unregister_kretprobe(&p->rp);
	ivs_memory_add(-(s64)ivs_compat_kretprobe_bytes(&p->rp));
	ivs_missed_disarm(&p->missed);
	p->state = probe_absent(p);
}

static bool probe_is_in(const struct ivs_probe *p, const char *module)
{
	return probe_is_loadable(p) && !strcmp(p->module, module);
}

/*
 * What is attached, or will be when its module comes, is covered; but the row
 * of one backend does not see what that of another one misses.
 */
static void probes_update_cover(void)
{
	unsigned long covered = 0, lost = 0;
	struct ivs_probe *p;

	for (p = probes; p < probes_end; p++) {
		if (p->state == IVS_PROBE_ATTACHED ||
		    p->state == IVS_PROBE_WAITING)
			covered |= p->feeds;
		else if (p->module)
			lost |= p->feeds;
	}
	ivs_stats_cover(covered & ~lost);
}

static void probes_arm_module(const struct module *mod)
{
	struct ivs_probe *p;

	for (p = probes; p < probes_end; p++)
		if (probe_is_in(p, mod->name))
			probe_arm(p, mod);
	probes_update_cover();
}

/* Modules that were loaded before ours send no notification. */
static void probes_arm(void)
{
	struct ivs_probe *p;

	for (p = probes; p < probes_end; p++) {
		struct module *mod = NULL;

		/* The notifier has looked at the symbols; here one would guess. */
		if (p->state == IVS_PROBE_MISSING)
			continue;
		if (probe_is_loadable(p))
			mod = ivs_find_module(p->module);
		probe_arm(p, mod);
		ivs_find_release(mod);
	}
	probes_update_cover();
}

static void probes_disarm_module(const char *module)
{
	struct ivs_probe *p;

	for (p = probes; p < probes_end; p++) {
		if (!probe_is_in(p, module))
			continue;
		probe_disarm(p);
		if (probe_is_wanted(p))
			p->state = IVS_PROBE_WAITING;
	}
}

static bool module_has_probes(const char *module)
{
	struct ivs_probe *p;

	for (p = probes; p < probes_end; p++)
		if (probe_is_in(p, module))
			return true;
	return false;
}

static int probes_module_notify(struct notifier_block *nb, unsigned long event,
				void *data)
{
	const struct module *mod = data;

	if (!module_has_probes(mod->name))
		return NOTIFY_DONE;
	mutex_lock(&probe_lock);
	if (event == MODULE_STATE_COMING)
		probes_arm_module(mod);
	else if (event == MODULE_STATE_GOING)
		probes_disarm_module(mod->name);
	mutex_unlock(&probe_lock);
	return NOTIFY_DONE;
}

/* After kprobes' own (priority 0), which buries the probes of a dead module. */
static struct notifier_block module_nb = {
	.notifier_call = probes_module_notify,
	.priority = -10,
};

static int probes_skip_one(const char *name)
{
	struct ivs_probe *p;

	for (p = probes; p < probes_end; p++) {
		if (strcmp(p->name, name))
			continue;
		if (p->required) {
			pr_err("skip=%s: nothing works without this probe\n",
			       name);
			return -EINVAL;
		}
		p->state = IVS_PROBE_OFF;
		return 0;
	}
	pr_err("skip=%s: there is no such probe\n", name);
	return -EINVAL;
}

static int probes_skip(const char *skip)
{
	char *list, *rest, *name;
	int ret = 0;

	list = kstrdup(skip, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	rest = list;
	while (!ret && (name = strsep(&rest, ",")))
		ret = *name ? probes_skip_one(name) : 0;
	kfree(list);
	return ret;
}

static bool probe_is_unused(const struct ivs_probe *p)
{
	return (p->dma_api && !ivs_dma_api) ||
	       (p->vtd && !ivs_compat_intel_iommu());
}

/**
 * ivs_probes_init - arm every probe of a table that there is a function for
 * @table: the probes; stays until ivs_probes_exit()
 * @nr: how many
 * @data_size: bytes that handlers share from entry to return
 * @skip: comma-separated names of probes to leave off, or NULL
 *
 * Context: may sleep.
 * Return: 0, also when a required probe could not be armed
 * (ivs_probes_check_required()); -EINVAL for a bad @skip; or -errno.
 */
int ivs_probes_init(struct ivs_probe *table, unsigned int nr, size_t data_size,
		    const char *skip)
{
	struct ivs_probe *p;
	int ret;

	probes = table;
	probes_end = table + nr;
	call_size = data_size;
	for (p = probes; p < probes_end; p++) {
		p->state = probe_is_unused(p) ? IVS_PROBE_UNUSED :
						IVS_PROBE_WAITING;
		p->missed.feeds = p->feeds;
		ivs_missed_add(&p->missed);
	}
	ret = skip ? probes_skip(skip) : 0;
	if (ret)
		return ret;
	ret = ivs_quality_init();
	if (ret) {
		pr_err("cannot probe a function of its own: error %d\n", ret);
		return ret;
	}
	ret = register_module_notifier(&module_nb);
	if (ret) {
		ivs_quality_exit();
		return ret;
	}

	mutex_lock(&probe_lock);
	probes_arm();
	mutex_unlock(&probe_lock);
	return 0;
}

/* ivs_probes_check_required - 0, or why a required probe is not armed */
int ivs_probes_check_required(void)
{
	struct ivs_probe *p;

	for (p = probes; p < probes_end; p++) {
		if (!p->required || p->state == IVS_PROBE_ATTACHED)
			continue;
		pr_err("cannot probe %s: error %d\n", p->symbols[0], p->error);
		return p->error ?: -ENOENT;
	}
	return 0;
}

/**
 * ivs_probes_exit - disarm all; no handler runs after it
 *
 * A call in flight is never seen to return.
 *
 * Context: may sleep.
 */
void ivs_probes_exit(void)
{
	struct ivs_probe *p;

	unregister_module_notifier(&module_nb);
	mutex_lock(&probe_lock);
	for (p = probes; p < probes_end; p++)
		probe_disarm(p);
	mutex_unlock(&probe_lock);
	ivs_quality_exit();
}

/* ---- showing ---- */

static const char *feed_name(unsigned int feed)
{
	switch (feed) {
	case IVS_FEED_BACKEND:
		return "backend";
	case IVS_FEED_DEVICES:
		return "devices";
	case IVS_FEED_LIFETIME:
		return "lifetime";
	case IVS_FEED_REFUSALS:
		return "refusals";
	default:
		return ivs_op_name(feed);
	}
}

static void probe_show_feeds(struct seq_file *m, unsigned long feeds)
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

/* The symbol in use; what there is in its place; or all candidates. */
static void probe_show_symbol(struct seq_file *m, const struct ivs_probe *p)
{
	const char *colon = strchr(p->spec, ':');
	unsigned int i;

	if (p->state == IVS_PROBE_ATTACHED) {
		seq_printf(m, " symbol=%s", colon ? colon + 1 : p->spec);
		return;
	}
	if (p->state == IVS_PROBE_MISSING && *p->cut) {
		seq_printf(m, " symbol=%s", p->cut);
		return;
	}
	seq_printf(m, " symbol=%s", p->symbols[0]);
	for (i = 1; i < IVS_PROBE_SYMBOLS && p->symbols[i]; i++)
		seq_printf(m, ",%s", p->symbols[i]);
}

static enum ivs_probe_state probe_shown_state(const struct ivs_probe *p,
					      unsigned long silent)
{
	return silent & BIT(p->channel) && p->state == IVS_PROBE_ATTACHED ?
		       IVS_PROBE_SILENT :
		       p->state;
}

/* The -ENOENT of a row whose module is not loaded is no error. */
static int probe_errno(const struct ivs_probe *p)
{
	return p->state == IVS_PROBE_WAITING ? 0 : -min(p->error, 0);
}

/* ivs_probes_show - write a line a row; may sleep */
void ivs_probes_show(struct seq_file *m)
{
	unsigned long silent = ivs_probes_silent();
	struct ivs_probe *p;

	mutex_lock(&probe_lock);
	for (p = probes; p < probes_end; p++) {
		seq_puts(m, p->name);
		probe_show_symbol(m, p);
		seq_printf(m, " module=%s state=%s required=%d",
			   probe_is_loadable(p) ? p->module : "vmlinux",
			   state_names[probe_shown_state(p, silent)],
			   p->required);
		probe_show_feeds(m, p->feeds);
		seq_printf(m, " missed=%llu nested=%llu errno=%d\n",
			   ivs_missed_by(&p->missed),
			   ivs_nested_by(&p->missed), probe_errno(p));
	}
	mutex_unlock(&probe_lock);
}
