// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sentences above the lines of `top`: who tells it and when, what is mapped
 * on the host, what happens to it, and what somebody should look at first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/human.h"
#include "base/leaf.h"
#include "base/paper.h"
#include "base/tree.h"
#include "columns.h"
#include "head.h"
#include "model.h"

char *head_title(const struct top *top)
{
	time_t now = time(NULL);
	struct utsname names;
	struct tm local;
	char clock[32];
	char *title;

	uname(&names);
	localtime_r(&now, &local);
	strftime(clock, sizeof(clock), "%F %T", &local);
	title = alloc_print("%s %s", names.nodename, clock);
	if (top->seconds) {
		char *longer = alloc_print("%s, in %.1f s", title,
					   top->seconds);

		free(title);
		title = longer;
	}
	clean_word(title);
	return title;
}

static size_t vms_mapping(const struct top *top)
{
	size_t nr = 0;

	for (size_t i = 0; i < top->nr_vms; i++)
		nr += top->vms[i].pid != PID_HOST;
	return nr;
}

static size_t domains_of_vfio(const struct top *top)
{
	size_t nr = 0;

	for (size_t i = 0; i < top->nr_domains; i++)
		nr += top->domains[i].pid != PID_HOST;
	return nr;
}

char *head_mapped(const struct top *top)
{
	size_t domains = domains_of_vfio(top), vms = vms_mapping(top);
	const char *about = top->all.inexact ? "~" : "";
	struct paper paper;

	paper_open(&paper);
	fprintf(paper.out, "%s%s mapped in %zu domain%s of %zu process%s",
		about, human_bytes(top->all.bytes).s, domains,
		human_s(domains), vms, vms == 1 ? "" : "es");
	for (int leaf = LEAF_1G; top->all.leaves_known && leaf >= LEAF_4K;
	     leaf--)
		fprintf(paper.out, "%s %s%s %s", leaf == LEAF_1G ? ":" : ",",
			about, brief_bytes(top->all.leaf_bytes[leaf]).s,
			leaf_names[leaf]);
	return paper_close(&paper);
}

char *head_rates(const struct top *top)
{
	const struct top_facts *all = &top->all;
	struct paper paper;

	paper_open(&paper);
	fprintf(paper.out, "%ju in flight", (uintmax_t)all->inflight);
	if (all->inflight)
		fprintf(paper.out, ", oldest %s", brief_ns(all->oldest_ns).s);
	fprintf(paper.out, "; %ju refused; a second: ",
		(uintmax_t)all->refused);
	/* It is the first reading, or a recording that stands still. */
	if (!top->seconds)
		fputs("not known", paper.out);
	else
		fprintf(paper.out, "map %s %sB, unmap %s %sB, pin %s",
			brief_count(all->rate[RATE_MAP]).s,
			brief_bytes(all->rate[RATE_MAP_BYTES]).s,
			brief_count(all->rate[RATE_UNMAP]).s,
			brief_bytes(all->rate[RATE_UNMAP_BYTES]).s,
			brief_count(all->rate[RATE_PIN]).s);
	return paper_close(&paper);
}

char *head_incident(const struct top *top)
{
	char *line;

	if (!tree_get(top->snap, "incident"))
		return NULL;
	line = alloc_copy(tree_word(top->snap, "incident"));
	clean_word(line);
	return line;
}
