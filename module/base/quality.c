// SPDX-License-Identifier: GPL-2.0-only
/*
 * quality.c - missed calls and silences: why numbers may be too low
 *
 * Model. A kretprobe misses a call when all of its instances are in use, and
 * counts that itself. What each probe missed is registered here by whoever arms
 * it (probe.c), together with what that probe feeds, so that whoever keeps
 * numbers (domain.c, stats.c) can ask without knowing any probe.
 *
 * Silence. Probes can be attached and say nothing, all of them at once and
 * without an error: kernel.ftrace_enabled=0, or 0 in kprobes/enabled. So a
 * probe of our own sits on a function of our own, the heartbeat, and calling it
 * tells whether probes are served.
 *
 * Locking: the list of probes is made before the first one is armed and does
 * not change until the last is gone; the words in it are read and written
 * whole. Lifetime: disarming a kretprobe and freeing its counters is up to the
 * caller, who calls ivs_missed_disarm() in between.
 */
#include <linux/atomic.h>
#include <linux/string.h>

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
	WRITE_ONCE(missed->armed, rp);
}

/*
 * ivs_missed_disarm - the kretprobe counts no more; its count is kept
 *
 * Before the kretprobe is armed again, which starts its count at 0.
 */
void ivs_missed_disarm(struct ivs_missed *missed)
{
	u64 all = ivs_missed_by(missed);

	WRITE_ONCE(missed->armed, NULL);
	WRITE_ONCE(missed->before, all);
}

/* ivs_missed_by - calls that one probe could not catch; any context */
u64 ivs_missed_by(const struct ivs_missed *missed)
{
	const struct kretprobe *rp = READ_ONCE(missed->armed);
	u64 calls = READ_ONCE(missed->before);

	return rp ? calls + rp->nmissed + rp->kp.nmissed : calls;
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

/* ---- silence ---- */

static atomic_t beats;
static atomic_t silences;
static struct kprobe heartbeat_probe;

static noinline void heartbeat(void)
{
	barrier();
}

static int heartbeat_entry(struct kprobe *kp, struct pt_regs *regs)
{
	atomic_inc(&beats);
	return 0;
}

/**
 * ivs_probes_silent - has somebody silenced all probes?
 *
 * That they were is remembered; see ivs_silences(). Context: any but a handler
 * of a probe, in which no other probe is heard.
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

/* ivs_silences - how often probes were found to be silent; any context */
unsigned int ivs_silences(void)
{
	return atomic_read(&silences);
}

/* ivs_quality_init - probe the heartbeat; 0 or -errno; may sleep */
int ivs_quality_init(void)
{
	memset(&heartbeat_probe, 0, sizeof(heartbeat_probe));
	heartbeat_probe.addr = (kprobe_opcode_t *)heartbeat;
	heartbeat_probe.pre_handler = heartbeat_entry;
	return register_kprobe(&heartbeat_probe);
}

/* ivs_quality_exit - remove that probe; may sleep */
void ivs_quality_exit(void)
{
	unregister_kprobe(&heartbeat_probe);
}
