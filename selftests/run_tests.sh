#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the kselftests inside the lab, one program after the other. Where the machine
# is somebody's, run_kselftest.sh does.
#
#   run_tests.sh [PROGRAM...]    run these, or all of the stage "guest"
#   run_tests.sh --busy PROGRAM...   while the host's own devices work, and
#                                another tool's kprobes share the functions
#   run_tests.sh --slow PROGRAM...   on a kernel with instruments built in: each
#                                may take longer
#   run_tests.sh --list          print "PROGRAM MIN-PASS TIMEOUT STAGE" of each
#
# IOVASCOPE_CASE: of each program only this test, in all of its variants, or the
# one called FIXTURE.VARIANT.TEST; then one pass will do.
#
# A program is judged by four things: its exit code, the harness' own totals,
# a minimum of passes (a program that skips everything has proved nothing, and
# neither has one that lost half of its tests), and the kernel log since the
# marker that is written before it starts. Every program starts from a freshly
# loaded module, unloads it afterwards, and must leave nothing in it behind.
#
# The last line is "# totals pass=P fail=F skip=S". Exit code: 0 all is well,
# 1 something failed, 2 usage.

set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/guest_lib.sh"

# In a lab nothing may be missing: the tests turn their skips into failures.
export IOVASCOPE_LAB=1

# What there is; see there.
table() {
	sed '/^#/d; /^$/d' "$here/programs" | tr -s ' '
}

# What the kernel says when it has lost its mind: the list of the whole lab. In
# the tree it is elsewhere.
splats=$here/splats
[ -r "$splats" ] || splats=$here/lab/splats

pass=0 fail=0 skip=0 number=0

say() {
	printf '%s\n' "$*"
}

module() {
	local dir

	if [ -n "${IOVASCOPE_KO:-}" ]; then
		return
	fi
	for dir in "$here" "$here/.." /payload; do
		if [ -f "$dir/iovascope.ko" ]; then
			IOVASCOPE_KO=$dir/iovascope.ko
			break
		fi
	done
	export IOVASCOPE_KO
	if [ -z "${IOVASCOPE_KO:-}" ]; then
		say "run_tests.sh: no iovascope.ko here; set IOVASCOPE_KO"
		exit 2
	fi
}

load() {
	if [ -d /sys/module/iovascope ]; then
		rmmod iovascope || return 1
	fi
	insmod "$IOVASCOPE_KO"
}

# 2M pages and the drivers' modules: what the tests take for granted. Not every
# kernel has iommufd.
prepare() {
	if ! [ -r "$splats" ]; then
		say "run_tests.sh: there is no $splats"
		return 1
	fi
	modprobe -q iommufd
	"$here/huge_pages.sh" 128 && modprobe vfio-pci
}

# What was allocated and that nothing points to any more, where the kernel can
# tell; what it finds it says in its log. An object has to be some seconds old,
# and one scan alone may have met it on the move.
leak_scan() {
	local kmemleak=/sys/kernel/debug/kmemleak

	[ -w "$kmemleak" ] || return 0
	sleep 6
	echo scan >"$kmemleak"
	echo scan >"$kmemleak"
	grep -m 40 . "$kmemleak" | sed 's/^/# /'
	echo clear >"$kmemleak"
}

kernel_complaints() {
	dmesg | sed "1,/$1/d" | grep -E -f "$splats"
}

# Until end_busy the host is at work; see busy.c.
begin_busy() {
	export IOVASCOPE_BUSY=1
	coproc BUSY { exec "$here/busy"; }
	read -r -t 120 -u "${BUSY[0]}" _
}

end_busy() {
	if [ -n "${BUSY_PID:-}" ]; then
		kill "$BUSY_PID"
		wait "$BUSY_PID"
	fi
}

# Why a run is not good, or nothing.
verdict() {
	local rc=$1 log=$2 min=$3 marker=$4 passed failed errors

	passed=$(harness_total "$log" pass)
	failed=$(harness_total "$log" fail)
	errors=$(harness_total "$log" error)
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		say "timeout"
	elif [ -z "$passed" ]; then
		say "no totals (exit code $rc)"
	elif [ "$failed" != 0 ] || [ "$errors" != 0 ]; then
		say "$failed failed, $errors broke"
	elif [ "$rc" != 0 ]; then
		say "exit code $rc"
	elif [ "$passed" -lt "$min" ]; then
		say "only $passed of at least $min passed"
	elif [ -n "$(kernel_complaints "$marker")" ]; then
		say "kernel complained: $(kernel_complaints "$marker" | head -n 1)"
	elif ! rmmod iovascope; then
		say "the module cannot be unloaded"
	fi
}

add_totals() {
	local log=$1 n

	n=$(harness_total "$log" pass)
	pass=$((pass + ${n:-0}))
	n=$(harness_total "$log" fail)
	fail=$((fail + ${n:-0}))
	n=$(harness_total "$log" skip)
	skip=$((skip + ${n:-0}))
}

run_one() {
	local program=$1 min=$2 limit=$3 filter=()
	local log=/run/$program.log marker why rc start

	case ${IOVASCOPE_CASE:-} in
	'') ;;
	*.*) filter=(-r "$IOVASCOPE_CASE") min=1 ;;
	*) filter=(-t "$IOVASCOPE_CASE") min=1 ;;
	esac
	number=$((number + 1))
	marker="iovascope selftest $program begins"
	echo "$marker" >/dev/kmsg
	start=$SECONDS
	if ! load; then
		say "not ok $number $program # the module cannot be loaded"
		fail=$((fail + 1))
		return
	fi
	(cd "$here" && exec timeout -k 5 "$limit" "./$program" "${filter[@]}") 2>&1 |
		tee "$log"
	rc=${PIPESTATUS[0]}
	add_totals "$log"
	leak_scan
	why=$(verdict "$rc" "$log" "$min" "$marker")
	if [ -z "$why" ]; then
		say "ok $number $program # $(harness_total "$log" pass) passed, $((SECONDS - start)) s"
		return
	fi
	say "not ok $number $program # $why, $((SECONDS - start)) s"
	# A failure that no total tells of must not be lost in the sum.
	if [ "$(harness_total "$log" fail)" = 0 ] || [ -z "$(harness_total "$log" fail)" ]; then
		fail=$((fail + 1))
	fi
}

main() {
	local program min limit row wanted slower=1 mode=

	if [ "${1:-}" = --list ]; then
		table
		exit 0
	fi
	case ${1:-} in
	--busy | --slow)
		mode=$1 slower=6
		shift
		;;
	esac
	wanted=("$@")
	if [ ${#wanted[@]} = 0 ]; then
		mapfile -t wanted < <(table | awk '$4 == "guest" { print $1 }')
	fi
	module
	prepare || exit 1
	if [ "$mode" = --busy ] && ! begin_busy; then
		say "run_tests.sh: the host does not get busy"
		exit 1
	fi
	say "KTAP version 1"
	say "# kernel $(uname -r)"
	say "1..${#wanted[@]}"
	for program in "${wanted[@]}"; do
		row=$(table | grep "^$program ")
		if [ -z "$row" ]; then
			say "run_tests.sh: unknown program '$program'; try --list"
			exit 2
		fi
		read -r _ min limit _ <<<"$row"
		run_one "$program" "$min" $((limit * slower))
	done
	end_busy
	say "# totals pass=$pass fail=$fail skip=$skip"
	if [ "$fail" != 0 ] || [ "$pass" = 0 ]; then
		exit 1
	fi
}

main "$@"
