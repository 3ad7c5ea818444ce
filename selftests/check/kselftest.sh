#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kselftest.sh [TREE]
#
# The tests as a directory of kselftests, on this machine, which gives them
# nothing: what make -C selftests offers, and that every program skips with a
# reason and touches nothing. Then the same from inside a kernel's tree, of which
# only what the cache has is here: lib.mk, and the runner that it uses. At last on
# a host that has devices to spare, which a machine of the lab plays.
#
# TREE: a whole kernel tree, as Debian's linux-source unpacks, in place of that.
# Then the kernel's own "make TARGETS=iovascope install" is done, and
# run_kselftest.sh lists them and runs them. Nothing is written into TREE.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/tap.sh"

TREE=${1:-}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-kselftest.XXXXXX")
trap 'step_abort; rm -rf "$TMP"' EXIT
OUT=$LAB_TREE/build/selftests
SELFTESTS=$TMP/tree/tools/testing/selftests
INSTALLED=$TMP/installed
# There is no module to load, wherever this runs.
export IOVASCOPE_KO=$TMP/none.ko
unset IOVASCOPE_DEVICES IOVASCOPE_LAB

make_selftests() {
	make -C "$LAB_TREE/selftests" O="$OUT" KSELFTEST="$LAB_CACHE/kselftest" \
		"$@"
}

# wanted: the one list, each as kselftests are called.
wanted() {
	awk '!/^#/ && NF { print "iovascope:" $1 }' \
		"$LAB_TREE/selftests/programs" | sort
}

# lists COMMAND...: does it say all there is, and nothing else?
lists() {
	diff <(wanted) <("$@" | sort)
}

sources_are_listed() {
	diff <(wanted) <(cd "$LAB_TREE/selftests" && printf '%s\n' *_test.c |
		sed 's/^/iovascope:/; s/\.c$//' | sort)
}

installs() {
	make_selftests install INSTALL_PATH="$INSTALLED" &&
		lists "$INSTALLED/run_kselftest.sh" -l &&
		for file in config settings $(wanted | cut -d: -f2); do
			[[ -e $INSTALLED/$file ]] ||
				{
					echo "no $file"
					return 1
				}
		done
}

tar_has_the_same() {
	make_selftests gen_tar TAR_PATH="$TMP/all.tar.gz" &&
		mkdir "$TMP/tar" && tar -xzf "$TMP/all.tar.gz" -C "$TMP/tar" &&
		diff -r "$INSTALLED" "$TMP/tar/iovascope"
}

install_wants_a_path() {
	! make_selftests install 2>"$TMP/said" && grep -q INSTALL_PATH "$TMP/said"
}

# The longest that any may take.
settings_are_enough() {
	local most

	most=$(awk '!/^#/ && $3 > most { most = $3 } END { print most }' \
		"$LAB_TREE/selftests/programs")
	grep -x "timeout=$most" "$LAB_TREE/selftests/settings"
}

# What a test could have left of itself.
traces() {
	ls -ld /run/iovascope-selftests /sys/module/{iovascope,vfio,vfio_pci} 2>&1
	cat /proc/sys/kernel/tainted /proc/sys/vm/nr_hugepages
	for override in /sys/bus/pci/devices/*/driver_override; do
		[[ ! -e $override ]] || echo "$override: $(<"$override")"
	done
}

# skips PROGRAM REASON: 4, one line that says why, and nothing else.
skips() {
	local said rc before

	before=$(traces)
	said=$("$INSTALLED/$1" 2>&1)
	rc=$?
	echo "$1: exit status $rc: $said"
	((rc == 4)) && [[ $said =~ ^1\.\.0\ #\ SKIP\ ($2) && $said != *$'\n'* ]] &&
		diff <(echo "$before") <(traces)
}

all_skip() {
	local name

	for name in $(wanted | cut -d: -f2); do
		skips "$name" 'for the lab only|no spare device|must be root' ||
			return 1
	done
}

# skips_with DEVICES REASON
skips_with() {
	((EUID)) || IOVASCOPE_DEVICES=$1 skips region_test "$2"
}

# The first function whose driver is none that would be asked to let it go.
driven_device() {
	local dir

	for dir in /sys/bus/pci/devices/*; do
		[[ ! -e $dir/driver ]] || [[ $(readlink "$dir/driver") == */vfio-pci ]] ||
			{ echo "${dir##*/}" && return; }
	done
}

# runs_and_skips COMMAND...: TAP of as many as there are, all skipped, and 0.
runs_and_skips() {
	local nr

	nr=$(wanted | wc -l)
	# By a pipe: the kernel's runner opens its output anew, and in a file
	# would then write over what others have written.
	"$@" 2>&1 | cat >"$TMP/said" || { cat "$TMP/said" && return 1; }
	cat "$TMP/said"
	(($(grep -c -E '^ok [0-9]+ selftests: iovascope: .* # SKIP$' "$TMP/said") == nr)) &&
		(($(grep -c '^# 1\.\.0 # SKIP ' "$TMP/said") == nr))
}

# judges STATUS LINE: a program that ends with STATUS is said to have done LINE,
# and the runner's own status goes with it.
judges() {
	local dir=$TMP/judged rc=0

	rm -rf "$dir"
	mkdir "$dir"
	cp "$INSTALLED/run_kselftest.sh" "$dir/"
	echo "made_up 0 1 guest" >"$dir/programs"
	printf '#!/bin/sh\n%s\n' "$1" >"$dir/made_up"
	chmod 755 "$dir/made_up"
	"$dir/run_kselftest.sh" >"$dir/said" || rc=$?
	cat "$dir/said"
	grep -q -x -F "$2" "$dir/said" &&
		if [[ $2 == not* ]]; then ((rc == 1)); else ((rc == 0)); fi
}

refuses_what_it_does_not_know() {
	"$INSTALLED/run_kselftest.sh" no_test 2>"$TMP/said"
	(($? == 2)) && grep -q "no test 'no_test'" "$TMP/said"
}

# ---- inside a kernel's tree ----

# A tree in which only ours is a copy; what make reads by its real place is, too.
copy_tree() {
	local from=$1 name

	mkdir -p "$SELFTESTS"
	for name in "$from"/*; do
		[[ ${name##*/} == tools ]] || ln -s "$name" "$TMP/tree/"
	done
	cp -r "$from"/tools/testing/selftests/{lib.mk,Makefile,run_kselftest.sh} \
		"$from"/tools/testing/selftests/kselftest{,.h,_harness.h} \
		"$SELFTESTS/"
}

goes_into_a_tree() {
	! make_selftests into-tree TREE="$TMP/no-tree" || return 1
	if [[ -n $TREE ]]; then
		copy_tree "$TREE"
	else
		mkdir -p "$SELFTESTS"
		cp -r "$LAB_CACHE/kselftest/." "$SELFTESTS/"
	fi
	make_selftests into-tree TREE="$TMP/tree"
}

builds_in_the_tree() {
	make -C "$SELFTESTS/iovascope" OUTPUT="$TMP/out" all
}

in_tree() {
	make -s --no-print-directory -C "$SELFTESTS/iovascope" \
		OUTPUT="$TMP/out" COLLECTION=iovascope "$@"
}

installs_from_the_tree() {
	in_tree install INSTALL_PATH="$TMP/by-kernel" &&
		for file in config settings $(wanted | cut -d: -f2); do
			cmp "$TMP/by-kernel/$file" "$SELFTESTS/iovascope/$file" ||
				cmp "$TMP/by-kernel/$file" "$TMP/out/$file" ||
				return 1
		done
}

whole_tree_installs() {
	make -C "$SELFTESTS" O="$TMP/whole" TARGETS=iovascope FORCE_TARGETS=1 \
		install
}

on_a_host() {
	"$LAB_DIR/lab.sh" --timeout 1500 --min-pass 11 --device edu --device edu \
		--device testdev:16G --device nvme \
		--payload "$LAB_TREE/build/$kver/iovascope.ko" \
		--payload "$INSTALLED" --payload "$OUT/vfio_client" \
		--payload "$LAB_TREE/selftests/check/kselftest_guest.sh" \
		--payload "$LAB_TREE/selftests/check/tap.sh" -- ./kselftest_guest.sh
}

echo "TAP version 13"
mkdir -p "$TMP/out"
tap "every test is in the list" sources_are_listed
tap "the tests build" make_selftests
tap "install: the programs, config, settings and a runner" installs
tap "install without a path is refused" install_wants_a_path
tap "gen_tar: the same" tar_has_the_same
tap "settings allow the slowest its time" settings_are_enough
tap "without a device each program skips, says why, touches nothing" all_skip
tap "a device that is not there" skips_with ffff:1f:1f.7 'no PCI device'
tap "what is no device" skips_with eth0 'no PCI device'
device=$(driven_device)
if ((EUID)) || [[ -z $device ]]; then
	tap_skip "a device that is in use" "takes root, and a device with a driver"
else
	tap "a device that is in use" skips_with "$device" \
		'.* is in use: |.* is in no IOMMU group'
fi
tap "make run_tests: TAP, and all skip" runs_and_skips make_selftests run_tests
tap "a pass is a pass" judges 'exit 0' "ok 1 selftests: iovascope: made_up"
tap "4 is a skip" judges 'exit 4' "ok 1 selftests: iovascope: made_up # SKIP"
tap "1 is a failure" judges 'exit 1' \
	"not ok 1 selftests: iovascope: made_up # exit=1"
tap "so is who takes too long" judges 'sleep 9' \
	"not ok 1 selftests: iovascope: made_up # TIMEOUT 1 seconds"
tap "a test that is not known is an error" refuses_what_it_does_not_know
tap "into-tree: into a kernel's tree, and nowhere else" goes_into_a_tree
if [[ -n $TREE ]]; then
	tap "make TARGETS=iovascope install" whole_tree_installs
	by_kernel=$TMP/whole/kselftest/kselftest_install/run_kselftest.sh
	tap "run_kselftest.sh -l" lists "$by_kernel" -l
	tap "run_kselftest.sh -c iovascope: all skip" \
		runs_and_skips "$by_kernel" -c iovascope
else
	tap "they build there, by lib.mk" builds_in_the_tree
	tap "emit_tests, which run_kselftest.sh lists" lists in_tree emit_tests
	tap "lib.mk installs them" installs_from_the_tree
	tap "lib.mk runs them: all skip" runs_and_skips in_tree run_tests
fi
build_for "" modules
tap_program "on a host" on_a_host
tap_totals
