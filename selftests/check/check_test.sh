#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check_test.sh
#
# check.sh judges everything else; this judges check.sh. It runs made-up stages,
# most of which end badly, each in a way that must not be taken for success or
# hold the others up. And it judges one.sh and their callers in Makefile, where
# a command line that names nothing must not be taken for success, in a copy of
# the tree whose set-up and VM only note how they are called.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/tap.sh"

TMP=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-check-test.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
export IOVASCOPE_STAGES=$TMP/stages IOVASCOPE_RESULTS=$TMP/results TMPDIR=$TMP

# script PATH: a program, from stdin.
script() {
	{
		echo '#!/bin/bash'
		cat
	} >"$1"
	chmod 755 "$1"
}

# stage NAME MIN SECONDS: a row, with the program on stdin.
stage() {
	script "$TMP/$1"
	echo "$1 $2 $3 - $TMP/$1" >>"$TMP/stages"
}

# good NAME: a stage of three tests; one takes place.
good() {
	stage "$1" 2 60 <<-'END'
		echo "ok 1 a"
		echo "# totals pass=2 fail=0 skip=1"
	END
}

# copy_tree: what only notes its arguments, a line of $CALLED each.
TREE=$TMP/tree
CALLED=$TMP/cache/called
copy_tree() {
	export IOVASCOPE_CACHE=$TMP/cache

	mkdir -p "$TREE/selftests/host/cli" "$IOVASCOPE_CACHE"
	cp "$LAB_TREE"/{Makefile,dkms.conf} "$TREE/"
	cp "$LAB_TREE"/selftests/{*.sh,programs} "$TREE/selftests/"
	cp -r "$LAB_TREE"/selftests/{check,lab} "$TREE/selftests/"
	script "$TREE/selftests/check/guest.sh" <<-'END'
		echo "guest $*" >>"$IOVASCOPE_CACHE/called"
	END
	script "$TREE/selftests/lab/setup.sh" <<-'END'
		[[ $* != *--kver ]] || exec test -e "$IOVASCOPE_CACHE/kver"
		echo "setup $*" >>"$IOVASCOPE_CACHE/called"
	END
	touch "$TREE"/selftests/host/{some_test.c,cli/engine.sh,cli/other_test.sh}
	cat >"$TREE/selftests/host/Makefile" <<-'END'
		%/some_test:; mkdir -p $(@D) && cp $(IOVASCOPE_CACHE)/harness $@
	END
	script "$IOVASCOPE_CACHE/harness" <<-'END'
		[[ -z $* || "$*" == "-t real" ]]
		echo "# Totals: pass:$((!$?)) fail:0 xfail:0 xpass:0 skip:0 error:0"
	END
}

# called LINE...: set-up and VM were called so, and not otherwise.
called() {
	cat "$CALLED" "$TMP/said"
	diff <((($# == 0)) || printf '%s\n' "$@") "$CALLED"
}

# make_check STATUS ARG...: make check in the copy ends with that, says $TMP/said
# and calls what $CALLED has.
make_check() {
	local rc=0

	: >"$CALLED"
	# Without what this very run was called with.
	env -i PATH="$PATH" TMPDIR="$TMP" IOVASCOPE_CACHE="$IOVASCOPE_CACHE" \
		IOVASCOPE_STAGES="$IOVASCOPE_STAGES" \
		IOVASCOPE_RESULTS="$IOVASCOPE_RESULTS" \
		make -C "$TREE" check "${@:2}" >"$TMP/said" 2>&1 || rc=$?
	cat "$TMP/said"
	[[ $rc == "$1" ]]
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

# The other lane has nothing left to do: its PID may be somebody else's.
test_lane_done() {
	good first
	stage last 1 60 <<-'END'
		for ((tries = 0; tries < 100; tries++)); do
			lanes=("$TMPDIR"/iovascope-check.*/lane-*)
			((${#lanes[@]} > 1)) || break
			sleep 0.1
		done
		((${#lanes[@]} == 1)) && echo "ok 1 alone"
		echo "# totals pass=$((!$?)) fail=0 skip=0"
	END
	tap "a lane is done, and its PID forgotten" \
		run 0 "3 passed, 0 failed, 1 skipped"
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

# set_up_for SETUP...: check.sh, with a stage for each.
set_up_for() {
	local setup

	for setup; do
		good "$setup"
	done
	awk '{ $4 = $1; $1 = "stage" NR; print }' "$TMP/stages" >"$TMP/rows"
	mv "$TMP/rows" "$TMP/stages"
	make_check 0
	rm "$TMP/stages"
}

test_set_up() {
	set_up_for kselftest packages,kselftest,kernel - other >/dev/null
	tap "set-up: in the order of need" \
		called "setup packages kselftest kernel other"
	set_up_for - >/dev/null
	tap "set-up: none" called
	set_up_for packages all >/dev/null
	tap "set-up: all, and KVM" called "setup " "setup kvm"
}

# refused NAME TEXT ARG...: make check says so, and starts nothing.
refused() {
	tap "one: $1" make_check 2 "${@:3}"
	tap "one: $1: is said" grep -q -F -e "$2" "$TMP/said"
	tap "one: $1: nothing is started" test ! -s "$CALLED"
}

test_one_refused() {
	refused "a case of no program" "are for one program" CASE=real
	refused "a kernel for no program" "are for one program" KERNEL=6.12
	refused "no such program" "no test 'so_test'" TEST=so_test
	refused "no program, but a pattern" "no test 'region_.*'" 'TEST=region_.*'
	refused "no program, but a part of one" "no test 'engine'" TEST=engine
	refused "a VM of its own" "make check STAGE=machines" TEST=race_test
	refused "no such kernel" "no kernel '0.99'" TEST=leaf_test KERNEL=0.99
	refused "a kernel, here" "on no kernel" TEST=some_test KERNEL=6.12
	refused "a kernel, for the command" "on no kernel" \
		TEST=other_test KERNEL=6.12
	refused "a case of the command" "has no cases" TEST=other_test CASE=real
}

# one NAME ARG... -- LINE...: make check succeeds and calls this.
one() {
	local name=$1 args=()
	shift

	while [[ $1 != -- ]]; do
		args+=("$1")
		shift
	done
	shift
	tap "one: $name" make_check 0 "${args[@]}"
	tap "one: $name: what is called" called "$@"
}

test_one() {
	local root

	root=$IOVASCOPE_CACHE/root-$(guest_release)
	one "nothing is set up" TEST=leaf_test -- \
		"setup --kernel " "guest --kernel  leaf_test"
	touch "$IOVASCOPE_CACHE/kver"
	one "a kernel without a root" TEST=leaf_test KERNEL=6.12 -- \
		"setup --kernel 6.12" "guest --kernel 6.12 leaf_test"
	mkdir "$root"
	touch "$root/root.squashfs"
	one "there is a lab" TEST=leaf_test -- "guest --kernel  leaf_test"
	one "on a host at work" TEST=busy_test -- \
		"guest --kernel  --busy busy_test"
	one "on the lab's kernel" TEST=iommufd_test -- \
		"guest --kernel lab iommufd_test"
}

test_one_here() {
	one "here, without the harness" TEST=some_test -- \
		"setup packages kselftest"
	mkdir -p "$IOVASCOPE_CACHE/kselftest"
	touch "$IOVASCOPE_CACHE/kselftest/kselftest_harness.h"
	one "a case, here" TEST=some_test CASE=real --
	refused "no such case, here" "some_test has no test 'reel'" \
		TEST=some_test CASE=reel
}

echo "TAP version 13"
test_good
test_lane_done
test_lane_killed
test_hang
test_left_behind
test_bad
copy_tree
test_set_up
test_one_refused
test_one
test_one_here
tap_totals
