#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the kselftests inside the lab, one program after the other.
#
#   guest.sh [PROGRAM...]    run these, or all of the stage "guest"
#   guest.sh --list          print "PROGRAM MIN-PASS TIMEOUT STAGE" of each
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

# In a lab nothing may be missing: the tests turn their skips into failures.
export IOVASCOPE_LAB=1

# program, passes it must have, seconds it may take, stage of "make check"
# (each has a machine of its own; "lab": on the kernel that the lab builds)
table() {
	cat <<-'END'
		alias_test 2 120 machines
		census_test 35 600 guest
		churn_test 3 900 guest
		differ_test 4 1800 hugepath
		domain_test 10 300 guest
		grammar_test 17 120 guest
		hugepath_test 53 1200 hugepath
		iommufd_test 32 600 lab
		leaf_test 35 600 guest
		life_test 9 600 guest
		refusal_test 22 300 guest
		region_test 16 300 guest
		trace_test 3 120 guest
		witness_test 10 300 guest
	END
}

# What the kernel says when it has lost its mind.
splats='BUG:|WARNING:|Oops|Call Trace|possible (recursive|circular) locking|INFO: (rcu|task)|general protection|KASAN|UBSAN|kernel panic'

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
		say "guest.sh: no iovascope.ko here; set IOVASCOPE_KO"
		exit 2
	fi
}

load() {
	if [ -d /sys/module/iovascope ]; then
		rmmod iovascope || return 1
	fi
	insmod "$IOVASCOPE_KO"
}

# "Totals: pass:1 fail:2 xfail:3 xpass:4 skip:5 error:6" -> one of the numbers
total() {
	sed -n "s/^# Totals:.* $2:\([0-9]*\).*/\1/p" "$1" | tail -n 1
}

# 2M pages and the drivers' modules: what the tests take for granted. Not every
# kernel has iommufd.
prepare() {
	modprobe -q iommufd
	"$here/huge_pages.sh" 128 && modprobe vfio-pci
}

kernel_complaints() {
	dmesg | sed "1,/$1/d" | grep -E "$splats"
}

# Why a run is not good, or nothing.
verdict() {
	local rc=$1 log=$2 min=$3 marker=$4 passed failed errors

	passed=$(total "$log" pass)
	failed=$(total "$log" fail)
	errors=$(total "$log" error)
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

	n=$(total "$log" pass)
	pass=$((pass + ${n:-0}))
	n=$(total "$log" fail)
	fail=$((fail + ${n:-0}))
	n=$(total "$log" skip)
	skip=$((skip + ${n:-0}))
}

run_one() {
	local program=$1 min=$2 limit=$3
	local log=/run/$program.log marker why rc start

	number=$((number + 1))
	marker="iovascope selftest $program begins"
	echo "$marker" >/dev/kmsg
	start=$SECONDS
	if ! load; then
		say "not ok $number $program # the module cannot be loaded"
		fail=$((fail + 1))
		return
	fi
	(cd "$here" && exec timeout -k 5 "$limit" "./$program") 2>&1 |
		tee "$log"
	rc=${PIPESTATUS[0]}
	add_totals "$log"
	why=$(verdict "$rc" "$log" "$min" "$marker")
	if [ -z "$why" ]; then
		say "ok $number $program # $(total "$log" pass) passed, $((SECONDS - start)) s"
		return
	fi
	say "not ok $number $program # $why, $((SECONDS - start)) s"
	# A failure that no total tells of must not be lost in the sum.
	if [ "$(total "$log" fail)" = 0 ] || [ -z "$(total "$log" fail)" ]; then
		fail=$((fail + 1))
	fi
}

main() {
	local program min limit row wanted=("$@")

	if [ "${1:-}" = --list ]; then
		table
		exit 0
	fi
	if [ ${#wanted[@]} = 0 ]; then
		mapfile -t wanted < <(table | awk '$4 == "guest" { print $1 }')
	fi
	module
	prepare || exit 1
	say "KTAP version 1"
	say "# kernel $(uname -r)"
	say "1..${#wanted[@]}"
	for program in "${wanted[@]}"; do
		row=$(table | grep "^$program ")
		if [ -z "$row" ]; then
			say "guest.sh: unknown program '$program'; try --list"
			exit 2
		fi
		read -r _ min limit _ <<<"$row"
		run_one "$program" "$min" "$limit"
	done
	say "# totals pass=$pass fail=$fail skip=$skip"
	if [ "$fail" != 0 ] || [ "$pass" = 0 ]; then
		exit 1
	fi
}

main "$@"
