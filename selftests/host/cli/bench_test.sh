# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `bench` without a device: what it refuses before it opens anything, the
# tables of a recorded result, and results held against each other.

device=0000:3b:00.0
check "bench: nothing unasked" 2 'bench needs --device, --input or --compare' '' \
	bench
check "bench: an argument" 2 "bench takes no argument: 'x'" '' \
	bench --device $device x
for word in x '' 0000:3b:00 0000:3b:00.0/.. 3b:00 0000:3b:00.8 \
	0000:3b:00.0.1; do
	check "bench: device '$word'" 2 'not a PCI device|an empty item' '' \
		bench --device "$word"
done
check "bench: a device twice" 2 "device $device twice" '' \
	bench --device $device,$device
check "bench: the same device by another name" 2 "device $device twice" '' \
	bench --device "$device,${device#0000:}"
for word in x 0 '' 4K 3M 1GG 17T -1G 1.5G 0x1G 99999999999999999999; do
	check "bench: size '$word'" 2 'not a size like 4G|an empty item' '' \
		bench --device $device --sizes "$word"
done
check "bench: sizes that do not ascend" 2 "sizes do not ascend: '1G'" '' \
	bench --device $device --sizes 2G,1G
check "bench: too many sizes" 2 'more than 16 sizes' '' \
	bench --device $device --sizes "$(seq -s, -f %gG 17)"
check "bench: an unknown backing" 2 "no such backing: 'huge'" '' \
	bench --device $device --backings base,huge
check "bench: a backing twice" 2 'backing base twice' '' \
	bench --device $device --backings base,base
check "bench: an empty backing" 2 "an empty item in --backings 'base,'" '' \
	bench --device $device --backings base,
check "bench: an unknown backend" 2 "no such backend: 'type2'" '' \
	bench --device $device --backends type2
check "bench: a backend twice" 2 'backend type1 twice' '' \
	bench --device $device --backends type1,type1
check "bench: an unknown alignment" 2 "not an alignment, 1g or 2m: '4k'" '' \
	bench --device $device --node --want 4k
check "bench: no rounds" 2 'not a positive number' '' \
	bench --device $device --repeat 0
check "bench: too many rounds" 2 'repeat is at most 1000' '' \
	bench --device $device --repeat 1001
check "bench: a device that is not there" 1 'ffff:ff:1f.7: no such device' '' \
	bench --device ffff:ff:1f.7
check "bench: --compare with one file" 2 '--compare needs two files' '' \
	bench --compare x
check "bench: --compare measures nothing" 2 'neither --device nor --input' '' \
	bench --device $device --compare x y
check "bench: another command's option" 2 'show does not take --device' '' \
	show --device $device

costs=$PWD/results/costs.json
node=$PWD/results/node.json
check "bench: a result says that its time is emulated" 0 \
	'^Times are EMULATED \(TCGTCGTCGTCG\)' '' bench --from "$costs"
check "bench: costs per GiB, spread, and the table" 0 "$(printf '%s' \
	'^hugetlb_1g +1\.0 GiB +type1 +[0-9.]+ +[0-9.]+-[0-9.]+ +- +[0-9.]+ ' \
	'+[0-9.]+-[0-9.]+ +- +[0-9.]+ +[0-9.]+ +1 +0 +0 +16\.0 KiB$')" '' \
	bench --from "$costs"
check "bench: what could not run is told why" 0 \
	'^iommufd +all +/dev/iommu: No such file or directory +hugetlb_1g,.*,bar$' '' \
	bench --from "$costs"
check "bench: how it grows" 0 '^base +type1 +[0-9.]+ +[0-9.]+$' '' \
	bench --from "$costs"
check "bench: a node" 0 '^type1 +2 MiB +[0-9.]+ [mun]?s ' '' \
	bench --from "$node"
json "bench: JSON of a file is the file" '.bench == 1 and
	(.rows[0] | .map_min_ns <= .map_ns and .map_ns <= .map_max_ns)' \
	bench --json --from "$costs"

# worse FILE FACTOR: each figure of type1's maps of base memory that much more.
worse() {
	[[ $counting ]] || jq --argjson factor "$2" '(.rows[] | select(.backend ==
		"type1" and .backing == "base")) |= with_entries(if .key |
		test("^map_.*ns$") then .value = (.value * $factor | floor)
		else . end)' "$costs" >"$1"
}

worse "$tmp/twice.json" 2
worse "$tmp/half.json" 0.5
worse "$tmp/hardly.json" 1.04
check "bench: a result against itself" 0 '0 worse, 0 better, 34 the same, 0 gone' \
	'^(worse|better|gone)' bench --compare "$costs" "$costs"
check "bench: a node against itself" 0 '0 worse' '^(worse|better|gone)' \
	bench --compare "$node" "$node"
check "bench: a regression has a name" 1 \
	'^worse +- +base +type1 +1\.0 GiB +map +[0-9.]+ ms/GiB +[0-9.]+ ms/GiB +2\.00x$' \
	'^worse .* unmap' bench --compare "$costs" "$tmp/twice.json"
check "bench: and is counted" 1 '3 figures are worse or gone' '' \
	bench --compare "$costs" "$tmp/twice.json"
check "bench: an improvement is none" 0 '^better +- +base +type1' '^worse' \
	bench --compare "$costs" "$tmp/half.json"
check "bench: less than the threshold is none" 0 '0 worse' '^(worse|better)' \
	bench --compare "$costs" "$tmp/hardly.json"
json_exit "bench: --compare as JSON" 1 \
	'.verdicts.worse == 3 and .threshold_percent == 5 and
	 ([.changes[] | select(.verdict == "worse") | .figure] | unique) == ["map"]' \
	bench --json --compare "$costs" "$tmp/twice.json"
# Twice the median, but the best of the new is no worse than the old's worst.
[[ $counting ]] || jq '(.rows[] | select(.backend == "type1") |
	.map_max_ns) *= 3 | .' "$costs" >"$tmp/wide.json"
[[ $counting ]] || jq '(.rows[] | select(.backend == "type1") |
	.map_ns) *= 2 | .' "$tmp/wide.json" >"$tmp/noisy.json"
check "bench: spreads that touch are no difference" 0 '0 worse' '^worse' \
	bench --compare "$tmp/wide.json" "$tmp/noisy.json"
[[ $counting ]] || jq 'del(.rows[0])' "$costs" >"$tmp/fewer.json"
check "bench: what is not measured any more" 1 '^gone +- +hugetlb_1g +type1' '' \
	bench --compare "$costs" "$tmp/fewer.json"
check "bench: what was not measured before" 0 '0 worse' '^gone' \
	bench --compare "$tmp/fewer.json" "$costs"
[[ $counting ]] || jq '.machine.time = "instructions"' "$costs" \
	>"$tmp/counted.json"
check "bench: instructions are named" 0 '^Times are INSTRUCTIONS' 'EMULATED' \
	bench --from "$tmp/counted.json"
check "bench: emulated time against instructions" 1 'not to be compared' '' \
	bench --compare "$costs" "$tmp/counted.json"

# A run of `make bench`: results, each of a part of it on a kernel.
# make_run FILE FACTOR: its times of work, that much more.
make_run() {
	[[ $counting ]] || jq -n --slurpfile costs "$costs" --slurpfile node "$node" \
		--argjson factor "$2" '{bench: 1, iovascope: "0.1.0", parts: [
		{kernel: "6.1", part: "costs", result: $costs[0]},
		{kernel: "7.3", part: "node", result: $node[0]},
		{kernel: "6.1", part: "watch", result: ($costs[0] |
			.rows = [] | .slopes = [] | .refused = [] |
			.machine.time = "instructions" |
			.times = [{work: "send", op: "send", by: "loaded"} +
				({time_ns: 7000000, time_min_ns: 6900000,
				time_max_ns: 7100000} | map_values(. * $factor))])}]}' \
		>"$1"
}

make_run "$tmp/run.json" 1
make_run "$tmp/slow.json" 2
check "bench: a run has its parts" 0 '^== Kernel 6\.1, watch$' '' \
	bench --from "$tmp/run.json"
check "bench: and work told by its time" 0 \
	'^send +send +loaded +7\.0 ms +6\.9 ms +7\.1 ms$' '' \
	bench --from "$tmp/run.json"
check "bench: a run against itself" 0 \
	'A run of 0\.1\.0 against one of 0\.1\.0: 0 worse' '^(worse|better|gone)' \
	bench --compare "$tmp/run.json" "$tmp/run.json"
check "bench: a regression in a run says where" 1 \
	'^worse +6\.1 watch +send +loaded +- +send +7\.0 ms +14\.0 ms +2\.00x$' '' \
	bench --compare "$tmp/run.json" "$tmp/slow.json"
kept=$(printf '%s\n' ../../bench/results/*.json | tail -n 1)
check "bench: the results that are kept, against themselves" 0 '0 worse' \
	'^(worse|better|gone)' bench --compare "$kept" "$kept"
[[ $counting ]] || jq 'del(.parts[1])' "$tmp/run.json" >"$tmp/part.json"
check "bench: a part that is not there any more" 1 '^gone +7\.3 node' \
	'^gone +6\.1' bench --compare "$tmp/run.json" "$tmp/part.json"
check "bench: a run against a result" 1 'one is a run of make bench' '' \
	bench --compare "$tmp/run.json" "$costs"
[[ $counting ]] || jq 'del(.parts[1].result.rows)' "$tmp/run.json" \
	>"$tmp/part.json"
check "bench: a run with a broken part" 1 'broken: a part is missing' '' \
	bench --from "$tmp/part.json"
[[ $counting ]] || jq '.rows = []' "$costs" >"$tmp/none.json"
check "bench: nothing measured" 1 'nothing could be measured' '' \
	bench --from "$tmp/none.json"

check "bench: a file that is not there" 1 'nosuch: No such file' '' \
	bench --from nosuch
[[ $counting ]] || jq '.bench = 2' "$costs" >"$tmp/format.json"
check "bench: an unknown format" 5 'unknown format' '' \
	bench --from "$tmp/format.json"
[[ $counting ]] || jq 'del(.rows)' "$costs" >"$tmp/cut.json"
check "bench: a part is missing" 1 'broken: a part is missing' '' \
	bench --from "$tmp/cut.json"
[[ $counting ]] || jq '.rows[0] = 3' "$costs" >"$tmp/odd.json"
check "bench: a row that is none" 1 'broken' '' bench --from "$tmp/odd.json"
for json in '' '[]' 'null' '{' '{}'; do
	[[ $counting ]] || echo "$json" >"$tmp/odd.json"
	case $json in '{}') want=5 ;; *) want=1 ;; esac
	check "bench: odd JSON '$json'" $want 'not JSON|unknown format' '' \
		bench --from "$tmp/odd.json"
done
