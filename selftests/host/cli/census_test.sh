# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# What the IO page tables hold: `units`, `census`, `runs`, `check`, and the
# self-check of `show`, on trees that are whole, broken, and of a module that
# has none of it.

check "units: the answer" 0 '^2 remapping units, 2 with translation on\.$' '' \
	units
check "units: leaf sizes by stage" 0 \
	'^dmar1 +0 +0xfed91000 +on +scalable +3,4 +4K,2M,1G +4K,2M,1G ' '' units
check "units: no first stage" 0 '^dmar0 .* 3,4 +4K,2M,1G +- ' '' units
check "units: one" 0 '^1 remapping unit, 1 with' '^dmar1' units dmar0
check "units: none of this name" 2 'dmar7: no such key' '' units dmar7
json "units: levels are a list" '.units.dmar0.levels == ["3", "4"]' units -j

# Two devices share table 1: its leaves count once.
check "census: the answer" 0 \
	'^66\.0 GiB mapped in 2 page tables: 64\.0 GiB in 1G leaves, 2\.0 GiB in 2M leaves, 28\.0 MiB in 4K leaves\.$' \
	'nan|null' census
verify "census: and nothing stands before it" line_is 1 'mapped in 2'
check "census: wasted contiguity" 0 \
	'^904 runs, leaves for them: 8256, at best 2124; tables: 84\.0 KiB, at best 40\.0 KiB\.$' \
	'' census
check "census: a table" 0 \
	'^ +1 +0000:3b:00\.0 \+1 +64\.0 GiB +64\.0 GiB +0 B +24\.0 MiB +64\.0 KiB +24\.0 MiB +4 +6208 +76 +60\.0 KiB +16\.0 KiB$' \
	'' census
check "census: a device that shares it" 0 \
	'^0000:3c:00\.0 +dmar0 +second +4 +1 +1$' '' census
check "census: a device without a table" 0 \
	'^0000:00:1f\.6 +dmar1 +identity +- +3 +-$' '' census
check "census: torn" 0 '^Table 2 changed while it was read\.$' \
	'Table 1 changed' census
check "census: garbage" 0 '^Table 2: 3 entries of no known form\.$' '' census
check "census: one device" 0 '^64\.0 GiB mapped in 1 page table:' '5e:00|3c:' \
	census 0000:3b:00.0
check "census: no such device" 2 'no such key' '' census 0000:77:00.0
json "census: levels are a number, and all devices are there" \
	'.census["0000:3b:00.0"].levels == 4 and (.census | length == 5)' \
	census --json
json "census: a table and its devices" \
	'.tables["1"] | .devices == ["0000:3b:00.0", "0000:3c:00.0"]
	 and .leaves == 6208 and .best_leaves == 76 and .bytes == 68744642560' \
	census --json
json "census: sums are those of the tables" \
	'.total.bytes == ([.tables[].bytes] | add)
	 and .total.leaves == ([.tables[].leaves] | add)
	 and (.total | has("did") or has("levels") | not)' census --json
json "census: the table with most comes first" \
	'.tables | keys_unsorted == ["1", "2"]' census --json

runs=(runs 0000:3b:00.0)
check "runs: the sum" 0 '^4 runs, leaves for them: 6208, at best 92\.$' \
	'more:' "${runs[@]}"
check "runs: a run" 0 \
	'^0x1000000000 +0x100000ffff +0xfe000000 +64\.0 KiB +0 +0 +16 +0 +0 +16 +r +MMIO$' \
	'' "${runs[@]}"
check "runs: as many as asked, and where to go on" 0 \
	'^\(more: iovascope runs 0000:3b:00\.0 --from 0x1000000000\)$' \
	'MMIO' "${runs[@]}" -n 2
check "runs: from there" 0 '^2 runs, ' '^ *0x(0|100000000) ' \
	"${runs[@]}" --from 0x1000000000
check "runs: in the middle of one" 0 '^2 runs, ' '' \
	"${runs[@]}" --from 68719476737
check "runs: the last" 0 '^1 run, leaves for it: 6128, at best 12\.$' \
	'more' "${runs[@]}" -n 1 --from 0x1000200000
check "runs: behind the last" 0 'nothing is mapped from there on' 'IOVA' \
	"${runs[@]}" --from 0xffffffffffffffff
json "runs: JSON" \
	'.next == 68719476736 and (.runs | length == 2) and .total.bytes == 68719476736
	 and .runs["0x0"].last == 4294967295 and .device == "0000:3b:00.0"' \
	"${runs[@]}" --json -n 2
json "runs: nothing follows the last" 'has("next") | not' "${runs[@]}" -j -n 4
check "runs: no such device" 1 \
	'0000:77:00\.0: no such device .*iovascope census' '' runs 0000:77:00.0

new_tree torn
[[ $counting ]] || sed -i '2 s/torn=0/torn=1/' "$tree/devices/0000:3b:00.0/runs"
check "runs: one that could not be read" 0 '^ +0x0 .* torn$' '' "${runs[@]}"
check "runs: does not count" 0 '^3 runs, leaves for them: 6204, ' '' "${runs[@]}"
check "runs: is told" 0 '^Ranges that kept changing while read: 1\.$' '' \
	"${runs[@]}"
new_tree unreadable
[[ $counting ]] || sed -i 's/readable=1/readable=0/' "$tree/census"
check "census: a table that could not be read" 0 \
	'^Table 1 could not be read\.$' '' census
tree=$recorded

# 3 is equal, of 5 the module has not seen all.
check "check: the verdict" 1 '^Flow and census: 2 domains: 1 equal, 1 inexact\.$' \
	'' check
verify "check: is the first line" line_is 1 '1 equal'
check "check: tells the caller" 1 \
	'^iovascope: check: not equal in 1 of 2 domains$' '' check
check "check: a line a domain" 1 \
	'^ +3 +equal +0000:3b:00\.0 \+1 +64 +0 +6144 +64 +0 +6144 +60\.0 KiB +60\.0 KiB +-$' \
	'' check
check "check: where they differ first" 1 '^ +5 +inexact .* 0x80000000$' '' check
check "check: why there are more tables beside equal" 0 \
	'^Equal is said of leaves; 16\.0 KiB of tables hold none any more, ' '' \
	check --debugfs "$PWD/trees/lab"
check "check: not of domains that are not equal" 1 '' 'Equal is said' check
new_tree one_domain
[[ $counting ]] || sed -i '/^3 /d' "$tree/check"
check "check: one domain is one" 1 'not equal in 1 of 1 domain$' '' check
tree=$recorded
check "check: JSON tells the caller, too" 1 '"inexact": 1' '' check --json

# verdict WORD: what domain 5's self-check said.
verdict() {
	new_tree verdict
	[[ $counting ]] ||
		sed -i "s/verdict=inexact/verdict=$1/" "$tree/check"
}

for word in differs torn unreadable newer; do
	verdict "$word"
	check "check: $word" 1 "2 domains: 1 equal, 1 $word\.$" '' check
	check "show: $word" 0 \
		"^Self-check: 2 domains: 1 equal, 1 $word \(iovascope check\)\.$" \
		'' show --check
done
# differs_by KEY NR KEY NR: domain 5 differs, in leaves that are so many.
differs_by() {
	verdict differs
	[[ $counting ]] ||
		sed -i -E "/^5 /s/flow_([124])([kmg])_leaves=[0-9]+/flow_\1\2_leaves=0/g
			/^5 /s/census_([124])([kmg])_leaves=[0-9]+/census_\1\2_leaves=0/g
			/^5 /s/$1=0/$1=$2/g; /^5 /s/$3=0/$3=$4/g" "$tree/check"
}

differs_by flow_2m_leaves 2 census_2m_leaves 3
check "check: what was left behind" 1 \
	'^Domain 5: 2\.0 MiB left behind, from IOVA 0x80000000 on: .*86dc40c7ea9c' \
	'Domain 3' check
json_exit "check: the same in JSON" 1 \
	'.check["5"].meaning | test("left behind")' check --json
differs_by flow_2m_leaves 3 census_2m_leaves 2
check "check: what is missing" 1 '^Domain 5: 2\.0 MiB missing, from IOVA' '' check
differs_by flow_2m_leaves 1 census_4k_leaves 512
check "check: leaves of another size" 1 \
	'^Domain 5: the same bytes in leaves of another size' '' check
verdict inexact
check "check: numbers that are not all of it mean nothing" 1 '' '^Domain' check
verdict equal
check "check: all equal" 0 '^Flow and census: 2 domains equal\.$' '' check
json "check: as in the file" \
	'.result.verdicts == {"equal": 2} and .result.domains == 2
	 and .check["3"].devices == ["0000:3b:00.0", "0000:3c:00.0"]' check --json
check "show: all equal" 0 '^Self-check: 2 domains equal\.$' '' show --check
check "show --pid: one domain" 0 '^Self-check: 1 domain equal\.$' '' \
	show --check --pid 4242
# Domain 5 is inexact: nobody knows how long its walk would take.
check "show: does not walk what may be long" 0 \
	'^Self-check: not made, it may take long \(iovascope show --check\)\.$' '' \
	show
check "watch: walks when told to" 0 '^Self-check: 2 domains equal\.$' '' \
	watch -n 1 -i 0.05 --check
[[ $counting ]] || sed -i 's/exact=0/exact=1/' "$tree/domains"
check "show: walks what is short" 0 '^Self-check: 2 domains equal\.$' '' show
json "show: in JSON, too" '.check.made == true and .check.domains == 2' show -j
[[ $counting ]] || sed -i 's/live_4k_leaves=512/live_4k_leaves=999999/' \
	"$tree/domains"
check "show: does not walk many leaves" 0 '^Self-check: not made, ' '' show
json "show: how many, in JSON" '.check.made == false and .check.leaves == 1007271' \
	show --json
check "show --check: walks them" 0 '^Self-check: 2 domains equal\.$' '' \
	show --check

new_tree unread
[[ $counting ]] || echo 'unverified 1' >>"$tree/info"
check "show: a kernel that nobody has read" 0 '^Unverified: this kernel is newer ' \
	'' show
[[ $counting ]] || sed -i 's/^unverified .*/unverified 0/' "$tree/info"
check "show: until a check was equal there" 0 '^Self-check: ' Unverified show

tree=$recorded
json "snapshot: without a walk" 'has("units") and (has("check") | not)' snapshot
json "snapshot --check: with it" \
	'(.census | length == 5) and .check["5"].verdict == "inexact"' \
	snapshot --check
check "metrics: without a walk" 0 \
	'^iovascope_unit_translates\{unit="dmar1",mode="scalable"\} 1$' \
	'census|check' metrics
check "metrics --check: verdicts" 0 '^iovascope_check_equal\{domain="5"\} 0$' \
	'' metrics --check
check "metrics --check: a table's leaves" 0 \
	'^iovascope_census_leaves\{device="0000:3b:00\.0",leaf="4k"\} 6144$' \
	'' metrics --check
check "metrics --check: help" 0 \
	'^# TYPE iovascope_census_best_leaves gauge$' '' metrics --check
[[ $counting ]] || "$IOVASCOPE" snapshot --check --debugfs "$recorded" \
	>"$tmp/walked.json"
check "diff: the later self-check" 0 '^Self-check: 2 domains: 1 equal, ' '' \
	diff "$tmp/walked.json" "$tmp/walked.json"

# Recorded in the lab: 1G leaves, 4K leaves in many runs, the host's own tables.
tree=$PWD/trees/lab
check "lab: units" 0 '^dmar0 .* on +legacy +3,4 +4K,2M,1G +- ' '' units
check "lab: census" 0 \
	'^ +4 +0000:00:04\.0 +2\.0 GiB +2\.0 GiB +0 B +0 B .* 2 +2 +2 ' \
	'nan|null|changed|no known form' census
check "lab: check" 0 '^Flow and census: 2 domains equal\.$' '' check
check "lab: show" 0 '^Self-check: 2 domains equal\.$' '' show
json "lab: every key of the census is in the schema" \
	'([.census[] | to_entries[] | select(.value | type == "number") | .key]
	  | unique) - (.schema | keys) == ["did", "levels", "readable", "table"]' \
	snapshot --check
json "lab: what is live is what the tables hold" \
	'([.domains[].live_bytes] | add)
	 == ([.census["0000:00:04.0", "0000:00:05.0"].bytes] | add)' \
	snapshot --check
json "lab: the runs add up to the census" \
	'.total == {"runs": 248, "bytes": 67108864, "leaves": 16384,
		    "best_leaves": 16384}' runs 0000:00:05.0 --json
check "lab: nothing is mapped" 0 'nothing is mapped' 'IOVA' runs 0000:00:06.0

tree=$PWD/trees/idle
check "idle: no unit" 0 '^No remapping unit: ' 'UNIT' units
check "idle: no device" 0 '^No page table: 0 devices\.$' 'DEVICE' census
check "idle: nothing to check" 0 '^Flow and census: no domain to compare\.$' \
	'DOMAIN' check
check "idle: show" 0 '^Self-check: no domain to compare\.$' '' show

# A module that has no census.
new_tree older
if [[ -z $counting ]]; then
	rm -r "$tree"/{units,census,check,devices}
	sed -i 's/exact=0/exact=1/' "$tree/domains"
fi
for command in units census check; do
	check "older module: $command" 1 \
		"$command: not there: the module is of another version" '' \
		"$command"
done
check "older module: runs" 1 'runs: not there: .* another version' '' \
	"${runs[@]}"
check "older module: show" 0 '^Self-check: not made, this module has no census\.$' '' show
check "older module: show --check" 1 'check: not there: ' 'mapped' show --check
json "older module: snapshot" 'has("units") | not' snapshot
check "older module: metrics" 0 '^iovascope_calls_total\{op="map"\} ' 'unit_' \
	metrics
[[ $counting ]] || "$IOVASCOPE" snapshot --debugfs "$tree" >"$tmp/older.json"
check "older module: diff" 0 '^Self-check: not made, this module has no census\.$' '' \
	diff "$tmp/older.json" "$tmp/older.json"

# Each file broken, and each command that reads it says which.
for file in units census check devices/0000:3b:00.0/runs; do
	command=${file%%/*}
	[[ $command != devices ]] || command="runs 0000:3b:00.0"
	new_tree broken
	[[ $counting ]] || truncate -s -3 "$tree/$file"
	# shellcheck disable=SC2086 # a command and its argument
	check "$command: cut" 1 "$file: broken: cut" mapped $command
	new_tree broken
	[[ $counting ]] || echo "bytes 4096" >>"$tree/$file"
	# shellcheck disable=SC2086
	check "$command: a flat line" 1 "$file: broken: cut" mapped $command
	new_tree broken
	[[ $counting ]] || sed -i '1 s/.*/format 2/' "$tree/$file"
	# shellcheck disable=SC2086
	check "$command: format 2" 5 "$file: unknown format" mapped $command
done
new_tree directory
[[ $counting ]] || { rm "$tree/check" && mkdir "$tree/check"; }
check "show --check: a directory in the file's place" 1 \
	'check: Is a directory' '' show --check

# Lines of a module of another version: hardly a key is there.
new_tree bare
if [[ -z $counting ]]; then
	printf 'format 1\n0000:01:00.0\n0000:02:00.0 table=1\n' >"$tree/census"
	printf 'format 1\ndmar0\n' >"$tree/units"
	printf 'format 1\n3\n' >"$tree/check"
	printf 'format 1\n0x1000\n' >"$tree/devices/0000:3b:00.0/runs"
fi
check "absent keys: census" 0 '^ +1 +0000:02:00\.0 +- +- ' 'nan|null' census
check "absent keys: units" 0 '^dmar0 +- +- +- +- +- +4K +- +- +-$' '' units
check "absent keys: check" 1 '1 domain: 0 equal, 1 -\.$' 'null' check
check "absent keys: runs" 0 '^0x1000 +- +- +- ' 'null' "${runs[@]}"
