# SPDX-License-Identifier: GPL-2.0-only
#
# build/bench/census.json as a table.

def pad($n): tostring | . + (" " * ([$n - length, 0] | max));
def left($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def ms: . * 100000 | round / 100;

def row($result; $name):
	$result[$name] as $r | select($r) |
	"  " + ($name | pad(28)) + ($r.median_s | ms | left(11)) +
	($r.min_s | ms | left(11)) + ($r.max_s | ms | left(11)) +
	($r.leaves_per_s | round | left(13)) + ($r.bytes | left(12));

def verdict($floor):
	if .census_ratio then
		"  census is \(.census_ratio | round) times faster, pagemap " +
		"\(.pagemap_ratio | round) times; at least \($floor) wanted: " +
		(if .census_ratio >= $floor then "yes" else "NO" end)
	else
		"  this kernel does not print its page tables: no ratio"
	end;

.floor as $floor | .emulated as $emulated | .results[] |
"\(.what): \(.leaves) 4K leaves, kernel \(.kernel)" +
	(if $emulated then ", emulated time" else "" end),
"  " + ("" | pad(28)) + ("median ms" | left(11)) + ("min" | left(11)) +
	("max" | left(11)) + ("leaves/s" | left(13)) + ("bytes" | left(12)),
row(.; "census"), row(.; "pagemap"), row(.; "runs"),
row(.; "domain_translation_struct"),
verdict($floor)
