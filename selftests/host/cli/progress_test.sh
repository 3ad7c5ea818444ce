# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# What takes longer than two seconds says so on a terminal, and nowhere else. A
# pipe in the place of a file is what takes so long.

new_tree slow
[[ $counting ]] || {
	rm "$tree/counters"
	mkfifo "$tree/counters"
}

# slowly SECONDS COMMAND...: while the file is there only after so long.
slowly() {
	(
		sleep "$1"
		cat "$recorded/counters" >"$tree/counters"
	) &
	"${@:2}"
	wait $!
}

# on_terminal SECONDS [REDIRECTION]: what is on the screen goes to $tmp/out.
on_terminal() {
	slowly "$1" timeout 20 script -qec "TERM=linux IOVASCOPE_DEBUGFS=$tree \
		'$IOVASCOPE' counters pin_calls ${2-}" "$tmp/typescript" \
		>/dev/null </dev/null
	sed '1d;$d' "$tmp/typescript" | tr -d '\r' >"$tmp/out"
	grep -q '196167' "$tmp/out"
}

told() {
	on_terminal 3.5 &&
		grep -q $'\033\[Kiovascope: reading counters ... 2 s\033\[K' \
			"$tmp/out" &&
		[[ $(grep 196167 "$tmp/out") == pin_calls* ]]
}

not_in_a_file() {
	on_terminal 3 "2>$tmp/err" && [[ ! -s $tmp/err ]] &&
		! grep -q $'\033' "$tmp/out"
}

not_when_quick() {
	on_terminal 0.1 && ! grep -q $'\033' "$tmp/out"
}

verify "progress: on a terminal, and taken away" told
verify "progress: not in a file" not_in_a_file
verify "progress: not of what is quick" not_when_quick
tree=$recorded
