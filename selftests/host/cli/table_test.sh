# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# Tables: which columns and rows, in which order and form, and that they fit.

tree=$recorded
unset COLUMNS

check "table: a row a domain" 0 '^ +3 qemu-.* \(4242\) +0000:3b:00\.0.* type1 ' \
	'^live_' domains
check "table: a row a process" 0 '^CPU 0/KVM \(5151\) gone +8\.0 GiB ' '^  thp' \
	processes
check "table: these columns" 0 '^ +3 +4242 +64\.0 GiB$' 'OWNER' \
	domains -o domain,pid,mapped
check "table: and these" 0 ' unmanaged$' '' domains -o +TYPE
check "table: a key of the schema is a column" 0 '^ +9 +90$' '' \
	domains -o domain,map_calls
check "table: what is not known is -" 0 '^ +9 +- +- +-$' '' \
	domains -o domain,model,numa,vm
check "table: no such column" 2 \
	"no such column: 'frob': there are DOMAIN,OWNER,.*schema" '' \
	domains -o frob
check "table: a key of another file is no column" 2 "no such column: 'pin_ns'" \
	'' domains -o pin_ns
check "table: no such column to sort by" 2 "no such column: 'frob'" '' \
	processes --sort frob
check "table: no such column to look in" 2 "no such column: 'frob'" '' \
	processes --filter frob=1

# order COMMAND ARG...: what is in the first column.
order() {
	tool "$@" -n && awk '{ printf "%s ", $1 }' "$tmp/out"
}
sorted() {
	local want=$1

	shift
	[[ $(order "$@") == "$want" ]] || {
		order "$@"
		return 1
	}
}
verify "table: most comes first" sorted "3 5 9 " domains -x mapped
verify "table: by another column" sorted "5 3 9 " domains --sort 2m
verify "table: words by the alphabet" sorted "9 3 5 " domains --sort backend
verify "table: by a key" sorted "3 9 5 " domains --sort map_calls
json "table: JSON is in the same order" \
	'[.domains[].live_2m_bytes] == ([.domains[].live_2m_bytes] | sort | reverse)
	 and (.domains | keys_unsorted | .[0] == "5")' \
	domains --json --sort 2m
for filter in 4242 'qemu*' 0000:3b:00.0 3C:00.0 pid=4242 'devices=*3c:00.0' \
	'owner=qemu*' 'comm=qemu*' 1g=68719476736; do
	verify "table: what matches $filter" sorted "3 " domains -F "$filter"
done
verify "table: by backend" sorted "3 5 " domains -F type1
check "table: none matches" 0 '^None of them matches\.$' '4242' domains -F 424
json "table: JSON has the same records" '.domains | keys == ["9"]' \
	domains --json --filter backend=none
verify "table: so many at most" sorted "3 5 (1 " domains --limit 2
check "table: and how many more there are" 0 '^\(1 more: --all\)$' '' \
	domains -l 2
check "table: all" 0 '^ +9 ' 'more' domains -l 2 --all
json "table: how many more, in JSON" \
	'(.domains | length == 2) and .left_out == 1' domains --json -l 2
check "show: so many at most" 0 '^\(2 more: iovascope domains\)$' '^ +5 ' \
	show --limit 1
check "table: no heads" 0 '^ +3 ' 'DOMAIN' domains -n
check "table: -n of watch is a count" 0 '^In ' '' watch -n 1 -i 0.05 domains
check "watch: takes what the command takes" 0 '^ +9 ' '^ +3 ' \
	watch -n 1 -i 0.05 domains --filter backend=none
check "watch: and nothing else" 2 'counters does not take --sort' '' \
	watch -n 1 -i 0.05 counters --sort x
check "table: pairs have all digits" 0 \
	'^DOMAIN="5" DEVICES="0000:5e:00\.0" MAPPED="2149580800" 2M="2147483648"$' \
	'GiB' domains -P -o domain,devices,mapped,2m
check "table: pairs have each device" 0 '="0000:3b:00\.0,0000:3c:00\.0"' '' \
	domains --pairs
check "table: raw has no blank in a cell" 0 \
	'^CPU\\x200/KVM\\x20\(5151\)\\x20gone 8589934592 0 1024 ' '  ' \
	processes --raw
check "table: nothing but rows" 0 '' '.' domains -P -F nothing

# fits COLUMNS ARG...: is no line longer, an ellipsis being one character?
fits() {
	local most=$1

	shift
	tool "$@" && sed 's/\xe2\x80\xa6/./g' "$tmp/out" |
		awk -v most="$most" 'length > most { print; bad = 1 } END { exit bad }'
}
verify "table: 80 columns where there is no terminal" fits 80 domains
verify "table: fits, of processes" fits 80 processes
verify "table: fits, of calls" fits 80 inflight
verify "table: fits, prose too" fits 80 schema
check "table: the symbol of a probe is never cut" 0 \
	'missing ENOENT +vfio_unmap_unpin ' '' probes
verify "help: fits" fits 80 help
verify "help: fits, of a command" fits 80 help bench
check "table: the PID stays where a name is cut" 0 \
	$'^ +3 qemu[a-z-]*\xe2\x80\xa6 \\(4242\\) ' '' domains

# On a terminal of so many columns.
on_terminal() {
	local most=$1

	shift
	TERM=linux IOVASCOPE_DEBUGFS=$tree script -qec \
		"stty cols $most; $IOVASCOPE $*" "$tmp/typescript" \
		>/dev/null </dev/null || return
	sed '1d;$d; s/\r//; s/\xe2\x80\xa6/./g' "$tmp/typescript" >"$tmp/out"
	grep -q '^ *3 ' "$tmp/out" &&
		awk -v most="$most" 'length > most { print; bad = 1 } END { exit bad }' \
			"$tmp/out"
}
verify "table: on a terminal of 80 columns" on_terminal 80 domains
verify "table: on one of 40" on_terminal 40 domains
check "table: with more room names are whole" 0 'OWNER' '' domains
roomy() {
	COLUMNS=200 tool domains &&
		grep -q '  qemu-system-x86 (4242)  0000:3b:00\.0 +1  type1  ' "$tmp/out"
}
verify "table: with room all is there" roomy

new_tree crowd
[[ $counting ]] || {
	for ((i = 100; i < 10100; i++)); do
		sed -n "2 s/^3 /$i /p" "$recorded/domains"
	done >>"$tree/domains"
	cp "$recorded/processes" "$tree/processes"
}
# A few times what it takes; an answer that is quadratic takes minutes.
of_ten_thousand() {
	run timeout 20 env IOVASCOPE_DEBUGFS="$tree" "$IOVASCOPE" domains
	((rc == 0)) && (($(wc -l <"$tmp/out") == 10004))
}
verify "table: ten thousand rows" of_ten_thousand
tree=$recorded
export COLUMNS=200
