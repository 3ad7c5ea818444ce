// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry.c - be called when a function is entered, without a kprobe
 *
 * Model. A kprobe at the entry of a function is served by ftrace, too, but by a
 * handler that all kprobes of the machine share: it saves every register, looks
 * the probe up, and refuses a hit that comes in an interrupt while another
 * probe's handler runs. An ftrace_ops of our own has a trampoline of its own,
 * which saves what arguments are passed in, and refuses nothing.
 *
 * One ops serves all functions: taking an ops away waits until no task can be in
 * its trampoline, which may last a second on a busy machine, so that unloading
 * does so once. Which function it is called for is looked up by address.
 *
 * That needs a kernel whose ftrace hands over arguments without all registers
 * (DYNAMIC_FTRACE_WITH_ARGS). On others there is no hook, and callers fall back
 * to a kprobe.
 *
 * Recursion. What @hit calls must not call the function it hooks; the ops asks
 * for no protection, for that costs more than all the rest.
 *
 * Locking: @entry_lock around hooking; hits read the table with preemption off.
 * Lifetime: after unhooking no hit begins, and those that run have ended after
 * synchronize_rcu(), which unregistering the kretprobe behind it waits for.
 */
#define pr_fmt(fmt) "iovascope: " fmt

#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../compat.h"
#include "entry.h"

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS

/* The shared functions, and the heartbeat. */
#define MAX_HOOKS 8

static struct {
	unsigned long function;
	struct ivs_entry *entry;
} hooks[MAX_HOOKS];

static unsigned int nr_hooks;
static DEFINE_MUTEX(entry_lock);

static void notrace entry_call(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
	struct ivs_entry *entry;
	unsigned int i;

	preempt_disable_notrace();
	for (i = 0; i < MAX_HOOKS; i++) {
		if (hooks[i].function != ip)
			continue;
		entry = READ_ONCE(hooks[i].entry);
		if (entry)
			entry->hit(entry, ivs_compat_entry_regs(fregs));
		break;
	}
	preempt_enable_notrace();
}

static struct ftrace_ops entry_ops = { .func = entry_call };

/*
 * ftrace that has found a fault in itself leaves each call site as it is, and
 * takes nobody out any more (ftrace.c ftrace_kill()). Then our code must stay
 * for ever, and with it whoever wants to unload it.
 */
static void entry_ops_stop(void)
{
	int ret = unregister_ftrace_function(&entry_ops);

	if (!ret)
		return;
	pr_alert("ftrace lets nobody go any more (%d): this module cannot be unloaded\n",
		 ret);
	for (;;)
		schedule_timeout_uninterruptible(MAX_SCHEDULE_TIMEOUT);
}

/* The last one has to unregister: an empty filter means every function. */
static void hook_remove(unsigned int i)
{
	WRITE_ONCE(hooks[i].entry, NULL);
	if (--nr_hooks) {
		ftrace_set_filter_ip(&entry_ops, hooks[i].function, 1, 0);
	} else {
		entry_ops_stop();
		ftrace_set_filter(&entry_ops, NULL, 0, 1);
	}
	hooks[i].function = 0;
}

static int hook_add(unsigned int i, unsigned long function,
		    struct ivs_entry *entry)
{
	int ret = ftrace_set_filter_ip(&entry_ops, function, 0, 0);

	if (ret)
		return ret;
	hooks[i].function = function;
	/* Who finds the function finds what to call. */
	smp_store_release(&hooks[i].entry, entry);
	if (nr_hooks++)
		return 0;
	ret = register_ftrace_function(&entry_ops);
	if (ret) {
		nr_hooks = 0;
		hooks[i].entry = NULL;
		hooks[i].function = 0;
		ftrace_set_filter(&entry_ops, NULL, 0, 1);
	}
	return ret;
}

/**
 * ivs_entry_hook - call @hit at each entry of a function from now on
 * @entry: with @hit set
 * @function: address of the instruction that ftrace patches there
 *
 * Context: may sleep.
 * Return: 0, -EOPNOTSUPP on a kernel that cannot, or -errno.
 */
int ivs_entry_hook(struct ivs_entry *entry, unsigned long function)
{
	int ret = -ENOSPC;
	unsigned int i;

	mutex_lock(&entry_lock);
	for (i = 0; i < MAX_HOOKS; i++)
		if (!hooks[i].function) {
			ret = hook_add(i, function, entry);
			break;
		}
	mutex_unlock(&entry_lock);
	return ret;
}

/* ivs_entry_unhook - and no more: see the essay; may sleep */
void ivs_entry_unhook(struct ivs_entry *entry)
{
	unsigned int i;

	mutex_lock(&entry_lock);
	for (i = 0; i < MAX_HOOKS; i++)
		if (hooks[i].entry == entry) {
			hook_remove(i);
			break;
		}
	mutex_unlock(&entry_lock);
}

#else

int ivs_entry_hook(struct ivs_entry *entry, unsigned long function)
{
	return -EOPNOTSUPP;
}

void ivs_entry_unhook(struct ivs_entry *entry)
{
}

#endif
