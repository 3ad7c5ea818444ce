# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# engine.sh sets what is read here; variables in single quotes are those of jq.
# shellcheck disable=SC2154,SC2016
#
# `diff` of two recordings: made-up ones of a VM whose memory was in 4K pages and
# is in 1G pages, with BARs that take as long as before, on another kernel.

client=$PWD/recordings/client.rec

# made_up NAME PID SECONDS BACKING TOOK
made_up() {
	jq -n --argjson pid "$2" --argjson seconds "$3" --argjson backing "$4" \
		--argjson took "$5" '{pid: $pid, command: ["qemu", "-m", "64G"],
		wall: 1763654705, seconds: $seconds, maps: [
			{at: 1, took: $took, bytes: 68719476736,
				backing: $backing},
			{at: 30, took: 3, bytes: 137438953472, backing: 4}]}' |
		./make_recording.py "$client" "$tmp/$1.rec"
}
if [[ -z $counting ]]; then
	made_up before 77 60 0 24
	made_up after 4242 41 3 2
fi
pair=("$tmp/before.rec" "$tmp/after.rec")

# Each change is the sum of those of its parts, and the whole that of the wall.
sums='def sums($key): if has("parts") then .ns[$key] ==
		([.parts[].ns[$key]] | add // 0) and all(.parts[]; sums($key))
	else true end;
	. as $all | all("before", "after"; . as $key | $all |
		.wall_ns[$key] == ([.phases[].ns[$key]] | add) and
		all(.phases[]; sums($key)))'

json "diff of recordings: adds up" "$sums" diff --json "${pair[@]}"
json "diff of recordings: by phase and backing" \
	'.wall_ns == {before: 60000000000, after: 41000000000} and
	(.phases[] | select(.phase == "mapping") |
		.ns == {before: 27000000000, after: 5000000000} and
		(.parts | map(select(.phase == "pin") | {(.backing): .calls}) |
			add) == {base: {before: 1, after: 0},
				hugetlb_1g: {before: 0, after: 1}} and
		(.parts[] | select(.phase == "lookup").ns |
			.before == .after))' diff --json "${pair[@]}"
json "diff of recordings: by role, not by PID" \
	'.before.process.pid == 77 and .after.process.pid == 4242 and
	.differs == []' diff --json "${pair[@]}"
check "diff of recordings: the sentence" 0 \
	'^60\.0 s -> 41\.0 s \(-19\.0 s\): mapping memory -22\.0 s, rest of the VMM \+3\.0 s\.$' \
	'' diff "${pair[@]}"
check "diff of recordings: a row" 0 \
	'^  pin base +1 -> 0 +24\.0 s +0 ns +-24\.0 s$' 'Not the same' \
	diff "${pair[@]}"
check "diff of recordings: what takes as long" 0 \
	'^  lookup +1 +3\.0 s +3\.0 s +-$' '' diff "${pair[@]}"
check "diff of recordings: the other way round" 0 \
	'^41\.0 s -> 60\.0 s \(\+19\.0 s\)' '' diff "${pair[1]}" "${pair[0]}"
check "diff of recordings: the same twice" 0 '^60\.0 s -> 60\.0 s\.$' \
	'[-+][0-9]' diff "${pair[0]}" "${pair[0]}"
json "diff of recordings: by device" \
	"$sums"' and (.phases[] | select(.phase == "devices").parts[] |
		select(.device == "0000:00:04.0").parts[] |
		select(.phase == "flr") | .ns.before == 0 and
		.ns.after >= 200000000 and .calls == {before: 0, after: 2})' \
	diff --json "${pair[0]}" "$client"
check "diff of recordings: what else is not the same" 0 \
	'^Not the same, command: qemu -m 64G before, \./vfio_client --device nvme' \
	'' diff "${pair[0]}" "$client"
check "diff of recordings: another kernel" 0 \
	'^Not the same, kernel: 0 before, 6\.1\.0' '' diff "${pair[0]}" "$client"
fits_80_columns() {
	COLUMNS=80 "$IOVASCOPE" diff "${pair[0]}" "$client" |
		sed -n '/^PHASE/,/^Before/p' | sed '$d' | awk 'length > 80' |
		(! grep .)
}
verify "diff of recordings: fits into 80 columns" fits_80_columns

# One that is cut off is compared, and it is said; one of which nothing is left
# is not.
if [[ -z $counting ]]; then
	head -c -1 "${pair[1]}" >"$tmp/cut-short.rec"
	head -c 100 "${pair[1]}" >"$tmp/cut-off.rec"
	"$IOVASCOPE" snapshot --debugfs "$recorded" >"$tmp/kind.json"
fi
check "diff of recordings: one is cut short" 0 \
	'^After, not known: how it ended: the file is cut off' '' \
	diff "${pair[0]}" "$tmp/cut-short.rec"
check "diff of recordings: nothing of one is there" 5 'cut-off.rec: it is cut off' \
	'' diff "${pair[0]}" "$tmp/cut-off.rec"
check "diff: a recording and a snapshot" 1 \
	'before\.rec is a recording, .*kind\.json is none: two of one kind' '' \
	diff "${pair[0]}" "$tmp/kind.json"
check "diff: a snapshot and a recording" 1 \
	'before\.rec is a recording, .*kind\.json is none: two of one kind' '' \
	diff "$tmp/kind.json" "${pair[0]}"
check "diff: two snapshots as ever" 0 '^In 0 ns' '' \
	diff "$tmp/kind.json" "$tmp/kind.json"
check "diff of recordings: no command" 2 "takes no command: 'hist'" '' \
	diff "${pair[@]}" hist
check "diff of recordings: no PID" 2 'diff does not take --pid' '' \
	diff --pid 77 "${pair[@]}"
check "diff of recordings: no rows to be chosen from" 2 \
	'diff does not take --sort' '' diff --sort calls "${pair[@]}"
