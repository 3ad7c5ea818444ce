# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# Two moments: `diff` of two snapshots and `watch` while the numbers change.
# Ten seconds after the recorded tree one more GiB has been pinned and a domain
# and a process have gone.

tree=$recorded
check "snapshot: the earlier" 0 '"now_ns": 4812000000000' '' snapshot
[[ $counting ]] || cp "$tmp/out" "$tmp/before.json"

new_tree later
if [[ -z $counting ]]; then
	sed -i 's/^now_ns .*/now_ns 4822000000000/' "$tree/info"
	sed -i 's/^pin_hugetlb_1g_calls 64/pin_hugetlb_1g_calls 65/
		s/^pin_calls 196167/pin_calls 196168/
		s/^pin_bytes .*/pin_bytes 95563022336/
		s/^pin_hugetlb_1g_bytes .*/pin_hugetlb_1g_bytes 69793218560/
		s/^pin_hugetlb_1g_ns .*/pin_hugetlb_1g_ns 2726297600/' \
		"$tree/counters"
	sed -i 's/33554432=32/33554432=33/' "$tree/hist"
	sed -i 's/^pin 12=1/pin 12=3 14=1/' "$tree/errors"
	sed -i '/^5 /d' "$tree/domains"
	sed -i '/^2 /d' "$tree/processes"
	sed -i '/^1 / s/ pin_calls=6167 / pin_calls=6168 /' "$tree/processes"
fi
check "snapshot: the later" 0 '"now_ns": 4822000000000' '' snapshot
[[ $counting ]] || cp "$tmp/out" "$tmp/after.json"
later=$tree

two=("$tmp/before.json" "$tmp/after.json")
check "diff: how long, and who has gone" 0 \
	'^In 10\.0 s, 1 domain gone, 1 process gone:$' '' diff "${two[@]}"
check "diff: what is live is the later" 0 '^64\.0 GiB mapped in 1 domain' '' \
	diff "${two[@]}"
# 41943040 ns for 262144 pages.
check "diff: cost of the difference" 0 \
	'^  hugetlb_1g +1 +0 +1\.0 GiB +41\.9 ms +- +160$' 'thp' \
	diff "${two[@]}"
check "diff: rates" 0 '^pin_hugetlb_1g_bytes +1\.0 GiB +102\.4 MiB/s$' \
	'^map_' diff "${two[@]}" counters
check "diff: time per time" 0 '^pin_hugetlb_1g_ns +41\.9 ms +0\.4 %$' '' \
	diff "${two[@]}" counters 'pin_*'
check "diff: errors" 0 '^pin +2 +ENOMEM' 'region_map' diff "${two[@]}" errors
json "diff: JSON" \
	'.interval_ns == 10000000000 and .counters.pin_calls == 1
	 and .counters.map_calls == 0 and (.counters | has("pin_max_ns") | not)
	 and .gone == {"domains": ["5"], "processes": ["2"]}' \
	diff "${two[@]}" --json counters
json "diff: histograms" \
	'.hist.pin_hugetlb_1g_duration_ns == {"33554432": 1}' \
	diff "${two[@]}" --json hist
json "diff: one process" \
	'.cost.pin.total.calls == 1 and (.processes | keys == ["1"])' \
	diff "${two[@]}" --json --pid 4242
check "diff: the same twice" 0 '^In 0 ns' '' diff "${two[0]}" "${two[0]}"
check "diff: the wrong way round" 1 'earlier snapshot must be given first' '' \
	diff "${two[1]}" "${two[0]}"
check "diff: a file that is not there" 1 'nosuch: No such file or directory' '' \
	diff nosuch "${two[0]}"
[[ $counting ]] || sed 's/"loaded_ns": 12/"loaded_ns": 13/' "${two[1]}" \
	>"$tmp/reloaded.json"
check "diff: another load of the module" 1 'loaded anew in between' '' \
	diff "${two[0]}" "$tmp/reloaded.json"
[[ $counting ]] || sed 's/"pin_calls": 196168/"pin_calls": 5/' "${two[1]}" \
	>"$tmp/back.json"
check "diff: counters that fell" 1 'pin_calls went backwards' '' \
	diff "${two[0]}" "$tmp/back.json"
[[ $counting ]] || sed 's/"format": 1/"format": 2/' "${two[1]}" \
	>"$tmp/format.json"
check "diff: unknown format" 5 'unknown format' '' \
	diff "${two[0]}" "$tmp/format.json"
# One of them is well-formed in every way but one.
for json in '' '[]' 'null' '{"format":1}' '{"format":1,"info":3}'; do
	[[ $counting ]] || echo "$json" >"$tmp/odd.json"
	case $json in *format*) want=1 ;; '{'*) want=5 ;; *) want=1 ;; esac
	check "diff: odd JSON '$json'" "$want" 'not JSON|broken section' '' \
		diff "$tmp/odd.json" "$tmp/odd.json"
done

# The tool reads through a link which is turned while it sleeps.
watch_turning() {
	tree=$tmp/current
	ln -sfn "$recorded" "$tree"
	(
		sleep 0.3
		ln -sfn "$later" "$tmp/turned"
		mv -T "$tmp/turned" "$tree"
	) &
	tool watch "$@"
	wait $!
}

watch_sees_change() {
	watch_turning -i 1 -n 1 counters pin_calls
	((rc == 0)) && grep -qE '^pin_calls +1 +0\.1/s$' "$tmp/out"
}

watch_one_process() {
	watch_turning -i 1 -n 1 --pid 4242 counters pin_calls
	((rc == 0)) && grep -qE '^pin_calls +1 ' "$tmp/out"
}

verify "watch: sees what changes" watch_sees_change
verify "watch: one process" watch_one_process
tree=$recorded
check "watch: show is what it tells" 0 '^~66\.0 GiB mapped' $'\033' \
	watch -n 1 -i 0.05
json "watch: JSON, one object a report" '.interval_ns == 0' \
	watch -n 2 -i 0.05 --json
lines_are_objects() {
	(($(wc -l <"$tmp/out") == 2)) &&
		[[ $(jq -c . <"$tmp/out" | wc -l) == 2 ]]
}
verify "watch: JSON, one object a line" lines_are_objects
check "watch: as many reports as asked" 0 '' '' watch -n 3 -i 0.05
three_reports() {
	(($(grep -c '^In ' "$tmp/out") == 3))
}
verify "watch: and no more" three_reports
check "watch: a key of another command" 2 'xyz: no such key' '' \
	watch -n 1 -i 0.05 counters xyz

# On a terminal of 24 rows and 80 columns, lines that are wider take two.
# Of what is left behind the last clearing of the screen, rows are counted.
watch_fits() {
	local size=$1 columns=${1#* }

	TERM=linux IOVASCOPE_DEBUGFS=$tree script -qec \
		"stty rows ${size% *} cols $columns; $IOVASCOPE watch -n 1 -i 0.05" \
		"$tmp/typescript" >/dev/null </dev/null || return
	sed '1d;$d' "$tmp/typescript" | tr -d '\r' |
		sed 's/^.*\x1b\[J//; s/\xe2\x80\xa6/./g' | sed '/^$/{$d}' \
		>"$tmp/out"
	awk -v columns="$columns" -v most="$((${size% *} - 1))" '
		{ rows += length == 0 ? 1 : int((length + columns - 1) / columns) }
		END { print rows, "rows"; exit !(rows > 10 && rows <= most) }' \
		"$tmp/out" && grep -q '^~66\.0 GiB mapped' "$tmp/out"
}

tree=$recorded
verify "watch: fits on 24 rows of 80 columns" watch_fits "24 80"
verify "watch: fits on 24 rows of 40 columns" watch_fits "24 40"

# A tree that changes: $1 is moved away, or in the place of what is watched.
watch_waits() {
	local next=$1 match=$2

	shift 2
	new_tree waits
	(
		sleep 0.4
		mv "$tree" "$tree.old"
		sleep 0.4
		mv "$next" "$tree"
	) &
	IOVASCOPE_DEBUGFS=$tree run timeout 60 "$IOVASCOPE" watch -n 40 -i 0.05 \
		"$@"
	wait $!
	rm -rf "$tree.old"
	((rc == 0)) && grep -q "$match" "$tmp/out" &&
		grep -q '^In ' "$tmp/out"
}

[[ $counting ]] || {
	cp -r "$recorded" "$tmp/reloaded"
	sed -i 's/^loaded_ns .*/loaded_ns 900/' "$tmp/reloaded/info"
}

watch_new_process() {
	new_tree early
	(
		sleep 0.4
		sed 's/^1 pid=4242/1 pid=777/' "$recorded/processes" \
			>"$tree/processes.new"
		mv "$tree/processes.new" "$tree/processes"
	) &
	IOVASCOPE_DEBUGFS=$tree run timeout 60 "$IOVASCOPE" watch -n 1 -i 0.1 \
		--pid 777
	wait $!
	((rc == 0)) && grep -q '^Waiting for the process' "$tmp/out" &&
		grep -q '(777)' "$tmp/out"
}

# A module that goes takes its files away one by one: counters before info,
# twice in a row. Opening the pipe waits until the tool does, too.
going_away() {
	mkfifo "$tree/counters.new"
	mv "$tree/counters.new" "$tree/counters"
	: >"$tree/counters"
	sleep 0.05
	exec 3>"$tree/counters"
	mv "$tree" "$tree.old"
	exec 3>&-
	sleep 0.4
	mv "$tmp/back" "$tree"
}

watch_goes() {
	new_tree goes
	cp -r "$tree" "$tmp/back"
	(sleep 0.4 && going_away) &
	IOVASCOPE_DEBUGFS=$tree run timeout 60 "$IOVASCOPE" watch -n 12 -i 0.05 \
		counters pin_calls
	kill $! 2>/dev/null
	wait $!
	((rc == 0)) && grep -q '^Waiting for the module to be loaded' "$tmp/out"
}

verify "watch: the module's files go one by one" watch_goes
verify "watch: the module is replaced" watch_waits "$tmp/reloaded" \
	'^Waiting for the module to be loaded' counters 'pin_calls' map_calls
verify "watch: a process that has not come yet" watch_new_process
tree=$recorded
