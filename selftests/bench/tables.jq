# SPDX-License-Identifier: GPL-2.0-only
#
# Tables of bench.json that no single result has: tab-separated lines, an empty
# one before each table's title.

def median: sort | if length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def round_to($n): . * $n | round | . / $n;
def seconds: . / 1e9 | round_to(if . < 1 then 10000 else 100 end);
def percent: . * 100 | round_to(10);

def node_rows:
	.parts[] | select(.part == "node") | .kernel as $kernel |
	.result.node[] | [$kernel, .backend,
		({"1g": "1 GiB", "2m": "2 MiB"}[.align]),
		(.bar_map_ns | seconds), (.start_ns | seconds),
		(.bar_unmap_ns | seconds), (.teardown_ns | seconds)];

def node:
	if [node_rows] == [] then empty else
	[], ["A VM with seven BARs of 128 GiB, seconds (EMULATED, but for the seed's; cold)"],
	["KERNEL", "BACKEND", "ALIGNED TO", "MAP A BAR", "START", "UNMAP A BAR",
	 "TEARDOWN"],
	["the seed's host", "?", "?", 3.3, 24, "?", "?"], node_rows end;

# What each watcher adds to the same work while nobody watches.
def watch_rows:
	.parts[] | select(.part == "watch" and .samples) | .kernel as $kernel |
	.samples | group_by([.work, .op])[] |
	(map(select(.watcher == "absent").ns) | median) as $absent |
	(map(select(.watcher == "no_pin").ns) |
		if . == [] then null else median end) as $rest |
	(.[0].hits) as $hits | group_by(.watcher)[] | (map(.ns) | median) as $ns |
	(map(.ns) | [min, max] | map(. / 1e6 | round_to(1000))) as $spread |
	[$kernel, .[0].work, .[0].op, .[0].watcher, length,
	 ($ns / 1e6 | round_to(1000)), "\($spread[0])-\($spread[1])",
	 (if .[0].watcher == "absent" then "-"
	  else "\($ns / $absent - 1 | percent) %" end),
	 (if .[0].hits == 0 or .[0].watcher == "absent" then "-"
	  else ($ns - $absent) / .[0].hits | round end),
	 (if .[0].op == "map" then
	  {"loaded": $rest, "bpftrace": $absent}[.[0].watcher] |
	  if . == null then "-" else ($ns - .) / $hits | round end
	  else "-" end)];

def watch:
	if [watch_rows] == [] then empty else
	[], ["What watching costs (INSTRUCTIONS of an emulated processor as ms; PER HIT: a pin and a map, or an unmap and an unpin, of a run; an I/O)"],
	["KERNEL", "WORK", "OPERATION", "WATCHER", "SAMPLES", "MEDIAN MS",
	 "SPREAD", "MORE", "PER HIT", "PIN PROBE ALONE"], watch_rows end;

# An IOTLB entry translates one leaf.
def reach_rows:
	.parts[] | select(.part == "costs") | .kernel as $kernel |
	.result.rows | group_by([.backing, .backend])[] | max_by(.bytes) |
	(.["4k_leaves"] + .["2m_leaves"] + .["1g_leaves"]) as $leaves |
	select($leaves > 0) |
	[$kernel, .backing, .backend, .bytes / 1073741824, $leaves,
	 (.bytes / $leaves / 1024 | round_to(10))];

def reach:
	if [reach_rows] == [] then empty else
	[], ["Reach of an IOTLB, COMPUTED from the tables: the emulator has no such cache"],
	["KERNEL", "BACKING", "BACKEND", "GIB", "ENTRIES TO HOLD IT ALL",
	 "KIB AN ENTRY"], reach_rows end;

(node, watch, reach) | map(tostring) | join("\t")
