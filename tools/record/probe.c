// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes on the functions of probe_kinds.c: events in a system of this
 * recorder's own, which go when it goes. They are armed while it records and at
 * no other time. What a kernel has not, or has no function for, is named; the
 * time that it takes is then in the phase around it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>

#include <tracefs.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "probe.h"
#include "ring.h"

struct probes {
	char *system;
	struct tracefs_dynevent *events[2 * NR_PROBES];
	size_t nr;
};

static bool event_arm(struct probes *probes, struct tracefs_dynevent *event,
		      const char *name, struct ring *ring,
		      struct file_writer *file)
{
	if (!event)
		return false;
	if (tracefs_dynevent_create(event)) {
		tracefs_dynevent_free(event);
		return false;
	}
	probes->events[probes->nr++] = event;
	return ring_enable(ring, probes->system, name, file);
}

/* The kernel refuses a symbol that it has not. */
static bool arm_at(struct probes *probes, const char *name, const char *symbol,
		   const char *args, struct ring *ring,
		   struct file_writer *file)
{
	char *in = alloc_print("%s_in", name);
	char *out = alloc_print("%s_out", name);
	bool armed;

	armed = event_arm(probes, tracefs_kprobe_alloc(probes->system, in,
						       symbol, args),
			  in, ring, file) &&
		event_arm(probes, tracefs_kretprobe_alloc(probes->system, out,
							  symbol, NULL, 0),
			  out, ring, file);
	free(in);
	free(out);
	return armed;
}

static bool arm(struct probes *probes, const struct probe_info *info,
		struct ring *ring, struct file_writer *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(info->symbols); i++)
		if (info->symbols[i] &&
		    arm_at(probes, info->name, info->symbols[i], info->args,
			   ring, file))
			return true;
	return false;
}

struct probes *probe_arm(struct ring *ring, struct file_writer *file,
			 struct json_object *absent)
{
	struct probes *probes = alloc_zeroed(1, sizeof(*probes));

	probes->system = alloc_print(PROBE_SYSTEM "%d", getpid());
	for (size_t kind = 0; kind < NR_PROBES; kind++)
		if (!arm(probes, &probe_infos[kind], ring, file))
			tree_append_word(absent, probe_infos[kind].name);
	return probes;
}

/* Lines of kprobe_profile are "NAME HITS MISSED". */
uint64_t probe_missed(const struct probes *probes)
{
	char *text = tracefs_instance_file_read(NULL, "kprobe_profile", NULL);
	char *rest = text, *line;
	uint64_t missed = 0;

	while (text && (line = strsep(&rest, "\n"))) {
		char name[64];
		unsigned long long hits, misses;

		if (sscanf(line, "%63s %llu %llu", name, &hits, &misses) != 3)
			continue;
		for (size_t i = 0; i < probes->nr; i++) {
			char *event = NULL;

			tracefs_dynevent_info(probes->events[i], NULL, &event,
					      NULL, NULL, NULL);
			if (event && !strcmp(event, name))
				missed += misses;
			free(event);
		}
	}
	free(text);
	return missed;
}

void probe_free(struct probes *probes)
{
	for (size_t i = 0; i < probes->nr; i++) {
		tracefs_dynevent_destroy(probes->events[i], true);
		tracefs_dynevent_free(probes->events[i]);
	}
	free(probes->system);
	free(probes);
}

static bool is_left_over(const char *system)
{
	pid_t pid;

	if (!system || strncmp(system, PROBE_SYSTEM, strlen(PROBE_SYSTEM)))
		return false;
	pid = atoi(system + strlen(PROBE_SYSTEM));
	return pid > 0 && kill(pid, 0) && errno == ESRCH;
}

void probe_sweep(void)
{
	struct tracefs_dynevent **events =
		tracefs_dynevent_get_all(TRACEFS_DYNEVENT_KPROBE |
					 TRACEFS_DYNEVENT_KRETPROBE, NULL);

	for (size_t i = 0; events && events[i]; i++) {
		char *system = NULL;

		tracefs_dynevent_info(events[i], &system, NULL, NULL, NULL,
				      NULL);
		if (is_left_over(system))
			tracefs_dynevent_destroy(events[i], true);
		free(system);
	}
	tracefs_dynevent_list_free(events);
}
