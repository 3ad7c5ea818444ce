// SPDX-License-Identifier: GPL-2.0-only
/*
 * quality.c - missed calls and silences: why numbers may be too low
 *
 * Model. A kretprobe misses a call when all of its instances are in use, and
 * counts that itself. What each probe missed is registered here by whoever arms
 * it (probe.c), together with what that probe feeds, so that whoever keeps
 * numbers (domain.c, stats.c) can ask without knowing any probe.
 *
 * Nested hits. A kprobe refuses a hit while a handler of any kprobe, ours or
 * not, runs on the same CPU, and counts that, too. Handlers run with preemption
 * off and interrupts on, and call nothing that is probed: such a hit is in an
 * interrupt. Interrupts map and unmap for the DMA API, whose domains we do not
 * count unless we are asked to (dma_api=1); VFIO, iommufd and whoever else has
 * a domain of his own (IOMMU_DOMAIN_UNMANAGED) take mutexes around their maps,
 * and are never nested. So nested hits are kept apart from missed calls, and
 * are a gap in the host's own domains alone. (Up to 5.13 a kprobe also calls
 * nested what is none at all: a page fault inside a handler.) Where rows are
 * entered by an ftrace_ops of our own there are none: that refuses nothing.
 *
 * Silence. Probes can be attached and say nothing, all of them at once and
 * without an error: kernel.ftrace_enabled=0, or, for kprobes, 0 in
 * kprobes/enabled. So a hook of each kind sits on a function of our own, the
 * heartbeat, and calling it tells which of them are served.
 *
 * Locking: the list of probes is made before the first one is armed and does
 * not change until the last is gone; the words in it are read and written
 * whole. Lifetime: disarming a kretprobe and freeing its counters is up to the
 * caller, who calls ivs_missed_disarm() in between.
 */
#include <linux/atomic.h>
#include <linux/string.h>

#include "entry.h"
#include "quality.h"

/* ---- missed calls ---- */

static struct ivs_missed *probes;

/**
 * ivs_missed_add - ask a probe, too, from now on
 * @missed: of the probe, with @feeds set; stays until the module goes
 *
 * Context: module load, before the first probe is armed.
 */
void ivs_missed_add(struct ivs_missed *missed)
{
	missed->next = probes;
	probes = missed;
}

/* ivs_missed_arm - a kretprobe counts for a probe now */
void ivs_missed_arm(struct ivs_missed *missed, const struct kretprobe *rp)
{
	missed->refuses = !(rp->kp.flags & KPROBE_FLAG_DISABLED);
	WRITE_ONCE(missed->armed, rp);
}

/*
 * ivs_missed_disarm - the kretprobe counts no more; its count is kept
 *
 * Before the kretprobe is armed again, which starts its count at 0.
 */
void ivs_missed_disarm(struct ivs_missed *missed)
{
	u64 calls = ivs_missed_by(missed), nested = ivs_nested_by(missed);

	WRITE_ONCE(missed->armed, NULL);
	WRITE_ONCE(missed->calls, calls);
	WRITE_ONCE(missed->nested, nested);
}

/* ivs_missed_by - calls that one probe could not catch; any context */
u64 ivs_missed_by(const struct ivs_missed *missed)
{
	const struct kretprobe *rp = READ_ONCE(missed->armed);

	return READ_ONCE(missed->calls) + (rp ? READ_ONCE(rp->nmissed) : 0);
}

/*
 * ivs_nested_by - hits in interrupts that it refused; any context
 *
 * A kprobe that is disabled refuses nothing, and counts all the same when another
 * tool has one on the same function.
 */
u64 ivs_nested_by(const struct ivs_missed *missed)
{
	const struct kretprobe *rp = READ_ONCE(missed->armed);

	return READ_ONCE(missed->nested) +
	       (rp && missed->refuses ? READ_ONCE(rp->kp.nmissed) : 0);
}

/**
 * ivs_missed_calls - calls that probes could not catch
 * @feeds: only probes that feed any of these
 *
 * Context: any.
 */
u64 ivs_missed_calls(unsigned long feeds)
{
	const struct ivs_missed *missed;
	u64 calls = 0;

	for (missed = probes; missed; missed = missed->next)
		if (missed->feeds & feeds)
			calls += ivs_missed_by(missed);
	return calls;
}

/* ivs_nested_calls - the same of hits that were refused in interrupts */
u64 ivs_nested_calls(unsigned long feeds)
{
	const struct ivs_missed *missed;
	u64 calls = 0;

	for (missed = probes; missed; missed = missed->next)
		if (missed->feeds & feeds)
			calls += ivs_nested_by(missed);
	return calls;
}

/* ---- silence ---- */

static atomic_t beats[IVS_NR_CHANNELS];
static atomic_t silences;
static struct kprobe heartbeat_probe;
static bool heartbeat_hooked;

static noinline void heartbeat(void)
{
	barrier();
}

static int heartbeat_kprobe(struct kprobe *kp, struct pt_regs *regs)
{
	atomic_inc(&beats[IVS_BY_KPROBE]);
	return 0;
}

static void heartbeat_hit(struct ivs_entry *entry, struct pt_regs *regs)
{
	atomic_inc(&beats[IVS_BY_ENTRY]);
}

static struct ivs_entry heartbeat_entry = { .hit = heartbeat_hit };

/* Where nothing is hooked, nothing is silent. */
static bool channel_is_used(enum ivs_channel channel)
{
	return channel == IVS_BY_KPROBE || heartbeat_hooked;
}

/**
 * ivs_probes_silent - has somebody silenced all probes of a kind?
 *
 * That they were is remembered; see ivs_silences(). Context: any but a handler
 * of a probe, in which no other probe is heard.
 *
 * Return: bit set of enum ivs_channel: those that are not heard.
 */
unsigned long ivs_probes_silent(void)
{
	int before[IVS_NR_CHANNELS];
	unsigned long silent = 0;
	enum ivs_channel i;

	for (i = 0; i < IVS_NR_CHANNELS; i++)
		before[i] = atomic_read(&beats[i]);
	heartbeat();
	for (i = 0; i < IVS_NR_CHANNELS; i++)
		if (channel_is_used(i) && atomic_read(&beats[i]) == before[i])
			silent |= BIT(i);
	if (silent)
		atomic_inc(&silences);
	return silent;
}

/* ivs_silences - how often probes were found to be silent; any context */
unsigned int ivs_silences(void)
{
	return atomic_read(&silences);
}

/* ivs_quality_init - listen to the heartbeat; 0 or -errno; may sleep */
int ivs_quality_init(void)
{
	int ret;

	memset(&heartbeat_probe, 0, sizeof(heartbeat_probe));
	heartbeat_probe.addr = (kprobe_opcode_t *)heartbeat;
	heartbeat_probe.pre_handler = heartbeat_kprobe;
	ret = register_kprobe(&heartbeat_probe);
	if (ret)
		return ret;
	/* A kprobe knows where in a function ftrace has its instruction. */
	heartbeat_hooked = !ivs_entry_hook(&heartbeat_entry,
					   (unsigned long)heartbeat_probe.addr);
	return 0;
}

/* ivs_quality_exit - remove that probe; may sleep */
void ivs_quality_exit(void)
{
	if (heartbeat_hooked)
		ivs_entry_unhook(&heartbeat_entry);
	unregister_kprobe(&heartbeat_probe);
}
