#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check_test.sh
#
# check.sh judges everything else; this judges check.sh. It runs made-up stages,
# most of which end badly, each in a way that must not be taken for success or
# hold the others up.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/tap.sh"

TMP=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-check-test.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
export IOVASCOPE_STAGES=$TMP/stages IOVASCOPE_RESULTS=$TMP/results TMPDIR=$TMP

# stage NAME MIN SECONDS: a row, with the program on stdin.
stage() {
	{
		echo '#!/bin/bash'
		cat
	} >"$TMP/$1"
	chmod 755 "$TMP/$1"
	echo "$1 $2 $3 - $TMP/$1" >>"$TMP/stages"
}

# good NAME: a stage of three tests; one takes place.
good() {
	stage "$1" 2 60 <<-'END'
		echo "ok 1 a"
		echo "# totals pass=2 fail=0 skip=1"
	END
}

# run STATUS TOTALS: what check.sh says in $TMP/said. A run that hangs is stopped.
run() {
	local rc=0

	timeout 60 "$LAB_TREE/selftests/check/check.sh" >"$TMP/said" 2>&1 ||
		rc=$?
	rm "$TMP/stages"
	cat "$TMP/said"
	[[ $rc == "$1" && $(tail -n 1 "$TMP/said") == "$2" ]]
}

says() {
	cat "$TMP/said"
	grep -q -x -e "$1" "$TMP/said"
}

# nothing_left: no stage of ours still sleeps; each has $TMP in its environment.
nothing_left() {
	local dir

	for dir in /proc/[0-9]*; do
		grep -q -a -s -F "TMPDIR=$TMP" "$dir/environ" || continue
		! tr '\0' ' ' <"$dir/cmdline" | grep "^sleep 1000" || return 1
	done 2>/dev/null
}

test_good() {
	good first
	good second
	good third
	tap "all good" run 0 "6 passed, 0 failed, 3 skipped"
	tap "streamed behind the stage's name" says 'second | ok 1 a'
	tap "times are told" says '# *[0-9]* *60  second'
	tap "times are kept" test -s "$TMP/results/times"
	tap "the log is kept" grep -q 'ok 1 a' "$TMP/results/third.log"
}

# The stage's parent is its lane.
test_lane_killed() {
	good first
	good second
	stage victim 1 60 <<-'END'
		echo "ok 1 before"
		echo "# totals pass=1 fail=0 skip=0"
		kill -KILL $PPID
		sleep 1000
	END
	tap "a lane is killed" run 1 "4 passed, 1 failed, 2 skipped"
	tap "a lane is killed: which stage" \
		says 'not ok: stage victim was queued and did not report'
	tap "a lane is killed: nothing left" nothing_left
}

# What a stage starts in a group of its own goes with it.
test_hang() {
	good first
	stage hangs 1 2 <<-'END'
		set -m
		sleep 1000 &
		wait
	END
	good last
	tap "a stage hangs" run 1 "4 passed, 1 failed, 2 skipped"
	tap "a stage hangs: which" \
		says 'not ok: stage hangs was killed after 2 s'
	tap "a stage hangs: nothing left" nothing_left
}

# It has inherited the output, and goes on.
test_left_behind() {
	stage leaves 1 60 <<-'END'
		sleep 1000 &
		echo "# totals pass=1 fail=0 skip=0"
	END
	tap "a stage leaves a process" run 0 "1 passed, 0 failed, 0 skipped"
	tap "a stage leaves a process: it ends" nothing_left
}

# bad NAME PROBLEM TOTALS: one stage, from stdin.
bad() {
	stage "$1" 2 60
	good beside
	tap "a stage $2" run 1 "$3"
	tap "a stage $2: is said" says "not ok: stage $1 $2"
}

test_bad() {
	bad dies "ended with 137 and without totals" \
		"2 passed, 1 failed, 1 skipped" <<<'kill -KILL $$'
	bad silent "ended with 0 and without totals" \
		"2 passed, 1 failed, 1 skipped" <<<'true'
	bad few "passed 1, at least 2 have to" \
		"3 passed, 1 failed, 1 skipped" \
		<<<'echo "# totals pass=1 fail=0 skip=0"'
	bad denies "ended with 3 though nothing failed" \
		"4 passed, 1 failed, 1 skipped" \
		<<<'echo "# totals pass=2 fail=0 skip=0"; exit 3'
	stage fails 1 60 <<<'echo "not ok 1 x"; echo "# totals pass=1 fail=1 skip=0"'
	tap "a test fails" run 1 "1 passed, 1 failed, 0 skipped"
	tap "a test fails: once more at the end" says '# fails: not ok 1 x'
	echo "gone 1 60 - $TMP/gone" >"$TMP/stages"
	tap "a program is not there" run 1 "0 passed, 1 failed, 0 skipped"
}

echo "TAP version 13"
test_good
test_lane_killed
test_hang
test_left_behind
test_bad
tap_totals
