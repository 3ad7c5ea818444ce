#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: lab_test.sh
#
# The lab judges everything else; this judges the lab. A verdict that cannot
# be bad is worth nothing, so most cases here are runs that must fail, each
# for the reason given. What can be told from recorded consoles is (the first
# half); what needs a guest that really dies, hangs or leaves gets a boot.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$LAB_DIR/verdict.sh"

TMP=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-lab-test.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
export IOVASCOPE_LOGS=$TMP/logs TMPDIR=$TMP
N=0
FAILED=0

# ok NAME CONDITION...: one test, with the evidence when it fails.
ok() {
	local name=$1
	shift
	N=$((N + 1))

	if "$@"; then
		echo "ok $N $name"
	else
		echo "not ok $N $name"
		sed 's/^/# /' "$TMP/seen"
		FAILED=$((FAILED + 1))
	fi
}

# says TEXT: what was seen contains TEXT; an empty TEXT: nothing was seen.
says() {
	if [[ -n $1 ]]; then
		grep -q -F -- "$1" "$TMP/seen"
	else
		[[ ! -s $TMP/seen ]]
	fi
}

# recorded NAME EXPECTED MIN_PASS QEMU_RC: the verdict on the files in $TMP/r.
recorded() {
	verdict "$TMP/r" "${4:-0}" "${3:-}" >"$TMP/seen"
	ok "recorded: $1" says "$2"
}

# record: a run in which everything went well.
record() {
	mkdir -p "$TMP/r"
	printf '%s\n' "WARNING: long before" "[ 3.1] lab: marker" \
		"[ 9.0] reboot: Power down" >"$TMP/r/console"
	echo "result rc=0 splats=0" >"$TMP/r/result"
	printf '%s\n' "# totals pass=1 fail=0 skip=0" \
		"# totals pass=7 fail=0 skip=1" >"$TMP/r/output"
	: >"$TMP/r/qemu-errors"
}

test_recorded() {
	local line

	record
	recorded "good" ""
	recorded "enough passes" "" 7
	recorded "too few passes" "7 tests passed in the guest, at least 8" 8
	recorded "timeout" "timeout" "" 124
	recorded "QEMU failed" "QEMU ended with 1" "" 1
	echo "# totals pass=9 fail=1 skip=0" >>"$TMP/r/output"
	recorded "a failed test" "1 tests failed" 7
	echo "nothing" >"$TMP/r/output"
	recorded "no totals" "no totals" 1
	record
	echo "result rc=3 splats=0" >"$TMP/r/result"
	recorded "command failed" "the command failed: rc=3"
	echo "result rc=0 splats=2" >"$TMP/r/result"
	recorded "splats in the guest's log" "splats in the guest's log"
	: >"$TMP/r/result"
	recorded "no result" "without a result"
	echo "result clock" >"$TMP/r/result"
	recorded "a wrong clock" "clock is wrong"
	record
	sed -i '/Power down/d' "$TMP/r/console"
	recorded "no power-off" "no clean power-off"
	record
	sed -i '/marker/d' "$TMP/r/console"
	recorded "no marker" "did not come up"
	for line in "BUG: unable to handle page fault" "Oops: 0002 [#1]" \
		"WARNING: CPU: 0 PID: 1 at mm/x.c:1 f+0x1/0x2 [m]" \
		"Call Trace:" "general protection fault" \
		"WARNING: possible circular locking dependency detected" \
		"BUG kmalloc-64 (Not tainted): Redzone overwritten" \
		"INFO: task x:1 blocked for more than 120 seconds." \
		"rcu: INFO: rcu_preempt self-detected stall on CPU"; do
		record
		echo "[ 5.0] $line" >>"$TMP/r/console"
		recorded "splat: ${line%%:*}" "splat in the kernel's log"
	done
}

# usage NAME ARGS...: a wrong command line is refused with 2.
usage() {
	local rc=0
	"$LAB_DIR/lab.sh" "${@:2}" >"$TMP/seen" 2>&1 || rc=$?
	ok "usage: $1" test "$rc" = 2
}

test_usage() {
	usage "no command" --memory 512
	usage "unknown option" --frob 1 -- true
	usage "unknown device" --device floppy -- true
	usage "device without its size" --device testdev -- true
	usage "unknown kernel" --kernel 0.99 -- true
	usage "not a number" --timeout soon -- true
	usage "no such payload" --payload "$TMP/none" -- true
	usage "a value is missing" --payload
}

# boot NAME RC TEXT ARGS...: a real run ends with RC and says TEXT, and leaves
# neither a temporary folder nor a QEMU behind.
boot() {
	local rc=0
	"$LAB_DIR/lab.sh" "${@:4}" >"$TMP/seen" 2>&1 </dev/null || rc=$?
	echo "exit status $rc" >>"$TMP/seen"
	ok "boot: $1: exit status" test "$rc" = "$2"
	ok "boot: $1: what it says" says "$3"
	ok "boot: $1: nothing left" nothing_left
}

nothing_left() {
	! compgen -G "$TMP/iovascope-lab.*" >/dev/null &&
		! grep -q -a -s -F "$TMP/iovascope-lab." /proc/[0-9]*/cmdline
}

# What the guest looks at in the good run. Every device is alone in its group.
good_guest() {
	cat <<-'END'
		set -eux
		[ "$1" = "two words" ] && [ -d lab ] && [ -f extra ]
		[ "$(cat /proc/sys/kernel/panic_on_warn)" = 1 ]
		[ "$(cat /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages)" = 2 ]
		findmnt /dev/hugepages1G && findmnt /dev/hugepages2M
		findmnt /sys/kernel/debug && findmnt /sys/kernel/tracing
		[ -e /dev/fd/1 ] && [ -c /dev/stdin ] && [ -c /dev/ptmx ]
		modprobe vfio-pci
		n=0
		for id in 1234:11e8 1234:11e8 1b36:0010 8086:10d3 1b36:0005; do
			n=$((n + 1))
			slot=$(printf '0000:00:%02x.0' $((n + 3)))
			[ "$(lspci -n -s "$slot" | cut -d' ' -f3)" = $id ]
			[ "$(ls "/sys/bus/pci/devices/$slot/iommu_group/devices")" = "$slot" ]
		done
		bar=$(sed -n 3p /sys/bus/pci/devices/0000:00:08.0/resource)
		set -- $bar
		[ $(($2 - $1 + 1)) = $((32 << 30)) ]
		echo "# totals pass=5 fail=0 skip=0" >"$LAB_RESULT"
		echo the guest is good
	END
}

test_boots() {
	good_guest >"$TMP/good"
	echo >"$TMP/extra"
	boot "good" 0 "the guest is good" --payload "$LAB_DIR" --payload \
		"$TMP/extra" --payload "$TMP/good" --hugepages 2 --min-pass 5 \
		--device edu --device edu --device nvme:64M --device e1000e \
		--device testdev:32G -- sh good "two words"
	boot "a command fails" 1 "the command failed: rc=7" \
		--no-vtd --iommu off -- sh -c 'exit 7'
	boot "a panic" 1 "splat in the kernel's log" \
		-- sh -c 'echo c >/proc/sysrq-trigger'
	boot "gone without a result" 1 "without a result" \
		-- sh -c 'echo o >/proc/sysrq-trigger; sleep 100'
	boot "timeout" 1 "timeout" --timeout 3 -- sleep 100
	# The kernel's log has its command line, too.
	boot "a wrong clock" 1 "the guest's clock is wrong" \
		--append 'tsc: PIT calibration deviates from HPET' -- true
}

# The check for leftovers can fail: it finds a process and a folder.
test_leftovers() {
	: >"$TMP/seen"
	sh -c 'sleep 5; :' "$TMP/iovascope-lab.fake" &
	# It is a copy of this one at first.
	until grep -q -a -s sleep "/proc/$!/cmdline"; do sleep 0.1; done
	ok "leftovers: a process is found" eval ! nothing_left
	kill $!
	wait $! 2>/dev/null
	mkdir "$TMP/iovascope-lab.fake"
	ok "leftovers: a folder is found" eval ! nothing_left
	rmdir "$TMP/iovascope-lab.fake"
	ok "leftovers: nothing is found" nothing_left
}

# fails_until N: the Nth call is the first that works.
fails_until() {
	echo "a call" >>"$TMP/calls"
	(($(wc -l <"$TMP/calls") >= $1))
}

# A download that fails is tried once more, and not for ever.
test_twice() {
	: >"$TMP/calls"
	ok "twice: the second works" twice fails_until 2 2>"$TMP/seen"
	: >"$TMP/calls"
	ok "twice: no third" eval ! twice fails_until 3 2>"$TMP/seen"
}

# entry_when_told FOLDER: a part of set-up that takes until TMP/go is there.
entry_when_told() {
	touch "$TMP/begun"
	until [[ -e $TMP/go ]]; do sleep 0.1; done
	touch "$1/new/made"
}

# set_up NAME FUNCTION: a set-up of one entry.
set_up() {
	# shellcheck disable=SC2016
	timeout 20 bash -c '
		. "$0/lib.sh" && . "$0/cache.sh"
		LAB_CACHE=$TMP/cache NEED_CACHE_MIB=1
		cache_open
		cache_entry "$1" key "$1" "$2"' "$LAB_DIR" "$@" >>"$TMP/seen" 2>&1
}

# ended_with_made PID...: these set-ups ended well, with what the first made.
ended_with_made() {
	local pid

	for pid; do wait "$pid" || return; done
	[[ -e $TMP/cache/slow/made ]]
}

swept() {
	set_up quick true && [[ ! -e $1 ]]
}

# What takes long to make keeps only those waiting who want it.
test_cache() {
	local slow again left

	: >"$TMP/seen"
	export TMP
	export -f entry_when_told
	set_up slow entry_when_told &
	slow=$!
	until [[ -e $TMP/begun ]]; do sleep 0.1; done
	ok "cache: another entry while one is being made" set_up quick true
	set_up slow false &
	again=$!
	until says "makes slow; waiting" || [[ ! -d /proc/$again ]]; do sleep 0.1; done
	ok "cache: whoever wants the same waits" test -d "/proc/$again"
	ok "cache: and says for what" says "another set-up makes slow; waiting"
	touch "$TMP/go"
	ok "cache: and makes it no second time" \
		ended_with_made "$slow" "$again"
	mkdir -p "$TMP/cache/tmp.4194305.left"
	ok "cache: what a dead set-up left is swept" \
		swept "$TMP/cache/tmp.4194305.left"
	left=$(compgen -G "$TMP/cache/tmp.*")
	ok "cache: nothing temporary stays" test -z "$left"
}

# Ctrl-C: the whole group gets the signal, as from a terminal.
test_interrupt() {
	local pid rc=0

	setsid env --default-signal=INT "$LAB_DIR/lab.sh" -- sleep 100 \
		>"$TMP/seen" 2>&1 &
	pid=$!
	sleep 2
	kill -INT -- "-$pid"
	wait "$pid" || rc=$?
	ok "interrupted: exit status" test "$rc" = 130
	ok "interrupted: nothing left" nothing_left
}

echo "TAP version 13"
test_recorded
test_usage
test_leftovers
test_twice
test_cache
test_boots
test_interrupt
echo "1..$N"
echo "# totals pass=$((N - FAILED)) fail=$FAILED skip=0"
exit $((FAILED > 0))
