# SPDX-License-Identifier: GPL-2.0-only
#
# Tables of bench.json that no single result has: tab-separated lines, an empty
# one before each table's title.

include "figures";

def round_to($n): . * $n | round | . / $n;
def seconds: round_to(if . < 1 then 10000 else 100 end);
def percent: . * 100 | round_to(10) | "\(.) %";
def ms: . / 1e6 | round_to(1000);

def node:
	if [node_rows] == [] then empty else
	[], ["A VM with seven BARs of 128 GiB, seconds (EMULATED, but for the first line, which is real; cold)"],
	["KERNEL", "BACKEND", "ALIGNED TO", "MAP A BAR", "START", "UNMAP A BAR",
	 "TEARDOWN"],
	["the host that asked", "type1", "?", 3.3, 24, "?", "?"],
	(node_rows | .[:3] + (.[3:] | map(seconds))) end;

def watch:
	if [watch_rows] == [] then empty else
	[], ["What watching costs (INSTRUCTIONS of an emulated processor as ms; PER HIT: a pin and a map, or an unmap and an unpin, of a run; an I/O)"],
	["KERNEL", "WORK", "OPERATION", "WATCHER", "SAMPLES", "MEDIAN MS",
	 "SPREAD", "MORE", "PER HIT"],
	(watch_rows | [.kernel, .work, .op, .by, .samples, (.ns | ms),
	 "\(.min | ms)-\(.max | ms)"] +
	 if .by == "absent" then ["-", "-"]
	 else [(.more | percent), (.per_hit | round)] end) end;

def probe:
	[kernels as $kernel | pin_probe($kernel) | select(.) |
	 ., ["hit of the pin probe alone, instructions: ours \(.ours), bpftrace's script \(.bpftrace)"]] |
	if . == [] then empty else [], .[1] end;

# An IOTLB entry translates one leaf.
def reach_rows:
	results("costs") | .kernel as $kernel |
	.rows | group_by([.backing, .backend])[] | max_by(.bytes) |
	(.["4k_leaves"] + .["2m_leaves"] + .["1g_leaves"]) as $leaves |
	select($leaves > 0) |
	[$kernel, .backing, .backend, .bytes / 1073741824, $leaves,
	 (.bytes / $leaves / 1024 | round_to(10))];

def reach:
	if [reach_rows] == [] then empty else
	[], ["Reach of an IOTLB, COMPUTED from the tables: the emulator has no such cache"],
	["KERNEL", "BACKING", "BACKEND", "GIB", "ENTRIES TO HOLD IT ALL",
	 "KIB AN ENTRY"], reach_rows end;

(node, watch, probe, reach) | map(tostring) | join("\t")
