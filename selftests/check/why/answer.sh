# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every test of why_guest.sh is made of: hold() starts a client and
# answer_is() asks iovascope and says in jq what must be true of its answer.

# For the files that hold the tests.
# shellcheck disable=SC2034
{
	M=$((1 << 20))
	G=$((1 << 30))
	IOVA=$((64 * G))
	# Memory of 1 GiB pages that outlives the client: only the first client
	# has to wait until it is zeroed.
	GIB_FILE=(--backing hugetlb_1g --size 1G --file /dev/hugepages1G/gib)
	SEVEN_DEVICES=(--device testdev --device testdev --device testdev
		--device testdev --device testdev --device testdev
		--device testdev)

	EDU=$(device 0x1234:0x11e8)
	SECOND_EDU=$(device 0x1234:0x11e8 1)
	BAR=$(device 0x1b36:0x0005)
	SMALL_BAR=$(device 0x1b36:0x0005 7)
	NIC=$(device 0x8086:0x10d3)

	NOTHING_TO_FIX='.fix_needed == false and .short_bytes == 0 and
		.causes == [] and .missing == []'
}

# End the client that is held, if there is one, and wait until it is gone.
client_end() {
	[[ -n ${PID:-} ]] || return 0
	kill "$PID" 2>/dev/null
	tail --pid="$PID" -f /dev/null
	PID=
}

# hold COMMAND...: start a client and wait until it holds what it maps. It ends
# with the test, which tap runs in a shell of its own.
hold() {
	client_end
	trap client_end EXIT
	"$@" >/run/client 2>&1 &
	PID=$!
	while ! grep -q -E '^(mapped|stuck)' /run/client; do
		if ! kill -0 "$PID"; then
			cat /run/client
			return 1
		fi
		sleep 0.1
	done
}

# hold_qemu OPTION...: hold a QEMU whose machine is complete and does not run.
hold_qemu() {
	client_end
	trap client_end EXIT
	qemu-system-x86_64 -S -machine q35 -nodefaults -display none \
		-daemonize -pidfile /run/qemu.pid "$@" &&
		PID=$(</run/qemu.pid)
}

# answer_is EXIT FILTER ARG...: iovascope ARG... --json must end with EXIT, and
# the jq filter must hold of what it prints. $c is the first cause. Where the
# exit code depends on how fast the machine is, EXIT is "either": then it must
# be the answer's own .fix_needed. Of a start, the phases must add up to the
# total, and the causes to no more than that.
answer_is() {
	local want=$1 filter=$2 rc=0
	shift 2

	[[ " $* " != *" --start "* ]] || filter="($filter) and
		([.phases[]] | add) == .total_ns and
		([.causes[] | select(.cause != \"stuck-pin\").ns] | add // 0) <=
			.total_ns"
	./iovascope "$@" --json >/run/answer || rc=$?
	[[ $want != either ]] || want=$(jq 'if .fix_needed then 1 else 0 end' \
		/run/answer)
	# jq is content with nothing at all.
	((rc == want)) && [[ -s /run/answer ]] &&
		jq -e ".causes[0] as \$c | $filter" /run/answer >/dev/null &&
		return
	echo "iovascope $* ended with $rc, $want is right; must hold: $filter"
	jq 'del(.vmas) | .causes |= .[:4]' /run/answer
	return 1
}

# cause NAME FILTER: an answer whose first cause is NAME.
cause() {
	echo "\$c.cause == \"$1\" and ($2)"
}
