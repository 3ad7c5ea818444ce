# SPDX-License-Identifier: GPL-2.0-only
#
# What the tables of a run are made of: figures found in it.

def median: sort | if length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;

def backings: ("hugetlb_1g", "hugetlb_2m", "thp", "base", "memfd", "bar");

# In the order in which they were measured.
def kernels: ("6.1", "6.12", "7.3", "lab") as $known |
	select(any(.parts[]; .kernel == $known)) | $known;

def results($part): .parts[] | select(.part == $part) | . + .result;

# Of the largest size: what a GiB costs, in ms, and what the tables hold.
def cost($kernel; $backing; $backend):
	[results("costs") | select(.kernel == $kernel) | .rows[] |
	 select(.backing == $backing and .backend == $backend)] |
	if . == [] then null else max_by(.bytes) |
		(.bytes / 1073741824 * 1e6) as $per |
		. + {map: (.map_ns / $per), unmap: (.unmap_ns / $per)} end;

# Kernel, backend, alignment; then seconds.
def node_rows:
	results("node") | .kernel as $kernel | .node[] |
	[$kernel, .backend, {"1g": "1 GiB", "2m": "2 MiB"}[.align]] +
	([.bar_map_ns, .start_ns, .bar_unmap_ns, .teardown_ns] |
	 map(. / 1e9));

# What each watcher adds to the same work while nobody watches. A hit of
# "map" is a pin and a map of a run, of "unmap" an unmap and an unpin.
def watch_rows:
	.parts[] | select(.part == "watch" and .samples) | .kernel as $kernel |
	.samples | group_by([.work, .op])[] |
	(map(select(.watcher == "absent").ns) | median) as $absent |
	group_by(.watcher)[] | (map(.ns) | median) as $ns |
	{kernel: $kernel, work: .[0].work, op: .[0].op, by: .[0].watcher,
	 samples: length, hits: .[0].hits, ns: $ns,
	 min: (map(.ns) | min), max: (map(.ns) | max),
	 spread: ((map(.ns) | max - min) / $ns),
	 more: ($ns / $absent - 1),
	 per_hit: (if .[0].hits > 0 then ($ns - $absent) / .[0].hits
		else 0 end)};

# Those of one operation, each by its watcher.
def watchers($kernel; $work; $op):
	[watch_rows | select(.kernel == $kernel and .work == $work and
		.op == $op)] | map({(.by): .}) | add // {};

# What a watcher adds, as a share, and how far that is sure: other work that
# comes between only adds, so no better than medians are near the least. Null
# where it was not measured.
def more($kernel; $work; $op; $by):
	watchers($kernel; $work; $op) as $of |
	if $of[$by] and $of.absent then
		{more: $of[$by].more,
		 unsure: ([$of[$by], $of.absent | .ns / .min - 1] | max)}
	else null end;

# A hit of the pin probe alone, ours and bpftrace's: what the module adds to a
# map beside itself without that probe, and what the script adds.
def pin_probe($kernel):
	watchers($kernel; "scattered"; "map") as $of |
	if $of.loaded and $of.no_pin and $of.bpftrace then
		{ours: (($of.loaded.ns - $of.no_pin.ns) / $of.loaded.hits | round),
		 bpftrace: ($of.bpftrace.per_hit | round)}
	else null end;

# Of the first kernel's machine; a BAR's is its page table, by each backend.
def first_touch:
	[results("costs")][0].first_touch // [] | .[] |
	select(.backing != "bar") |
	{backing, ns_per_gib: (.touch_ns / (.bytes / 1073741824))};
