# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# engine.sh sets what is read here; variables in single quotes are those of jq.
# shellcheck disable=SC2154,SC2016
#
# `timeline` of recordings, and what `record` refuses before it records. That
# phases are the right ones is for phases_test, of made-up events; that what
# happens gets into a recording, for the lab.
#
# client.rec is of stock 6.1 in the lab: vfio_client with an nvme and 4 MiB of
# hugetlb 2M.

recordings=$PWD/recordings

# Each node is the sum of its parts, and the whole the wall time.
adds_up='def adds: if has("parts") then .ns == ([.parts[].ns] | add // 0) and
	all(.parts[]; adds) else true end;
	.wall_ns == ([.phases[].ns] | add) and all(.phases[]; adds)'

# node PHASE...: the one with these names, from the outermost on.
node='def node($names): reduce $names[] as $name ({parts: .phases};
	first(.parts[] | select(.phase == $name)));'

json "timeline: adds up" "$adds_up" timeline --json "$recordings/client.rec"
json "timeline: groups, in their order" \
	'[.phases[].phase] == ["devices", "mapping", "unmapping", "vmm", "ending", "not-seen"]' \
	timeline --json "$recordings/client.rec"
json "timeline: all of a start" "$node"'
	.process.exec_seen and .process.exit_seen and .recording.end == "exit" and
	.recording.exit_code == 0 and .recording.lost_events == 0 and
	node(["mapping", "pin"]).calls >= 1 and
	node(["mapping", "map"]).bytes - node(["mapping", "rest"]).bytes == 8192 and
	([.phases[0].parts[] | select(.device == "0000:00:04.0").parts[] |
		select(.phase == "flr").ns] | add) >= 200000000 and
	node(["unmapping", "walk"]).ns > 0 and node(["vmm", "on-cpu"]).ns > 0 and
	node(["not-seen"]).ns == 0' timeline --json "$recordings/client.rec"
json "timeline: regions, the longest first" \
	'(.regions | length > 1) and ([.regions[].ns] | . == (sort | reverse)) and
	all(.regions[] | select(.request == "map"); .pin_ns + .map_ns <= .ns)' \
	timeline --json "$recordings/client.rec"
json "timeline: --limit" '(.regions | length) == 1 and .left_out > 0' \
	timeline --json --limit 1 "$recordings/client.rec"
json "timeline: --all" '(.regions | length) > 1 and .left_out == 0' \
	timeline --json --all "$recordings/client.rec"
json "timeline: host, kernel, versions, clocks" \
	'.recording | .host and .kernel and .version and .time and
	.wall_clock_ns > 1600000000000000000' \
	timeline --json "$recordings/client.rec"
check "timeline: the sentence" 0 \
	'^[a-z_]+ \([0-9]+\): .* from exec to exit: .* mapping memory, .* rest of the VMM' \
	'' timeline "$recordings/client.rec"
check "timeline: the tree" 0 '^  pin [a-z0-9_]+ +[0-9.]+ (s|ms|us) +[0-9.]+ % +[0-9]+ .* [.#-]{24}$' \
	'' timeline "$recordings/client.rec"

# 80 columns hold all of it.
in_80_columns() {
	COLUMNS=80 "$IOVASCOPE" timeline "$recordings/client.rec" |
		sed '/^Recorded on/d; /^Not known/d; 1d' | awk 'length > 80' |
		(! grep .)
}
verify "timeline: fits into 80 columns" in_80_columns

# What recorded it was killed: the rest is there, and it is said what is not.
cut=$tmp/cut.rec
cut_by() {
	[[ $counting ]] ||
		head -c -"$1" "$recordings/client.rec" >"$cut"
}
cut_by 1
json "timeline: without an end" "$adds_up and .recording.end == \"cut\" and
	any(.missing[]; test(\"cut off\"))" timeline --json "$cut"
check "timeline: without an end it says so" 0 '^Not known: how it ended' \
	'to exit' timeline "$cut"
[[ $counting ]] || head -c 200 "$recordings/client.rec" >"$cut"
check "timeline: nothing of it is there" 5 'cut off before anything' '' \
	timeline "$cut"
[[ $counting ]] || : >"$cut"
check "timeline: an empty file" 5 'not a recording' '' timeline "$cut"
check "timeline: something else" 5 'not a recording' '' \
	timeline "$recorded/info"
check "timeline: no such file" 1 'nosuch: No such file' '' timeline nosuch
check "timeline: a directory" 1 'Is a directory' '' timeline "$tmp"
check "timeline: no file" 2 'needs one file' '' timeline
check "timeline: two files" 2 'needs one file' '' timeline a b
json "timeline: of another process there is nothing but time" \
	"$adds_up and .process.pid == 1 and .regions == []" \
	timeline --json --pid 1 "$recordings/client.rec"

# What the trace-event format asks of each kind of event; and in a track calls
# are either in one another or one after the other.
well_formed='(.traceEvents | length) > 5 and
	all(.traceEvents[]; (.name | type) == "string" and (.pid | type) == "number" and
		if .ph == "X" then .ts >= 0 and .dur > 0 and (.tid | type) == "number"
		elif .ph == "C" then .ts >= 0 and (.args.bytes | type) == "number"
		elif .ph == "M" then .name == "process_name" or .name == "thread_name"
		else .ph == "i" end) and
	([.traceEvents[] | select(.ph == "X")] | group_by([.pid, .tid]) | all(.[];
		(sort_by(.ts, -.dur) | reduce .[] as $call ({open: [], good: true};
			.open |= map(select(. > $call.ts + 0.0005)) |
			.good = (.good and
				all(.open[]; . + 0.0015 >= $call.ts + $call.dur)) |
			.open += [$call.ts + $call.dur]) | .good)))'
perfetto() {
	"$IOVASCOPE" timeline --perfetto "$tmp/trace.json" \
		"$recordings/client.rec" >"$tmp/text" &&
		diff "$tmp/text" <("$IOVASCOPE" timeline "$recordings/client.rec") &&
		jq -e "$well_formed" "$tmp/trace.json"
}
verify "timeline --perfetto: is what that format asks for" perfetto
# Mapped and unmapped again, request by request.
perfetto_counts() {
	jq -e '[.traceEvents[] | select(.ph == "C").args.bytes] |
		max > 0 and .[-1] == 0' "$tmp/trace.json" &&
		jq -e --slurpfile timeline <("$IOVASCOPE" timeline --json \
			"$recordings/client.rec") '
			([.traceEvents[] | select(.ph == "X" and .name == "pin" and
				.cat == "vfio")] | length) ==
			([$timeline[0].phases[1].parts[] |
				select(.phase == "pin").calls] | add)' "$tmp/trace.json"
}
verify "timeline --perfetto: counts what is mapped" perfetto_counts
check "timeline --perfetto: a full disk" 1 '/dev/full: No space left' '' \
	timeline --perfetto /dev/full "$recordings/client.rec"
check "timeline --perfetto: no such folder" 1 'nosuch/x: No such file' '' \
	timeline --perfetto nosuch/x "$recordings/client.rec"

# A page that needs nothing but itself, says what the text says, and is well
# formed: each element that is opened is closed, in its order.
page=$tmp/start.html
check "report: the sentence" 0 ' from exec to exit: .* mapping memory' '' \
	report --file "$page" "$recordings/client.rec"
json "report --json: as timeline" '.wall_ns > 0 and (.phases | length) == 6' \
	report --json --file "$page" "$recordings/client.rec"
page_stands_alone() {
	! grep -iE 'https?:|url\(|<script|<link|<img|@import' "$page"
}
page_is_well_formed() {
	/usr/bin/python3 - "$page" <<-'END'
		import html.parser, sys
		class Page(html.parser.HTMLParser):
		    open, rows, empty = [], 0, ("meta", "rect")
		    def handle_starttag(self, tag, attrs):
		        self.rows += tag == "tr"
		        if tag not in self.empty:
		            self.open.append(tag)
		    def handle_startendtag(self, tag, attrs):
		        assert tag in self.empty, tag
		    def handle_endtag(self, tag):
		        assert self.open.pop() == tag, tag
		page = Page()
		page.feed(open(sys.argv[1], encoding="utf-8").read())
		assert not page.open, page.open
		assert page.rows > 10, page.rows
	END
}
# Who cannot see the bar hears it, and every time of the tree is in the table.
page_has_all() {
	local time

	grep -q 'role="img" aria-label="[^"]*mapping memory: [0-9.]* %' "$page" &&
		grep -q '<html lang="en">' "$page" || return
	for time in $("$IOVASCOPE" timeline "$recordings/client.rec" |
		sed -n '/^PHASE/,/^$/s/.* \([0-9.]* \(s\|ms\|us\)\) .*/\1/p' |
		tr ' ' _); do
		grep -qF "<td>${time/_/ }</td>" "$page" || {
			echo "$time is not there"
			return 1
		}
	done
}
verify "report: stands alone" page_stands_alone
verify "report: is well formed" page_is_well_formed
verify "report: has all" page_has_all
check "report: a full disk" 1 '/dev/full: No space left' '' \
	report --file /dev/full "$recordings/client.rec"
check "report: no file" 2 'report needs one file' '' report

# ---- why --start of a recording ----
# The same seconds as those of the timeline; nothing is left over.
json "why --start: of a recording, all of its seconds" '
	.question == "start" and .fix_needed == false and
	.wall_ns == .total_ns + .outside_ns + .not_seen_ns and
	.wall_ns == ([.phases[]] | add) and .not_seen_ns == 0 and
	.target.devices == ["0000:00:04.0"] and .recording.end == "exit" and
	.backings.hugetlb_2m.bytes == 4194304 and
	(.causes[] | select(.cause == "device-reset") |
		.ns > 200000000 and .fixable == false)' \
	why --start "$recordings/client.rec" --json
check "why --start: of a recording, in one sentence" 0 \
	'^Nothing to fix in VFIO: vfio_client \(138\) took 1\.0 s from exec to exit: 266\.7 ms in VFIO and 753\.7 ms outside of it \(73\.9 %\)\.$' \
	'' why --start "$recordings/client.rec"
cut_by 1
json "why --start: of one that is cut off" '.fix_needed == false and
	.recording.end == "cut" and (.answer | test("not whole \\(cut\\)") and
		(test("othing to fix") | not) and test("may have more")) and
	any(.missing[]; test("cut off"))' why --start "$cut" --json
[[ $counting ]] || head -c 200 "$recordings/client.rec" >"$cut"
check "why --start: nothing of it is there" 5 'cut off before anything' '' \
	why --start "$cut"
check "why --start: something else" 5 'not a recording' '' \
	why --start "$recorded/info"
check "why --start: neither a process nor a file" 2 \
	'^iovascope: x: neither a PID nor a recording: No such file' '' \
	why --start x
for word in '' 0 -1 99999999999999999999; do
	check "why --start: '$word'" 2 'not a positive number' '' \
		why --start "$word"
done
check "why --start: a recording and a snapshot" 2 'does not take --input' '' \
	why --start "$recordings/client.rec" --input x
check "why --start: a recording, and 2m" 2 'does not take --want' '' \
	why --start "$recordings/client.rec" --want 2m

# ---- why --end ----
json "why --end: from the unmap to the exit" '
	.question == "end" and .fix_needed == false and .began_with == "unmap" and
	.wall_ns == ([.phases[]] | add) and .wall_ns > 150000000 and
	.wall_ns < 250000000 and .memory_free_ns < 5000000 and
	.devices_free_ns > 100000000 and .devices_free_ns <= .wall_ns and
	.phases.walk_ns > 0 and .phases.flr_ns > 100000000 and
	(.phases | has("pin_ns") or has("enable_ns") | not) and
	.causes[0].cause == "device-reset"' why --end "$recordings/client.rec" --json
check "why --end: in one sentence" 0 \
	'^Nothing to fix: the end of vfio_client \(138\) took 185\.8 ms from its unmap on, devices free after 150\.8 ms, memory unpinned after 1\.0 ms; 105\.7 ms of it was flr\.$' \
	'' why --end "$recordings/client.rec"
cut_by 1
json "why --end: of one that is cut off behind it" '.fix_needed == false and
	(.answer | test("not whole \\(cut\\): the end of") and
		(test("othing to fix") | not))' why --end "$cut" --json
[[ $counting ]] || head -c 30000 "$recordings/client.rec" >"$cut"
json "why --end: of one that does not have it" '.fix_needed == false and
	(.answer | test("^Not known: the end of .* is not in the recording")) and
	(has("wall_ns") or has("phases") | not) and
	any(.missing[]; test("how it ended, and what held"))' \
	why --end "$cut" --json
check "why --end: a process" 1 '4242: No such file' '' why --end 4242
check "why --end: something else" 5 'not a recording' '' \
	why --end "$recorded/info"
check "why --end: and --start" 2 'neither --want nor --start' '' \
	why --end "$recordings/client.rec" --start 4242
check "why --end: and a process" 2 'no other argument' '' \
	why --end "$recordings/client.rec" 4242

check "record: what" 2 'record what\?' '' record
check "record: a command and a process" 2 'not both' '' \
	record --pid 1 -- true
for word in 0 -1 x '' 1e9; do
	check "record: duration '$word'" 2 'not a number of seconds' '' \
		record --duration "$word"
done
for word in 0 -1 x '' 5X 5MM 99999999999999999999 9999999999999T; do
	check "record: bytes '$word'" 2 'not a size' '' \
		record --bytes "$word" --pid 1
done
check "record: no such process" 2 '^iovascope: 4194304: no such process' '' \
	record --file "$tmp/none.rec" --pid 4194304
verify "record: and no file" test ! -e "$tmp/none.rec"
check "record: --next and a process" 2 'one of them' '' \
	record --next qemu --pid 1
check "record: --next and a command" 2 'one of them' '' \
	record --next qemu -- true
check "record: --next with a name that no process has" 2 \
	'has 18 characters, and the kernel keeps 15 .* try --next qemu-system-x86$' \
	'' record --next qemu-system-x86_64
for word in '' /usr/bin/qemu 'a"b' $'a\nb'; do
	check "record: --next '${word//$'\n'/ }'" 2 'not the name of a process' '' \
		record --next "$word"
done
check "record: no module" 3 'load the module' '' \
	record --debugfs /nonexistent --file "$tmp/none.rec" -- true
check "record --json: there is none" 2 'record does not take --json' '' \
	record --json -- true

# Where there are no libraries for it, or older ones, the tool is built without.
builds_without() {
	local tools=$PWD/../../../tools out=$tmp/without

	mkdir -p "$out"
	printf '%s\n' '#!/bin/sh' 'case "$*" in' '*libtrace*) exit 1 ;; esac' \
		'exec pkg-config "$@"' >"$out/pkg-config"
	chmod +x "$out/pkg-config"
	make -n -C "$tools" O="$out" PKG_CONFIG="$out/pkg-config" all \
		>"$out/plan" || return
	grep -q 'without record and timeline' "$out/plan" &&
		grep -q ' record/without\.c$' "$out/plan" &&
		! grep -q 'record/ring\|-ltrace' "$out/plan" || return
	# It has all that the others have that is asked for.
	gcc -std=gnu11 -D_GNU_SOURCE -I"$tools" -c -Wall -Wextra -Werror \
		-Wmissing-prototypes -o "$out/without.o" \
		"$tools/record/without.c" &&
		diff <(nm "$out/without.o" | sed -n 's/.* T //p') \
			<(printf '%s\n' read_difference read_recorded_end \
				read_recorded_start read_report \
				read_timeline run_record text_difference \
				text_report text_timeline)
}
if have "record: a tool without it" gcc; then
	verify "record: a tool without it" builds_without
fi
