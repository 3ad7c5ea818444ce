# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# What programs are told in JSON, and the arithmetic behind it.

# Does the JSON say what the file says, a line a key?
counters_agree() {
	sed -n '2,$ s/ /=/p' "$tree/counters" | sort >"$tmp/file"
	jq -r '.counters | to_entries[] | "\(.key)=\(.value)"' "$tmp/out" |
		sort >"$tmp/json"
	[[ -s $tmp/file ]] && diff "$tmp/file" "$tmp/json"
}

json "counters: the format is told" '.format == 1' counters --json
verify "counters: each key and value of the file, and no other" \
	counters_agree
json "counters: numbers are integers" \
	'[.counters[] | type == "number" and . == floor] | all' counters -j
json "domains: as in the file" \
	'.domains["5"] | .exact == false and .inexact == ["older", "missed"]
	 and .devices == ["0000:5e:00.0"] and .pid == 5151
	 and .live_2m_leaves == 1024 and .groups == [21]
	 and (has("group") | not)' domains --json
json "domains: several groups" '.domains["3"].groups == [17, 18]' domains -j
json "snapshot: what is read again stays as it is" \
	'.domains["3"] | .exact == 1 and .group == "17,18"' snapshot --json
json "domains: an empty list" '.domains["3"].inexact == []' --json domains
json "processes: escapes undone" \
	'.processes["2"] | .comm == "CPU 0/KVM" and .alive == false' \
	processes --json
json "inflight: iova is a number" \
	'.inflight["4301.1"] | .iova == 68719476736 and .op == "pin"' \
	inflight --json
json "inflight: oldest first" \
	'[.inflight[].age_ns] == ([.inflight[].age_ns] | sort | reverse)' \
	inflight --json
json "hist: as in the file" \
	'.hist.pin_hugetlb_1g_duration_ns
	 == {"16777216": 16, "33554432": 32, "67108864": 16}' hist --json
json "probes: as in the file" \
	'.probes.pin | .missed == 2 and .feeds == ["pin"]' probes --json
json "errors: as in the file" '.errors.pin == {"12": 1}' errors --json
json "schema: as in the file" \
	'.schema.pin_ns | .unit == "ns" and .kind == "counter"
	 and .in == ["counters", "processes"]' schema --json
json "one key" '.counters | keys == ["pin_ns"]' counters --json pin_ns

json "show: live is the sum over VFIO's domains" \
	'([.domains[] | select(.backend != "none") | .live_bytes] | add)
	 == .live.live_bytes and .live.domains == 2
	 and .live.inexact_domains == 1' show --json
json "show: leaves make up the bytes" \
	'.live | .live_bytes == .live_4k_bytes + .live_2m_bytes
	 + .live_1g_bytes' show --json
json "show: a total is the sum over backings" \
	'[.cost[] | select(length > 1)
	  | .total.ns == ([to_entries[] | select(.key != "total").value.ns]
			  | add)] | length == 3 and all' show --json
json "show: every operation is there" \
	'.cost | keys == ["map", "pin", "region_map", "region_unmap",
			  "teardown", "unmap", "unpin"]' show --json
json "show: the walk" \
	'.teardown | .walk_ns == .ns - .unmap_ns - .unpin_ns' show --json
json "show: quality" \
	'.quality | .probe_missed_calls == 3 and .self_ns == 412000000
	 and (.inexact | keys == ["5"]) and (.blind | keys == ["teardown"])' \
	show --json
json "show --pid: one process's sums" \
	'.cost.region_map.total.bytes == .processes["1"].region_map_bytes
	 and (.processes | length == 1) and (.domains | keys == ["3"])' \
	show --json --pid 4242
json "snapshot: all sections" \
	'keys == ["counters", "domains", "errors", "format", "hist",
		  "inflight", "info", "probes", "processes",
		  "refusals", "refused", "schema", "units"]' snapshot

tree=$PWD/trees/lab
json "lab: leaves added and not removed are live" \
	'.domains | length == 2 and all(
		.added_1g_leaves - .removed_1g_leaves == .live_1g_leaves
		and .added_4k_leaves - .removed_4k_leaves == .live_4k_leaves)' \
	domains --json
json "lab: what is pinned and not unpinned is live" \
	'(.cost.pin.total.bytes - .cost.unpin.total.bytes) == .live.live_bytes' \
	show --json
json "lab: the host's calls are those of its processes" \
	'.counters.pin_calls == ([.processes[].pin_calls] | add)' snapshot
json "lab: every key is in the schema" \
	'([.counters | keys[]] - (.schema | keys)) == []' snapshot

# The larger half of what a u64 holds, which jq cannot represent.
new_tree huge
[[ $counting ]] ||
	sed -i -E 's/^(pin_ns|unpin_ns|teardown_ns|self_ns) .*/\1 18446744073709551615/
		s/ (live_bytes|pin_ns|map_ns)=[0-9]+/ \1=18446744073709551615/g' \
		"$tree"/counters "$tree"/domains "$tree"/processes
check "2^64-1 in JSON" 0 '"pin_ns": 18446744073709551615' '-|e\+' \
	counters --json
check "2^64-1 in text" 0 '^pin_ns +5124095\.6 h$' '-' counters 'pin_*'
check "2^64-1 does not wrap in a sum" 0 '^~16384\.0 PiB mapped' '' show
check "2^64-1 in Prometheus" 0 \
	'^iovascope_self_seconds_total 18446744073\.709551615$' '' metrics
[[ $counting ]] || sed -i 's/^pin_ns .*/pin_ns 18446744073709551616/' \
	"$tree/counters"
check "2^64 is refused" 1 'counters: broken' '' counters

# What a later module counts needs no change here.
new_tree newer
if [[ -z $counting ]]; then
	cat >>"$tree/schema" <<-END
		frobs_calls in=counters kind=counter unit=calls help=frobs
		live_512g_leaves in=domains kind=gauge unit=leaves help=big
	END
	cat >>"$tree/counters" <<-END
		frobs_calls 7
		census_calls 2
		census_bytes 8192
		census_ns 500
		pin_dmabuf_calls 3
		pin_dmabuf_bytes 4096
		pin_dmabuf_ns 77
	END
	sed -i '2 s/$/ live_512g_leaves=4 shape=round/' "$tree/domains"
	echo "colour blue" >>"$tree/info"
fi
check "a new counter in text" 0 '^frobs_calls +7$' '' counters
json "a new counter in JSON" '.counters.frobs_calls == 7' counters --json
check "a new counter in Prometheus" 0 '^iovascope_frobs_calls_total 7$' '' \
	metrics
check "a new gauge of domains in Prometheus" 0 \
	'^iovascope_domain_live_leaves\{domain="3",leaf="512g"\} 4$' '' metrics
check "a new operation has a cost" 0 '^census +2 +- +8\.0 KiB .* 250$' '' show
check "a new backing has a cost" 0 '^  dmabuf +3 +- +4\.0 KiB .* 77\.0$' '' show
json "a new word in JSON" '.domains["3"].shape == "round"' domains --json

# A process may be called 123, or have a name that is no UTF-8.
new_tree words
if [[ -z $counting ]]; then
	sed -i 's/comm=qemu-system-x86/comm=123/' "$tree/processes"
	printf '77 pid=7 comm=\\377\\303\\251" alive=1\n' >>"$tree/processes"
fi
json "a name of digits stays a string" '.processes["1"].comm == "123"' \
	processes --json
json "a name that is no UTF-8 is still JSON" \
	'.processes["77"].comm == "\ufffdé\""' processes --json
