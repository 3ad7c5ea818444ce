// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of domains, processes and tables: which of them have series, what
 * these tell, and what is summed up of all.
 *
 * A record has one label, what it is known by; all else about it is one _info
 * series to be joined. The number of series is bounded. A server of Prometheus
 * keeps each in memory for hours, so a host with ten thousand domains must not
 * cost it a million: the domains with most that is mapped have series of their
 * own, processes only when asked for, those that are gone never. How many were
 * left out is told, and what matters of all of them is summed up for the host.
 *
 * Nor are they all held here: each is looked at, and put when it is not chosen.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "exposition.h"
#include "metric.h"
#include "metrics.h"
#include "metrics_records.h"
#include "view_show.h"

/* The records that have series, of each kind that records are of. */
enum kind {
	KIND_DOMAIN,
	KIND_PROCESS,
	KIND_CENSUS,
	NR_KINDS
};

static const struct {
	const char *prefix;
	const char *label;
	const char *left_out;
} kinds[NR_KINDS] = {
	[KIND_DOMAIN] = { "domain_", "domain", "domain" },
	[KIND_PROCESS] = { "process_", "pid", "process" },
	[KIND_CENSUS] = { "census_", "device", "table" },
};

static const char *const process_labels[] = {
	"vm", "libvirt", "sandbox", "pod", "namespace", "container", "unit",
	NULL
};

/*
 * @records: those that have series, by what the label says; @left_out: how many
 * have none. @sums: of all domains, by backend. @alive: what the processes that
 * are there are called, by PID. @tables: the device under which each is told,
 * by number.
 */
struct chosen {
	struct json_object *snap;
	const struct metrics *metrics;
	uint64_t limit;
	struct json_object *records[NR_KINDS];
	uint64_t left_out[NR_KINDS];
	/* Whose memory is told, NULL when that is not asked for; and whose not. */
	struct json_object *owners;
	struct json_object *unbilled;
	/* The host's own domains, which come behind those of VFIO. */
	struct json_object *own;
	struct json_object *sums;
	struct json_object *alive;
	struct json_object *tables;
};

/* What is not told is not no. */
static bool is_no(struct json_object *record, const char *key)
{
	struct json_object *val = tree_get(record, key);

	return val && !json_object_get_boolean(val);
}

/* ---- which records have series ---- */

static bool has_room(const struct chosen *chosen, struct json_object *records)
{
	return (uint64_t)json_object_object_length(records) < chosen->limit;
}

static void choose(struct chosen *chosen, enum kind kind, const char *name,
		   struct json_object *record)
{
	if (has_room(chosen, chosen->records[kind]))
		tree_add(chosen->records[kind], name,
			 json_object_get(record));
	else
		chosen->left_out[kind]++;
}

static void sum_domain(struct json_object *sums, struct json_object *domain,
		       const struct metrics *metrics)
{
	uint64_t val;

	tree_add_sum(sums, "domains", 1);
	tree_add_sum(sums, "inexact", is_no(domain, "exact"));
	for (size_t i = 0; i < metrics->nr; i++)
		if (metric_is_gauge(&metrics->metric[i]) &&
		    tree_u64(domain, metrics->metric[i].key, &val))
			tree_add_sum(sums, metrics->metric[i].key, val);
}

/* They come with most that is mapped first. */
static void domain_look(const char *id, struct json_object *domain, void *data)
{
	const char *backend = tree_word(domain, "backend");
	struct chosen *chosen = data;

	if (!tree_get(chosen->sums, backend))
		tree_add(chosen->sums, backend, tree_new());
	sum_domain(tree_get(chosen->sums, backend), domain, chosen->metrics);
	if (!view_is_dma_api(domain))
		choose(chosen, KIND_DOMAIN, id, domain);
	else if (has_room(chosen, chosen->own))
		tree_add(chosen->own, id, json_object_get(domain));
	else
		chosen->left_out[KIND_DOMAIN]++;
}

/* What VFIO has mapped comes before the host's own. */
static void choose_domains(struct chosen *chosen)
{
	struct json_object *sorted;

	sorted = tree_sorted(tree_get(chosen->snap, "domains"), "live_bytes");
	tree_each(sorted, domain_look, chosen);
	tree_foreach(chosen->own, id, domain)
		choose(chosen, KIND_DOMAIN, id, domain);
	json_object_put(sorted);
}

/* By PID: of two records the later one is the process that has it now. */
static void process_look(const char *id, struct json_object *process,
			 void *data)
{
	struct chosen *chosen = data;
	struct json_object *names;

	if (is_no(process, "alive"))
		return;
	names = tree_new();
	tree_add_word(names, "id", id);
	tree_share(names, process, "comm");
	for (const char *const *label = process_labels; *label; label++)
		tree_share(names, process, *label);
	tree_add(chosen->alive, tree_word(process, "pid"), names);
}

static void process_choose(const char *id, struct json_object *process,
			   void *data)
{
	const char *pid = tree_word(process, "pid");
	struct chosen *chosen = data;

	if (!strcmp(tree_word(tree_get(chosen->alive, pid), "id"), id))
		choose(chosen, KIND_PROCESS, pid, process);
}

/* Those that mapped last. */
static void choose_processes(struct chosen *chosen, bool wanted)
{
	struct json_object *processes = tree_get(chosen->snap, "processes");
	struct json_object *sorted;

	tree_each(processes, process_look, chosen);
	chosen->left_out[KIND_PROCESS] =
		json_object_object_length(chosen->alive);
	if (!wanted)
		return;
	chosen->left_out[KIND_PROCESS] = 0;
	sorted = tree_sorted(processes, "last_ns");
	tree_each(sorted, process_choose, chosen);
	json_object_put(sorted);
}

/* One device of each table; where nothing is translated there is none. */
static void table_look(const char *device, struct json_object *record,
		       void *data)
{
	const char *table = tree_word(record, "table");
	struct chosen *chosen = data;

	if (!tree_get(record, "table") || tree_get(chosen->tables, table))
		return;
	tree_add_word(chosen->tables, table, device);
	choose(chosen, KIND_CENSUS, device, record);
}

static struct json_object *owner_new(const struct chosen *chosen,
				     const char *pid)
{
	const char *id = tree_word(tree_get(chosen->alive, pid), "id");
	struct json_object *processes = tree_new();
	struct json_object *owner = tree_new();

	tree_add(processes, id,
		 tree_find(tree_get(chosen->snap, "processes"), id));
	tree_add(owner, "processes", processes);
	tree_add(owner, "domains", tree_new());
	if (tree_get(chosen->snap, "census"))
		tree_add(owner, "census", tree_new());
	return owner;
}

static void owner_add(const struct chosen *chosen, struct json_object *owner,
		      const char *id, struct json_object *domain)
{
	struct json_object *devices = tree_get(domain, "devices");

	tree_add(tree_get(owner, "domains"), id, json_object_get(domain));
	for (size_t i = 0; i < tree_length(devices); i++) {
		const char *device = json_object_get_string
					     (tree_at(devices, i));
		struct json_object *record =
			tree_find(tree_get(chosen->snap, "census"), device);

		if (record)
			tree_add(tree_get(owner, "census"), device, record);
	}
}

/* A bill is of all that a process has mapped, so of domains without series, too. */
static void owner_look(const char *id, struct json_object *domain, void *data)
{
	const char *pid = tree_word(domain, "pid");
	struct chosen *chosen = data;
	struct json_object *owner = tree_get(chosen->owners, pid);

	if (view_is_dma_api(domain) || !tree_get(chosen->alive, pid))
		return;
	if (!owner && json_object_object_length(chosen->owners) ==
		      METRICS_VMS) {
		tree_add_u64(chosen->unbilled, pid, 1);
		return;
	}
	if (!owner) {
		owner = owner_new(chosen, pid);
		tree_add(chosen->owners, pid, owner);
	}
	owner_add(chosen, owner, id, domain);
}

/* Those with most that is mapped come first, as their domains do. */
static void choose_owners(struct chosen *chosen)
{
	struct json_object *sorted;

	chosen->owners = tree_new();
	sorted = tree_sorted(tree_get(chosen->snap, "domains"), "live_bytes");
	tree_each(sorted, owner_look, chosen);
	json_object_put(sorted);
}

struct chosen *chosen_new(struct json_object *snap,
			  const struct metrics *metrics,
			  const struct metrics_scope *scope)
{
	struct chosen *chosen = alloc_zeroed(1, sizeof(*chosen));

	chosen->snap = snap;
	chosen->metrics = metrics;
	chosen->limit = scope->limit;
	for (size_t kind = 0; kind < NR_KINDS; kind++)
		chosen->records[kind] = tree_new();
	chosen->own = tree_new();
	chosen->sums = tree_new();
	chosen->alive = tree_new();
	chosen->tables = tree_new();
	choose_domains(chosen);
	choose_processes(chosen, scope->processes);
	tree_each(tree_get(snap, "census"), table_look, chosen);
	chosen->unbilled = tree_new();
	if (scope->memory)
		choose_owners(chosen);
	return chosen;
}

void chosen_free(struct chosen *chosen)
{
	for (size_t kind = 0; kind < NR_KINDS; kind++)
		json_object_put(chosen->records[kind]);
	json_object_put(chosen->owners);
	json_object_put(chosen->unbilled);
	json_object_put(chosen->own);
	json_object_put(chosen->sums);
	json_object_put(chosen->alive);
	json_object_put(chosen->tables);
	free(chosen);
}

bool chosen_has_domain(const struct chosen *chosen, const char *id)
{
	return tree_get(chosen->records[KIND_DOMAIN], id);
}

struct json_object *chosen_owners(const struct chosen *chosen)
{
	return chosen->owners;
}

/* ---- their series ---- */

/* What is mapped now, by all domains, whether they have series or not. */
static void print_sums(FILE *out, struct json_object *all,
		       const struct metric *family, size_t nr)
{
	bool first = true;
	uint64_t val;

	tree_foreach(all, backend, sums) {
		for (size_t i = 0; i < nr; i++) {
			if (family[i].superseded ||
			    !tree_u64(sums, family[i].key, &val))
				continue;
			if (first)
				expo_family_head(out, "", family);
			first = false;
			fprintf(out, "iovascope_%s{", family->family);
			expo_label(out, "backend", backend,
				   *family[i].labels ? "," : "");
			fprintf(out, "%s} ", family[i].labels);
			expo_end(out, val, false);
		}
	}
}

static void print_record(FILE *out, enum kind kind, const char *name,
			 const struct metric *metric, uint64_t val)
{
	fprintf(out, "iovascope_%s%s{", kinds[kind].prefix, metric->family);
	expo_label(out, kinds[kind].label, name, *metric->labels ? "," : "");
	fprintf(out, "%s} ", metric->labels);
	expo_end(out, val, metric_is_ns(metric));
}

static void print_records(FILE *out, const struct chosen *chosen,
			  enum kind kind, const struct metric *family,
			  size_t nr)
{
	bool first = true;
	uint64_t val;

	tree_foreach(chosen->records[kind], name, record) {
		for (size_t i = 0; i < nr; i++) {
			if (family[i].superseded ||
			    !tree_u64(record, family[i].key, &val))
				continue;
			if (first)
				expo_family_head(out, kinds[kind].prefix,
						 family);
			first = false;
			print_record(out, kind, name, &family[i], val);
		}
	}
}

void chosen_print(FILE *out, const struct chosen *chosen,
		  const struct metric *family, size_t nr)
{
	print_sums(out, chosen->sums, family, nr);
	for (enum kind kind = 0; kind < NR_KINDS; kind++)
		print_records(out, chosen, kind, family, nr);
}

void chosen_print_left_out(FILE *out, const struct chosen *chosen)
{
	expo_head(out, "left_out", "gauge",
		  "Records that have no series of their own: beyond --limit, and processes without --processes.");
	for (size_t kind = 0; kind < NR_KINDS; kind++) {
		fputs("iovascope_left_out{", out);
		expo_label(out, "kind", kinds[kind].left_out, "} ");
		expo_end(out, chosen->left_out[kind], false);
	}
	if (chosen->owners)
		fprintf(out, "iovascope_left_out{kind=\"vm\"} %ju\n",
			(uintmax_t)json_object_object_length
				(chosen->unbilled));
}

/* ---- what they are, to be joined ---- */

static void print_domains(FILE *out, struct json_object *sums)
{
	static const struct expo_groups all = {
		.metric = "domains",
		.type = "gauge",
		.help = "Domains that there are.",
		.label = "backend",
		.key = "domains",
	};
	static const struct expo_groups inexact = {
		.metric = "inexact_domains",
		.type = "gauge",
		.help = "Domains whose numbers are known to be not all of it.",
		.label = "backend",
		.key = "inexact",
	};

	expo_groups(out, &all, sums);
	expo_groups(out, &inexact, sums);
}

static void print_domain_info(FILE *out, struct json_object *domains)
{
	if (!json_object_object_length(domains))
		return;
	expo_head(out, "domain_info", "gauge",
		  "What the domain is, and the process that made it.");
	tree_foreach(domains, id, domain) {
		fputs("iovascope_domain_info{", out);
		expo_label(out, "domain", id, ",");
		expo_label(out, "type", tree_word(domain, "type"), ",");
		expo_label(out, "backend", tree_word(domain, "backend"), ",");
		expo_label(out, "group", tree_word(domain, "group"), ",");
		expo_label(out, "pid", tree_word(domain, "pid"), "} 1\n");
	}
	expo_head(out, "domain_exact", "gauge",
		  "Whether the numbers of the domain are all of it.");
	tree_foreach(domains, of, record) {
		fputs("iovascope_domain_exact{", out);
		expo_label(out, "domain", of, "} ");
		expo_end(out, !is_no(record, "exact"), false);
	}
}

static void print_device(FILE *out, const char *id, struct json_object *domain,
			 const char *device)
{
	static const char *const labels[] = { "name", "numa_node", NULL };

	fputs("iovascope_device_info{", out);
	expo_label(out, "device", device, ",");
	expo_label(out, "domain", id, "");
	expo_known(out, tree_get(tree_get(domain, "pci"), device), labels);
	fputs("} 1\n", out);
}

static void print_device_info(FILE *out, struct json_object *domains)
{
	bool first = true;

	tree_foreach(domains, id, domain) {
		struct json_object *devices = tree_get(domain, "devices");

		for (size_t i = 0; i < tree_length(devices); i++) {
			if (first)
				expo_head(out, "device_info", "gauge",
					  "Which domain the device is in.");
			first = false;
			print_device(out, id, domain, json_object_get_string
				     (tree_at(devices, i)));
		}
	}
}

/* The PIDs of those who made the domains that have series. */
static struct json_object *owners_of(struct json_object *domains)
{
	struct json_object *owners = tree_new();

	tree_foreach(domains, id, domain) {
		(void)id;
		tree_add_u64(owners, tree_word(domain, "pid"), 1);
	}
	return owners;
}

/* Of the processes that are alive: those with series, and owners of domains. */
static void print_process_info(FILE *out, const struct chosen *chosen)
{
	struct json_object *owners = owners_of(chosen->records[KIND_DOMAIN]);
	bool first = true;

	tree_foreach(chosen->alive, pid, names) {
		if (!tree_get(chosen->records[KIND_PROCESS], pid) &&
		    !tree_get(owners, pid))
			continue;
		if (first)
			expo_head(out, "process_info", "gauge",
				  "What the process is called.");
		first = false;
		fputs("iovascope_process_info{", out);
		expo_label(out, "pid", pid, ",");
		expo_label(out, "comm", tree_word(names, "comm"), "");
		expo_known(out, names, process_labels);
		fputs("} 1\n", out);
	}
	json_object_put(owners);
}

/* What the devices' lines go to. */
struct census_info {
	FILE *out;
	const struct chosen *chosen;
};

static void print_census_device(const char *device, struct json_object *record,
				void *data)
{
	const struct census_info *info = data;
	const char *by = tree_word(info->chosen->tables,
				   tree_word(record, "table"));

	if (!tree_get(info->chosen->records[KIND_CENSUS], by))
		return;
	fputs("iovascope_census_info{", info->out);
	expo_label(info->out, "device", device, ",");
	expo_label(info->out, "unit", tree_word(record, "unit"), ",");
	expo_label(info->out, "type", tree_word(record, "type"), ",");
	expo_label(info->out, "told_by", by, "} 1\n");
}

/* Tables are told under one of their devices, so that a sum has each once. */
static void print_census_info(FILE *out, const struct chosen *chosen)
{
	struct census_info info = { out, chosen };

	if (!json_object_object_length(chosen->records[KIND_CENSUS]))
		return;
	expo_head(out, "census_info", "gauge",
		  "How the device's requests are translated; told_by: the device under which its table is told.");
	tree_each(tree_get(chosen->snap, "census"), print_census_device, &info);
}

void chosen_print_infos(FILE *out, const struct chosen *chosen)
{
	print_domains(out, chosen->sums);
	print_domain_info(out, chosen->records[KIND_DOMAIN]);
	print_device_info(out, chosen->records[KIND_DOMAIN]);
	print_process_info(out, chosen);
	print_census_info(out, chosen);
}
