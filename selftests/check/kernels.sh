#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kernels.sh [--essential | KERNEL...]
#
# Every kernel of the lab's table but the default, which the other stages run
# on: dkms as users use it, in a root of the kernel's own release
# (kernels_root.sh), and the tests of the guest with the modules that dkms made.
#
# Which tests run, the table says: the whole suite, or what asks most of a kernel
# (ESSENTIAL). hugepath is held against the type1 of each, by fewer random calls
# than on the first; and has clients where Debian's own kernel has the whole
# suite. With --essential it prints what that is.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lab/compile.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lab/root.sh"

export IOVASCOPE_DIFFER_EPOCHS=${IOVASCOPE_DIFFER_EPOCHS:-10}

ESSENTIAL="region_test leaf_test census_test life_test grammar_test
	enomem_test live_test hugepath_test differ_test"

if [[ ${1:-} == --essential ]]; then
	xargs <<<"$ESSENTIAL"
	exit 0
fi
version=$(iovascope_version)
work=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-kernels.XXXXXX")
trap 'step_abort; rm -rf "$work"' EXIT

# programs: those that run on the kernel of the row.
programs() {
	if [[ $ROW_TESTS == essential ]]; then
		xargs <<<"$ESSENTIAL"
	else
		"$LAB_TREE/selftests/run_tests.sh" --list |
			awk '$4 == "guest" || $4 == "hugepath" { print $1 }' |
			xargs
	fi
}

# by_dkms KERNEL: its modules, and the transcript of how they came about.
by_dkms() {
	local shared=$work/dkms-$1

	mkdir "$shared"
	in_overlay "$LAB_CACHE/buildroot-$1" "$shared" \
		/tree/selftests/check/kernels_root.sh \
		"$(cat "$LAB_CACHE/kernel-$1/kver")" "$version"
}

# upgrade KERNEL: both versions that dkms made, one after the other.
upgrade() {
	local made=$work/dkms-$1/out check=$LAB_TREE/selftests/check

	"$LAB_DIR/build.sh" tools &&
		"$LAB_DIR/lab.sh" --kernel "$1" --timeout 400 --device edu \
			--payload "$made/old" --payload "$made/new" \
			--payload "$LAB_TREE/build/tools/iovascope" \
			--payload "$check/package_guest.sh" \
			--payload "$check/tap.sh" \
			-- ./package_guest.sh upgrade "$version" "$version.1"
}

# suite KERNEL PROGRAM...: with what dkms made, where there is dkms.
suite() {
	local made=$work/dkms-$1/out/old

	[[ -d $made ]] || made=
	IOVASCOPE_MODULES=$made \
		"$LAB_TREE/selftests/check/guest.sh" --kernel "$@"
}

kernel() {
	local name=$1 programs
	shift

	kernel_row "$name"
	read -ra programs <<<"$(programs)"
	if ! "$LAB_DIR/setup.sh" --kernel "$name" kernel root buildroot; then
		tap_fail "$name: set-up" </dev/null
		return
	fi
	# The machine's own gcc builds for a kernel that was built here; there
	# is no package of its headers that dkms could know.
	if ! from_source; then
		tap_program "$name: dkms" by_dkms "$name"
		sed "s/^/# $name: dkms: /" "$work/dkms-$name/out/transcript"
		tap_program "$name: upgrade while loaded" upgrade "$name"
	fi
	tap_program "$name" suite "$name" "${programs[@]}"
	[[ $ROW_TESTS != whole ]] || from_source ||
		tap "$name: clients of hugepath" \
			"$LAB_TREE/selftests/check/hugepath.sh" \
			--kernel "$name" clients
}

others=$(other_kernels | cut -d' ' -f1) || exit 1
wanted=("$@")
((${#wanted[@]})) || mapfile -t wanted <<<"$others"
for name in "${wanted[@]}"; do
	grep -q -x -F -- "$name" <<<"$others" ||
		usage_error "kernel '$name' is none of: $(xargs <<<"$others")"
done

echo "TAP version 13"
for name in "${wanted[@]}"; do
	kernel "$name"
done
tap_totals
