# SPDX-License-Identifier: GPL-2.0-only
#
# What README.md quotes of a run, as markdown. Every number is of that run.

include "figures";

def cells: "| " + (map(tostring) | join(" | ")) + " |";
# A head, then rows; nothing where there are no rows.
def table($title; $head; $rows):
	if $rows == [] then empty else
	"", "**\($title)**", "", ($head | cells), ($head | map("---") | cells),
	($rows[] | cells) end;

# 25.9, 0.0102: three digits.
def three: if . == 0 then 0 else
	(log10 | floor) as $power | pow(10; 2 - $power) as $scale |
	. * $scale | round / $scale end;
def digits: if . == 0 then "0" else three as $rounded |
	if $rounded >= 1 then $rounded
	else $rounded * 1e9 | round | tostring |
		("0" * ([9 - length, 0] | max)) + . | "0." + . | sub("0+$"; "") end
	end | tostring;
def thousands: round | tostring |
	until(test("^[0-9]{4}") | not;
		sub("(?<a>[0-9])(?<b>[0-9]{3})(?<c> .*|)$"; "\(.a) \(.b)\(.c)"));
def times_faster($than): if . == null or $than == null or . == 0 then "-"
	else $than / . | if . >= 10 then three | thousands
		else . * 10 | round / 10 | tostring end + "x" end;
# Seconds, as people say them.
def duration: if . >= 1 then "\(digits) s"
	elif . >= 0.001 then "\(. * 1e3 | digits) ms"
	else "\(. * 1e6 | digits) us" end;
def size: if . >= 1048576 then "\(. / 1048576 | digits) MiB"
	else "\(. / 1024) KiB" end;
def or_dash: if . == null then "-" else digits end;

def kernel_name: if . == "lab" then "7.3 with iommufd" else . end;
def memory: {"hugetlb_1g": "hugetlb 1G", "hugetlb_2m": "hugetlb 2M",
	"thp": "THP", "base": "4K pages", "memfd": "memfd",
	"bar": "BAR"}[.];
def backend_name: {"iommufd_file": "iommufd MAP_FILE",
	"hugepath_2m": "hugepath, at most 2M",
	"hugepath_4k": "hugepath, at most 4K"}[.] // .;

def of_backings($kernel):
	[backings as $backing |
	 cost($kernel; $backing; "type1") as $old |
	 cost($kernel; $backing; "hugepath") as $new |
	 select($old and $new) |
	 [($backing | memory), ($old.map | digits), ($old.unmap | digits),
	  ($new.map | digits), ($new.unmap | digits),
	  ($new.map | times_faster($old.map)),
	  ($new.unmap | times_faster($old.unmap))]];

def of_kernels:
	[kernels as $kernel |
	 ("type1", "iommufd", "iommufd_file", "hugepath", "hugepath_2m",
	  "hugepath_4k") as $backend |
	 cost($kernel; "hugetlb_1g"; $backend) | select(.) |
	 [($kernel | kernel_name), ($backend | backend_name), (.map | digits),
	  (.unmap | digits), ."1g_leaves", ."2m_leaves", ."4k_leaves",
	  (.table_bytes | size)]];

def of_iommufd:
	[backings as $backing |
	 [("type1", "iommufd", "iommufd_file", "hugepath") as $backend |
	  cost("lab"; $backing; $backend)] | select(any(.)) |
	 [($backing | memory)] + map(.map | or_dash) + map(.unmap | or_dash)];

def nodes:
	[["the host that asked", "type1", "?", "3.3 s", "24 s", "?", "?"]] +
	[node_rows | [(.[0] | "emulated, \(.)")] + .[1:3] +
		(.[3:] | map(duration))];

def percent: . * 1000 | round / 10 | tostring + " %";

def verdict($limit):
	if $limit == null then "-"
	elif .unsure > $limit then "UNSURE, by \(.unsure | percent)"
	elif .more <= $limit then "met" else "MISSED" end;
def target($what; $limit): select(.) |
	[$what, (if $limit then $limit | percent else "-" end),
	 (.more | percent), verdict($limit)];

def targets:
	first(kernels) as $first |
	[(more($first; "map"; "map"; "loaded") |
	  target("MAP_DMA of 4K memory, module loaded"; 0.03)),
	 (more($first; "map"; "map"; "traced") |
	  target("the same, its tracepoints on"; 0.03)),
	 (more($first; "map"; "unmap"; "loaded") |
	  target("UNMAP_DMA of it, module loaded"; null)),
	 (kernels as $kernel | more($kernel; "read"; "read"; "loaded") |
	  target("4K reads of an nvme, kernel \($kernel)"; 0.03)),
	 (kernels as $kernel | more($kernel; "send"; "send"; "loaded") |
	  target("60-byte packets by an e1000e, kernel \($kernel)"; 0.03)),
	 (pin_probe($first) | select(.) |
	  ["a hit of the pin probe, instructions",
	   "half of bpftrace's \(.bpftrace)", .ours,
	   (if .ours * 2 <= .bpftrace then "met" else "MISSED" end)])];

# What a packet of the host's own costs, and who only asks whose it is.
def packets:
	[kernels as $kernel |
	 watchers($kernel; "send"; "send") as $of |
	 select($of.absent and $of.loaded and $of.bpftrace) |
	 ($of.absent.ns / $of.absent.hits) as $packet |
	 [$kernel, ($packet | thousands), ($packet * 0.03 | round),
	  ($of.loaded.per_hit | round), ($of.bpftrace.per_hit | round)]];

# Pages that watch_bench.c, set_up_map() maps.
def pages_of_map: 65536;
def kib: . * 4 | round | thousands | . + " KiB";

# On what it depends whether a target is met, and why the worst case cannot.
def floor_of_probes:
	first(kernels) as $first |
	watchers($first; "map"; "map") as $of | $of.absent as $runs |
	watchers($first; "scattered"; "map").absent as $map |
	watchers($first; "send"; "send").loaded as $no |
	select($runs and $map and $no) |
	($map.ns / $map.hits) as $page |
	($runs.ns / pages_of_map * 0.03) as $allowed |
	"", "What was mapped lay in \($runs.hits) runs of neighbours, of \(pages_of_map / $runs.hits | kib) on average; a run is a pin and a map.",
	("3 % are kept where runs are of \($of.loaded.per_hit / $allowed | kib) or more, " +
	"with tracepoints of \($of.traced.per_hit / $allowed | kib)."),
	("Where no page has a neighbour, a page takes \($page | thousands) instructions while nobody watches. 3 % of that are \($page * 0.03 | round),"),
	"less than any probe takes: one that looks at the call and lets it go, \($no.per_hit | round).";

def touches:
	[first_touch | [(.backing | memory), (.ns_per_gib / 1e6 | digits)]];

"Kept results of iovascope \(.iovascope), kernels \([kernels | kernel_name] | join(", "))" +
(if .seconds then ", one run of \(.seconds / 60 | ceil) minutes" else "" end) + ".",
"INSTRUCTIONS: time is counted in instructions of the emulated processor, 1 ns each: no caches, no noise.",
"EMULATED: the emulator's clock; compare only within a table.",
table("Map and unmap on stock \(first(kernels)), ms per GiB of 8 GiB (INSTRUCTIONS)";
	["memory", "type1 map", "unmap", "hugepath map", "unmap",
	 "map faster", "unmap faster"]; of_backings(first(kernels))),
table("Hugetlb 1G by each backend on each kernel, ms per GiB of 8 GiB (INSTRUCTIONS)";
	["kernel", "backend", "map", "unmap", "1G leaves", "2M", "4K",
	 "tables"]; of_kernels),
table("By iommufd, on a 7.3 that has it, ms per GiB of 8 GiB (INSTRUCTIONS)";
	["memory", "type1 map", "iommufd map", "MAP_FILE", "hugepath map",
	 "type1 unmap", "iommufd unmap", "MAP_FILE", "hugepath unmap"];
	of_iommufd),
table("A VM of 4 GiB with seven BARs of 128 GiB (EMULATED, but for the first line, which is real)";
	["machine", "backend", "client's BARs aligned to", "map a BAR", "start",
	 "unmap a BAR", "end"]; nodes),
table("What watching costs, and what it may (INSTRUCTIONS)"; ["what", "target", "is", ""]; targets),
floor_of_probes,
table("A packet of 60 bytes whose domain is not counted, instructions";
	["kernel", "the packet", "3 % of it", "iovascope adds",
	 "a bpftrace script that asks the same adds"]; packets),
table("First touch, which is in none of these figures: ms per GiB (INSTRUCTIONS)";
	["memory", "zeroing"]; touches)
