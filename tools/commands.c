// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of commands: what each is called, reads, and is shown by. `help`,
 * the completion and the checks of the command line are made from it.
 */
#include "base/tree.h"
#include "bench/bench.h"
#include "bench/compare.h"
#include "bench/text_bench.h"
#include "command.h"
#include "commands.h"
#include "options.h"
#include "read/snapshot.h"
#include "record/record.h"
#include "record/report.h"
#include "record/timeline.h"
#include "show/census.h"
#include "show/rows.h"
#include "show/text_census.h"
#include "show/text_counts.h"
#include "show/text_records.h"
#include "show/text_show.h"
#include "show/view_census.h"
#include "show/view_show.h"
#include "textfile.h"
#include "top/top.h"
#include "vm/memory.h"
#include "vm/p2p.h"
#include "vm/text_vm.h"
#include "watch.h"
#include "why/answer.h"
#include "why/host.h"
#include "why/refusals.h"
#include "why/stale.h"
#include "why/text_able.h"
#include "why/text_why.h"
#include "why/why.h"

#define READS		(BIT(OPT_DEBUGFS) | BIT(OPT_HELP))
#define SHOWS		(READS | BIT(OPT_JSON))
#define FILTERS		(SHOWS | BIT(OPT_PID))

#define MEASURES \
	(BIT(OPT_DEVICE) | BIT(OPT_BACKINGS) | BIT(OPT_BACKENDS) | \
	 BIT(OPT_SIZES) | BIT(OPT_REPEAT) | BIT(OPT_NODE) | BIT(OPT_ALIGN))

#define SECTION_SHOW \
	(SECTION_COUNTERS | SECTION_DOMAINS | SECTION_PROCESSES | \
	 SECTION_INFLIGHT | SECTION_PROBES)

const struct command commands[] = {
	{
		.name = "show",
		.help = "who maps what, at which leaf sizes, at what cost",
		.options = FILTERS | BIT(OPT_CHECK) | BIT(OPT_LIMIT) |
			   BIT(OPT_ALL),
		.sections = SECTION_SHOW,
		.welcome = SECTION_CHECK | SECTION_REFUSALS,
		.walks = SECTION_CHECK,
		.keys = show_keys,
		.packed = true,
		.view = view_show,
		.text = text_show,
		.watchable = true,
	}, {
		.name = "domains",
		.args = "[ID...]",
		.help = "every IOMMU domain, a row each",
		.options = FILTERS | LISTS,
		.sections = SECTION_DOMAINS,
		.section = "domains",
		.packed = true,
		.rows = &domain_rows,
		.text = text_domains,
		.watchable = true,
	}, {
		.name = "processes",
		.args = "[PID | NAME...]",
		.help = "every process that used VFIO, a row each",
		.options = FILTERS | LISTS,
		.sections = SECTION_PROCESSES,
		.section = "processes",
		.packed = true,
		.rows = &process_rows,
		.text = text_processes,
		.watchable = true,
	}, {
		.name = "census",
		.args = "[DEVICE...]",
		.help = "what the IO page tables hold, device by device",
		.options = SHOWS,
		.sections = SECTION_CENSUS,
		.section = "census",
		.view = view_census,
		.text = text_census,
	}, {
		.name = "runs",
		.args = "DEVICE",
		.help = "what is contiguous for a device, and its leaves",
		.options = SHOWS | BIT(OPT_FROM) | BIT(OPT_LIMIT),
		.read = read_runs,
		.view = view_runs,
		.text = text_runs,
	}, {
		.name = "check",
		.help = "whether the tables hold what has been counted",
		.options = SHOWS,
		.sections = SECTION_CHECK,
		.view = view_check,
		.text = text_check,
		.judge = judge_check,
	}, {
		.name = "units",
		.args = "[UNIT...]",
		.help = "the remapping hardware",
		.options = SHOWS,
		.sections = SECTION_UNITS,
		.section = "units",
		.text = text_units,
	}, {
		.name = "why",
		.args = "PID | DEVICE | DOMAIN...",
		.help = "why it is not in 1G leaves; --start: why it took so long",
		.options = SHOWS | BIT(OPT_WANT) | BIT(OPT_START) |
			   BIT(OPT_END) | BIT(OPT_INPUT) | BIT(OPT_ALL),
		.read = read_why,
		.view = json_object_get,
		.text = text_why,
		.judge = judge_answer,
	}, {
		.name = "refusals",
		.args = "[PID]",
		.help = "which calls were refused, and why; also if it is gone",
		.options = SHOWS | BIT(OPT_INPUT),
		.read = read_refusals,
		.view = json_object_get,
		.text = text_refusals,
		.judge = judge_answer,
	}, {
		.name = "stale",
		.args = "PID | DEVICE | DOMAIN",
		.help = "whether a device reaches pages that the process no longer has",
		.options = SHOWS,
		.read = read_stale,
		.view = json_object_get,
		.text = text_refusals,
		.judge = judge_answer,
	}, {
		.name = "host",
		.help = "whether this machine is able; or one device and process",
		.options = FILTERS | BIT(OPT_DEVICE),
		.read = read_host,
		.view = json_object_get,
		.text = text_able,
		.judge = judge_answer,
	}, {
		.name = "memory",
		.args = "PID",
		.help = "what a VM's memory costs: pins, copies, page tables",
		.options = SHOWS,
		.read = read_memory,
		.view = json_object_get,
		.text = text_memory,
		.judge = judge_answer,
	}, {
		.name = "p2p",
		.args = "[PID]",
		.help = "whose BAR is mapped for whom, was refused, or is absent",
		.options = SHOWS,
		.read = read_p2p,
		.view = json_object_get,
		.text = text_p2p,
		.judge = judge_answer,
	}, {
		.name = "bench",
		.args = "[NEW]",
		.help = "what mapping and unmapping costs here, by each backend",
		.options = SHOWS | BIT(OPT_INPUT) | MEASURES | BIT(OPT_COMPARE),
		.read = read_bench,
		.view = json_object_get,
		.text = text_bench,
		.judge = judge_bench,
	}, {
		.name = "inflight",
		.help = "calls that have not returned, oldest first",
		.options = FILTERS | (LISTS & ~BIT(OPT_LONG)),
		.sections = SECTION_INFLIGHT,
		.rows = &inflight_rows,
		.view = view_inflight,
		.text = text_inflight,
		.watchable = true,
	}, {
		.name = "counters",
		.args = "[KEY...]",
		.help = "every counter of the host, or of one process",
		.options = FILTERS,
		.sections = SECTION_COUNTERS,
		.section = "counters",
		.text = text_counters,
		.watchable = true,
	}, {
		.name = "errors",
		.args = "[OPERATION...]",
		.help = "calls that failed, by errno",
		.options = SHOWS,
		.sections = SECTION_ERRORS,
		.section = "errors",
		.text = text_errors,
		.watchable = true,
	}, {
		.name = "hist",
		.args = "[KEY...]",
		.help = "histograms of durations and sizes",
		.options = SHOWS,
		.sections = SECTION_HIST,
		.section = "hist",
		.text = text_hist,
		.watchable = true,
	}, {
		.name = "probes",
		.args = "[ROW...]",
		.help = "what the module is attached to, and what it missed",
		.options = SHOWS,
		.sections = SECTION_PROBES,
		.section = "probes",
		.text = text_probes,
	}, {
		.name = "schema",
		.args = "[KEY...]",
		.help = "every key with its kind, unit and meaning",
		.options = SHOWS,
		.section = "schema",
		.text = text_schema,
	}, {
		.name = "watch",
		.args = "[COMMAND [KEY...]]",
		.help = "what happens each second, as show or COMMAND tells it",
		.options = FILTERS | BIT(OPT_INTERVAL) | BIT(OPT_COUNT) |
			   BIT(OPT_CHECK) | (LISTS & ~BIT(OPT_NOHEADINGS)),
		.run = run_watch,
	}, {
		.name = "top",
		.help = "VMs and domains on a screen: what is mapped, how fast",
		.options = FILTERS | BIT(OPT_INTERVAL) | BIT(OPT_COUNT) |
			   BIT(OPT_BATCH) | BIT(OPT_COLOR),
		.run = run_top,
	}, {
		.name = "record",
		.args = "[-- CMD...]",
		.help = "all that happens to a process from exec to exit, into a file",
		.options = READS | BIT(OPT_PID) | BIT(OPT_NEXT) |
			   BIT(OPT_FILE) | BIT(OPT_DURATION) |
			   BIT(OPT_BYTES),
		.run = run_record,
	}, {
		.name = "timeline",
		.args = "FILE",
		.help = "where the time of what was recorded went, phase by phase",
		.options = BIT(OPT_HELP) | BIT(OPT_JSON) | BIT(OPT_PID) |
			   BIT(OPT_LIMIT) | BIT(OPT_ALL) | BIT(OPT_PERFETTO) |
			   BIT(OPT_MERGE) | BIT(OPT_OFFSET),
		.read = read_timeline,
		.view = json_object_get,
		.text = text_timeline,
	}, {
		.name = "report",
		.args = "FILE",
		.help = "the same as a page for a browser: start.html, or --file",
		.options = BIT(OPT_HELP) | BIT(OPT_JSON) | BIT(OPT_PID) |
			   BIT(OPT_FILE) | BIT(OPT_MERGE) | BIT(OPT_OFFSET),
		.read = read_report,
		.view = json_object_get,
		.text = text_report,
	}, {
		.name = "snapshot",
		.help = "everything the module tells as one JSON object",
		.options = SHOWS | BIT(OPT_CHECK),
		.sections = SECTION_ALL,
		.welcome = SECTION_UNITS | SECTION_REFUSALS |
			   SECTION_REFUSED,
		.walks = SECTION_WALKS,
		.packed = true,
		.view = json_object_get,
	}, {
		.name = "diff",
		.args = "BEFORE AFTER [COMMAND [KEY...]]",
		.help = "what happened between two snapshots; or changed in two recordings",
		.options = BIT(OPT_HELP) | BIT(OPT_JSON) | BIT(OPT_PID) | LISTS,
		.run = run_diff,
	}, {
		.name = "metrics",
		.help = "what a fleet is watched by, in Prometheus' text format",
		.options = READS | BIT(OPT_CHECK) | BIT(OPT_TEXTFILE) |
			   BIT(OPT_PROCESSES) | BIT(OPT_MEMORY) |
			   BIT(OPT_LIMIT),
		.sections = SECTION_ALL,
		.welcome = SECTION_UNITS | SECTION_REFUSALS |
			   SECTION_REFUSED | SECTION_CHECK,
		.walks = SECTION_WALKS,
		.packed = true,
		.run = run_metrics,
	}, {
		.name = "version",
		.help = "the version of this tool",
		.options = BIT(OPT_HELP) | BIT(OPT_JSON),
		.run = run_version,
	}, {
		.name = "help",
		.args = "[COMMAND]",
		.help = "how to use the tool or one command of it",
		.options = BIT(OPT_JSON),
		.run = run_help,
	},
	{ .name = NULL }
};
