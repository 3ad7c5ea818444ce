# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# engine.sh sets what is read here; variables in single quotes are those of jq.
# shellcheck disable=SC2154,SC2016
#
# `timeline --merge` and `report --merge`: a log on the clock of a recording.
#
# seed-*.log are from the boot of a VM with seven H100, shortened: as
# https://github.com/LandonTClipp has published it. The recording that goes with
# them is made up: the guest's kernel begins 2 s after QEMU, and a BAR's map,
# which takes 3.17 s, begins up to 6 ms after each line that enables a device.

recordings=$PWD/recordings
console=$recordings/seed-console.log

# maps AT...: of a BAR of 128 GiB each, behind one of memory.
maps() {
	jq -n --args '[{at: 0.4, took: 1.5, bytes: 68719476736, backing: 3}] +
		[$ARGS.positional[] | {at: tonumber, took: 3.17,
			bytes: 137438953472, backing: 4}]' "$@"
}
# recording NAME WALL SECONDS MAPS
recording() {
	jq -n --argjson maps "$4" --arg wall "$2" --arg seconds "$3" '{pid: 77,
		command: ["/usr/bin/qemu-system-x86_64"], wall: $wall | tonumber,
		seconds: $seconds | tonumber, maps: $maps}' |
		./make_recording.py "$recordings/client.rec" "$tmp/$1.rec"
}
if [[ -z $counting ]]; then
	# Its kernel's 8.187528 is just before 16:05:15.712333, by its agent.
	began=$(date -d 2025-11-20T16:05:05Z +%s).5248
	recording seed "$began" 100 "$(maps 13.722284 17.141841 20.536911 \
		24.038357 27.722357 30.919995 34.132338)"
	recording host "$(date -d 2025-11-20T16:25:02Z +%s)" 60 "$(maps)"
	recording later "$(date -d 2025-11-20T17:25:00Z +%s)" 90 "$(maps)"
	recording bare "$began" 100 "$(maps)"
fi

seven='[.log.lines[] | select(.text | test("enabling device"))] |
	length == 7 and all(.[]; .during.backing == "mmio" and
		.during.request == "map" and .during.bytes == 137438953472)'
json "merge: seven devices are enabled, seven BARs are mapped" "$seven" \
	timeline --json --merge "$console" "$tmp/seed.rec"
json "merge: the offset, from them, and how sure" \
	'.log.clocks[] | select(.clock == "guest-boot") | .how == "bars" and
	.sure == "certain" and .fits == 7 and .bars == 7 and .next_fits < 6 and
	.within_ns <= 6000000 and (.began_ns - 2003000000 | fabs) < 3000000' \
	timeline --json --merge "$console" "$tmp/seed.rec"
json "merge: the guest's kernel and its agent, in one order" \
	'([.log.lines[].at_ns] | . == sort) and
	([.log.lines[] | select(.text | test("CDI")) | .at_ns / 1e9 | round] ==
		[10, 92])' timeline --json --merge "$console" "$tmp/seed.rec"
json "merge: lines are notable, --all has all" \
	'(.log.lines | length) == .log.read and .log.left_out == 0 and
	([.log.lines[] | select(.notable)] | length) < .log.read' \
	timeline --json --all --merge "$console" "$tmp/seed.rec"
json "merge: --limit" '(.log.lines | length) == 3 and .log.left_out > 3' \
	timeline --json --limit 3 --merge "$console" "$tmp/seed.rec"
check "merge: text, a line" 0 \
	'^13\.7 s +[0-9.]+ s map 128\.0 GiB BAR +nvidia 0000:02:00\.0: enabling' '' \
	timeline -m "$console" "$tmp/seed.rec"
check "merge: text, what the offset is from" 0 \
	"^The guest's \[seconds\] began at 2\.0 s: from the BARs that were mapped; certain, within [0-9.]+ ms; 7 of 7 'enabling device' lines" \
	'' timeline -m "$console" "$tmp/seed.rec"
in_80_columns() {
	COLUMNS=80 "$IOVASCOPE" timeline -m "$console" "$tmp/seed.rec" |
		sed -n '/^AT /,/^The/p' | sed '$d; s|…|.|g' | awk 'length > 80' |
		(! grep .)
}
verify "merge: fits into 80 columns" in_80_columns
json "merge: without it there is no log" 'has("log") | not' \
	timeline --json "$tmp/seed.rec"

# What was measured by hand on the host: two lines of the guest, and two of the
# pins, which began 3.221309 s after each other. Its first was at 18.466861.
[[ $counting ]] || recording second "$(date -d 2025-11-20T17:55:54Z +%s)" 150 \
	"$(maps 24.466861384 27.688170596 45.269298767)"
json "merge: as it was measured by hand" \
	'(.log.clocks[] | select(.clock == "guest-boot") | .how == "bars" and
		.sure == "likely" and .fits == 2 and .within_ns < 2000000) and
	([.log.lines[] | select(.text | test("enabling")).during.bytes] ==
		[137438953472, 137438953472]) and
	(.log.lines[] | select(.text | test("CDI|\"bind")) | .at_ns > 27e9)' \
	timeline --json --all --merge "$recordings/seed-console-2.log" \
	"$tmp/second.rec"

# The guest's clock is 13 ms ahead of the host that reads its console.
json "merge: containerd's line has both clocks" \
	'(.log.clocks == [{clock: "guest", lines: 1, how: "both-clocks",
		sure: "certain", shift_ns: -13215572, within_ns: 0}]) and
	(.log.lines[0] | .at_ns == 30996810781 and
		.text == "policy check: StatsContainerRequest")' \
	timeline --json --all --merge "$recordings/seed-containerd.log" \
	"$tmp/host.rec"

# In containerd's log with what journalctl puts in front: the host reads each
# line of the kernel 20 ms or more after it was written.
as_containerd() {
	jq -Rr --arg began "$began" 'select(test("^\\[")) |
		(capture("^\\[ *(?<s>[0-9.]+)").s | tonumber) as $s |
		($began | tonumber) + 2.02 + $s + ($s % 3) / 100 |
		. as $t | floor | strftime("%Y-%m-%dT%H:%M:%S") + "." +
		($t * 1000 % 1000 + 1000 | floor | tostring | .[1:])' "$console" \
		>"$tmp/times"
	paste -d '|' "$tmp/times" <(grep '^\[' "$console") |
		while IFS='|' read -r time line; do
			printf '%s host containerd[1]: time="%sZ" level=debug msg="reading guest console" sandbox=%s vmconsole="%s"\n' \
				"${time%.*}+0000" "$time" "$1" "$line"
		done
}
[[ $counting ]] || as_containerd 38f55c4a >"$tmp/containerd.log"
json "merge: a journal with a guest's console" "$seven"' and true' \
	timeline --json --merge "$tmp/containerd.log" "$tmp/seed.rec"
json "merge: a console in a journal has both clocks" \
	'.log.clocks[0] | .clock == "guest-boot" and .how == "both-clocks" and
	.sure == "certain" and .fits == 7 and .within_ns <= 20000000 and
	(.began_ns - 2020000000 | fabs) < 2000000' \
	timeline --json --merge "$tmp/containerd.log" "$tmp/seed.rec"
# Nothing was mapped where it says so.
[[ $counting ]] || recording elsewhere "$began" 100 "$(maps 50 60.5 70 81)"
json "merge: BARs that are elsewhere make it a guess" \
	'.log.clocks[0] | .sure == "guess" and .fits == 0 and .bars == 7' \
	timeline --json --merge "$tmp/containerd.log" "$tmp/elsewhere.rec"
[[ $counting ]] || as_containerd 0123 | cat "$tmp/containerd.log" - \
	>"$tmp/guests.log"
check "merge: two guests in one log" 1 'grep sandbox=' '' \
	timeline --merge "$tmp/guests.log" "$tmp/seed.rec"

# The same two lines, one around the world, and one out of this time.
if [[ -z $counting ]]; then
	printf '%s\n' \
		'2025-11-20T17:05:10.5248+01:00 host qemu[9]: failed: one' \
		'2025-11-20T08:05:11-0800 host kernel: failed: 2' '-- Boot --' \
		'2025-11-20T16:00:00+0000 host systemd[1]: early' >"$tmp/iso.log"
	jq -nc --argjson us "${began%.*}524800" '
		{__REALTIME_TIMESTAMP: ($us + 5000000 | tostring),
			MESSAGE: "failed: one"},
		{__REALTIME_TIMESTAMP: ($us + 5475200 | tostring),
			MESSAGE: [102, 97, 105, 108, 101, 100, 58, 32, 50]},
		{__REALTIME_TIMESTAMP: "1", MESSAGE: null}, {other: 1}' \
		>"$tmp/json.log"
fi
two='(.log | .outside == 1 and .without_time == 1 and
	.clocks == [{clock: "host", lines: 2, how: "host-clock", sure: "certain",
		shift_ns: 0}] and
	[.lines[] | [.at_ns, .text]] == [[5000000000, "failed: one"],
		[5475200000, "failed: 2"]])'
json "merge: journalctl -o short-iso" "$two" \
	timeline --json --all --merge "$tmp/iso.log" "$tmp/seed.rec"
json "merge: journalctl -o json" "$two" \
	timeline --json --all --merge "$tmp/json.log" "$tmp/seed.rec"

json "merge: --offset tells" \
	'(.log.clocks[] | select(.clock == "guest-boot") | .how == "told" and
		.sure == "certain" and .began_ns == 2500000000 and .fits == 0) and
	(.log.lines[] | select(.text | test("enabling.*")) | .at_ns > 14.2e9)' \
	timeline --json --limit 9 --merge "$console" --offset 2.5 "$tmp/seed.rec"
json "merge: --offset of a guest that was there before" \
	'.log.clocks[0].began_ns == -1500000000 and .log.outside == 2' \
	timeline --json --merge "$console" --offset -1.5 "$tmp/seed.rec"
json "merge: --offset of a wall clock" \
	'.log.clocks[0] | .how == "told" and .shift_ns == 3600000000000' \
	timeline --json --merge "$recordings/seed-containerd.log" \
	--offset 3600 "$tmp/later.rec"
for word in x '' 1x nan 1e10; do
	check "merge: offset '$word'" 2 'not a number of seconds' '' \
		timeline --merge "$console" --offset "$word" "$tmp/seed.rec"
done
check "merge: --offset alone" 2 'takes --offset with --merge only' '' \
	timeline --offset 1 "$tmp/seed.rec"

# Without BARs: the agent's lines, and then nothing.
json "merge: the kernel's seconds from the agent's lines" \
	'.log.clocks[] | select(.clock == "guest-boot") |
	.how == "neighbours" and .sure == "guess" and
	(.began_ns - 2000000000 | fabs) < 1000000' \
	timeline --json --merge "$console" "$tmp/bare.rec"
[[ $counting ]] || grep '^\[' "$console" >"$tmp/kernel.log"
check "merge: nothing ties them" 1 'nothing ties its clock .*--offset SEC' '' \
	timeline --merge "$tmp/kernel.log" "$tmp/bare.rec"
check "merge: another day" 1 'all 1 are from before or after' '' \
	timeline --merge "$recordings/seed-containerd.log" "$tmp/seed.rec"

# Clocks that jump: a guest that begins anew, and a wall clock that is set.
if [[ -z $counting ]]; then
	{
		cat "$tmp/kernel.log"
		echo '[    0.000000] Linux version 6.1'
		echo '[   60.000000] Run /init as init process'
	} >"$tmp/twice.log"
	sed 's/16:05:42/15:05:42/' "$console" >"$tmp/jump.log"
fi
json "merge: a guest that begins anew has a clock of its own" \
	'[.log.clocks[] | [.clock, .how, .lines]] ==
		[["guest-boot", "bars", 23], ["guest-boot", "none", 2]] and
	.log.unplaced == 2' timeline --json --merge "$tmp/twice.log" "$tmp/seed.rec"
check "merge: it is said of which lines there is no time" 0 \
	'^2 lines whose clock nothing ties' '' \
	timeline --merge "$tmp/twice.log" "$tmp/seed.rec"
check "merge: a wall clock that goes back" 0 \
	'goes back 1 time, by .* at most' '' \
	timeline --merge "$tmp/jump.log" "$tmp/seed.rec"

# What is no log, or too much of one.
if [[ -z $counting ]]; then
	: >"$tmp/empty.log"
	head -c 100000 "$IOVASCOPE" >"$tmp/binary.log"
	gzip -c "$console" >"$tmp/gz.log"
	{
		sed '/11\.72/i\[   11.000000] \o33[31mred\o33[0m \o1 \o342\o200\o256' \
			"$console"
		printf '\0\0\377\n'
		head -c 1000000 /dev/zero | tr '\0' x
	} >"$tmp/dirty.log"
	{
		cat "$console"
		awk 'BEGIN { for (i = 0; i < 250000; i++)
			printf "[%12.6f] tick\n", 50 + i / 10000 }'
	} >"$tmp/long.log"
fi
check "merge: an empty log" 5 'no line has a time' '' \
	timeline --merge "$tmp/empty.log" "$tmp/seed.rec"
check "merge: a binary" 5 'no line has a time' '' \
	timeline --merge "$tmp/binary.log" "$tmp/seed.rec"
check "merge: packed" 5 'it is packed: `zcat` it' '' \
	timeline --merge "$tmp/gz.log" "$tmp/seed.rec"
check "merge: a recording" 5 'a recording is no log' '' \
	timeline --merge "$tmp/seed.rec" "$tmp/seed.rec"
check "merge: no such log" 1 'nosuch: No such file' '' \
	timeline --merge nosuch "$tmp/seed.rec"
check "merge: a directory" 1 'Is a directory' '' \
	timeline --merge "$tmp" "$tmp/seed.rec"
json "merge: nonsense in between" "$seven"' and true' \
	timeline --json --merge "$tmp/dirty.log" "$tmp/seed.rec"
check "merge: nothing of it commands a terminal" 0 ' red \? \?$' \
	$'\033|\001' timeline --all --merge "$tmp/dirty.log" "$tmp/seed.rec"
json "merge: more lines than are kept" \
	'.log.read == 250029 and .log.too_many == 50029 and
	(.log.lines | length) <= 40' \
	timeline --json --merge "$tmp/long.log" "$tmp/seed.rec"

# However much of it there is, there is an answer.
cut_anywhere() {
	local bytes rc

	for ((bytes = 0; bytes < $(stat -c %s "$console"); bytes += 89)); do
		head -c "$bytes" "$console" >"$tmp/cut.log"
		rc=0
		"$IOVASCOPE" timeline --merge "$tmp/cut.log" "$tmp/seed.rec" \
			>/dev/null 2>"$tmp/err" || rc=$?
		if ((rc != 0 && rc != 1 && rc != 5)) ||
			(($(wc -l <"$tmp/err") != !!rc)); then
			echo "$bytes bytes: exit $rc"
			return 1
		fi
	done
}
verify "merge: a log that is cut off anywhere" cut_anywhere

perfetto_has_lines() {
	"$IOVASCOPE" timeline --perfetto "$tmp/trace.json" --merge "$console" \
		"$tmp/seed.rec" >/dev/null &&
		jq -e --argjson lines "$(wc -l <"$console")" '
			[.traceEvents[] | select(.cat == "log")] |
			length == $lines and all(.[]; .ph == "i" and .s == "t" and
				.ts >= 0) and
			([.[] | select(.name | test("enabling"))] | length) == 7' \
			"$tmp/trace.json" &&
		jq -e '[.traceEvents[] | select(.name == "map request") |
			[.ts, .ts + .dur]] as $maps |
			[.traceEvents[] | select(.name | test("enabling")).ts] |
			all(.[]; . as $ts | any($maps[]; .[0] - 10000 < $ts and
				$ts < .[1]))' "$tmp/trace.json"
}
verify "merge: Perfetto has each line as a moment" perfetto_has_lines

merged_page=$tmp/merged.html
check "merge: report" 0 'from exec to exit' '' report --file "$merged_page" \
	--merge "$console" "$tmp/seed.rec"
json "merge: report --json" "$seven" report --json --file "$merged_page" \
	--merge "$console" "$tmp/seed.rec"
page_has_log() {
	(($(grep -c '<td>map 128.0 GiB BAR</td><td class="line">nvidia ' \
		"$merged_page") == 7)) &&
		grep -q "<li>The guest's \[seconds\] began at 2.0 s" \
			"$merged_page" &&
		"$IOVASCOPE" report --file "$tmp/unmerged.html" \
			"$tmp/seed.rec" && ! grep log "$tmp/unmerged.html"
}
verify "merge: the page has the log's table" page_has_log
