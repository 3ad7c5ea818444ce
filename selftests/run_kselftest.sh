#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: run_kselftest.sh [-l] [[-t] PROGRAM...]
#
# Run the kselftests on this machine, whose owner may need it for other things:
# what is in use is left alone, and what there is nothing for skips and says why.
# The lab has a runner of its own, run_tests.sh, in which nothing may skip.
#
#   -l, --list     what there is
#   -t, --test     only this one, with or without "iovascope:" before it
#
# IOVASCOPE_DEVICES=BDF,BDF: spare PCI devices, each bound to vfio-pci or to
# nothing. Without them all programs skip.
# IOVASCOPE_KO: the module to load, where it is not loaded and not installed.
#
# The output is that of the kernel's runner of the same name: TAP, and what a
# program says, itself TAP, behind "# ". The exit status is 1 when one failed.

set -u
here=$(cd "$(dirname "$0")" && pwd)
KSFT_SKIP=4 # that of kselftest.h
number=0 pass=0 fail=0 skip=0

# known: "PROGRAM SECONDS" of each.
known() {
	awk '!/^#/ && NF { print $1, $3 }' "$here/programs"
}

usage_error() {
	echo "run_kselftest.sh: $* (see --help)" >&2
	exit 2
}

# result RC NAME SECONDS
result() {
	number=$((number + 1))
	case $1 in
	0)
		pass=$((pass + 1))
		echo "ok $number $2"
		;;
	"$KSFT_SKIP")
		skip=$((skip + 1))
		echo "ok $number $2 # SKIP"
		;;
	124)
		fail=$((fail + 1))
		echo "not ok $number $2 # TIMEOUT $3 seconds"
		;;
	*)
		fail=$((fail + 1))
		echo "not ok $number $2 # exit=$1"
		;;
	esac
}

# run_one PROGRAM SECONDS
run_one() {
	local name="selftests: iovascope: $1"

	echo "# timeout set to $2"
	echo "# $name"
	(cd "$here" && exec timeout -k 5 "$2" stdbuf -oL "./$1") 2>&1 </dev/null |
		sed -u 's/^/# /'
	result "${PIPESTATUS[0]}" "$name" "$2"
}

wanted=()
while (($#)); do
	case $1 in
	-h | --help)
		sed -n '2,/^[^#]/{/^#/!d; /SPDX/d; s/^# \{0,1\}//; p}' "$0"
		exit 0
		;;
	-l | --list)
		known | sed 's/^/iovascope:/; s/ .*//'
		exit 0
		;;
	-t | --test) ;;
	-*) usage_error "unknown option '$1'" ;;
	*)
		known | grep -q "^${1#iovascope:} " ||
			usage_error "no test '$1'"
		wanted+=("${1#iovascope:}")
		;;
	esac
	shift
done
((${#wanted[@]})) || mapfile -t wanted < <(known | cut -d' ' -f1)
echo "TAP version 13"
echo "1..${#wanted[@]}"
for program in "${wanted[@]}"; do
	run_one "$program" "$(known | sed -n "s/^$program //p")"
done
echo "# Totals: pass:$pass fail:$fail xfail:0 xpass:0 skip:$skip error:0"
((!fail))
