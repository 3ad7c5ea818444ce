# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Did the guest's run go well? Four independent witnesses have to agree: the
# result that the guest wrote to a port of its own, the kernel's words at
# power-off, the console without a splat after the marker, and, when asked
# for, enough passes in the last line of totals. What is missing counts as
# bad: silence is never a pass. A command that makes the kernel oops on purpose
# writes the marker once more when it is done: it is the last one that counts.

# first_splat CONSOLE: the first splat after the marker, or nothing.
first_splat() {
	tr -d '\r' <"$1" | tac | sed '/lab: marker$/,$d' | tac |
		grep -a -E -f "$LAB_DIR/splats" | sed -n 1p
}

# last_totals FILE...: the last "# totals pass=P fail=F skip=S" line.
last_totals() {
	cat "$@" 2>/dev/null | tr -d '\r' | grep -a -E \
		'^# totals pass=[0-9]+ fail=[0-9]+ skip=[0-9]+$' | tail -n 1
}

# totals_problem MIN LINE: say what is wrong with the totals, if anything.
totals_problem() {
	local pass fail

	pass=$(sed -n 's/.*pass=\([0-9]*\).*/\1/p' <<<"$2")
	fail=$(sed -n 's/.*fail=\([0-9]*\).*/\1/p' <<<"$2")
	if [[ -z $2 ]]; then
		echo "no totals, where at least $1 passes were asked for"
	elif ((fail > 0)); then
		echo "$fail tests failed in the guest"
	elif ((pass < $1)); then
		echo "$pass tests passed in the guest, at least $1 must"
	fi
}

# verdict DIR QEMU_RC MIN_PASS: print why the run in DIR (console, result,
# output) is a failure; print nothing when it is a success.
verdict() {
	local dir=$1 qemu_rc=$2 min=$3 splat result totals

	# A search that finds nothing is an answer here, not an error.
	set +e
	splat=$(first_splat "$dir/console")
	result=$(tr -d '\r' <"$dir/result" | grep -a '^result ' | tail -n 1)
	totals=$(last_totals "$dir/output" "$dir/result")
	if ((qemu_rc == 124 || qemu_rc == 137)); then
		echo "timeout"
	elif ((qemu_rc)); then
		echo "QEMU ended with $qemu_rc:" \
			"$(tail -n 1 "$dir/qemu-errors")"
	elif [[ $result == "result clock" ]]; then
		echo "the guest's clock is wrong"
	elif ! grep -a -q 'lab: marker' "$dir/console"; then
		echo "the guest did not come up"
	elif [[ -n $splat ]]; then
		echo "splat in the kernel's log: $splat"
	elif [[ -z $result ]]; then
		echo "the guest went away without a result"
	elif [[ $result != *" splats=0" ]]; then
		echo "splats in the guest's log: $result"
	elif ! grep -a -q 'reboot: Power down' "$dir/console"; then
		echo "no clean power-off"
	elif [[ $result != "result rc=0 "* ]]; then
		echo "the command failed: ${result#result }"
	elif [[ -n $min ]]; then
		totals_problem "$min" "$totals"
	fi
}
