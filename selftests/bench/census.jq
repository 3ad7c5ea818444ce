# SPDX-License-Identifier: GPL-2.0-only
#
# build/bench/census.json as a table. A nanosecond is an instruction.

def pad($n): tostring | . + (" " * ([$n - length, 0] | max));
def left($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def tenths: . * 10 | round / 10;

def row($result; $name):
	$result[$name] as $r | select($r) |
	"  " + ($name | pad(28)) +
	($r.median_s * 1e9 / $result.leaves | tenths | left(12)) +
	($r.min_s * 1e9 / $result.leaves | tenths | left(12)) +
	($r.max_s * 1e9 / $result.leaves | tenths | left(12)) +
	($r.bytes | left(12));

def verdict($floor):
	if .census_ratio then
		"  census is \(.census_ratio | round) times faster, pagemap " +
		"\(.pagemap_ratio | round) times; census has to be \($floor) times: " +
		(if .census_ratio >= $floor then "yes" else "NO" end)
	else
		"  this kernel does not print its page tables: no ratio"
	end;

.floor as $floor | .results[] |
"\(.what): \(.leaves) 4K leaves, kernel \(.kernel), instructions a leaf",
"  " + ("" | pad(28)) + ("median" | left(12)) + ("min" | left(12)) +
	("max" | left(12)) + ("bytes" | left(12)),
row(.; "census"), row(.; "pagemap"), row(.; "runs"),
row(.; "domain_translation_struct"),
verdict($floor)
