#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kernels.sh [KERNEL...]
#
# Every kernel of the lab's table but the default, which the other stages run
# on: dkms as users use it, in a root of the kernel's own release
# (kernels_root.sh), and the tests of the guest with the modules that dkms made.
# At the end one table of kernels and programs, with a reason for each test that
# did not run.
#
# Which tests run: the newest kernel and the lab's own have the whole suite, the
# others what asks most of a kernel.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lab/compile.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lab/root.sh"

ESSENTIAL="region_test leaf_test census_test life_test grammar_test"

# kernel, programs; none: all there are
SUITES="
5.10 $ESSENTIAL
6.12 $ESSENTIAL
7.2  $ESSENTIAL
7.3
lab
"

version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$LAB_TREE/dkms.conf")
work=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-kernels.XXXXXX")
trap 'step_abort; rm -rf "$work"' EXIT

# programs_of KERNEL: fails for one that nobody has thought of.
programs_of() {
	awk -v name="$1" '
		$1 == name { $1 = ""; print; found = 1 }
		END { exit !found }' <<<"$SUITES"
}

# others: the kernels of the table but the first.
others() {
	kernel_names | sed 1d
}

# by_dkms KERNEL: its modules, and the transcript of how they came about.
by_dkms() {
	local shared=$work/dkms-$1

	mkdir "$shared"
	in_overlay "$LAB_CACHE/buildroot-$1" "$shared" \
		/tree/selftests/check/kernels_root.sh \
		"$(cat "$LAB_CACHE/kernel-$1/kver")" "$version" 2>&1 |
		tee "$work/log-dkms-$1"
	return "${PIPESTATUS[0]}"
}

# suite KERNEL PROGRAM...: with what dkms made, where there is dkms.
suite() {
	local made=$work/dkms-$1/out/modules

	[[ ! -d $made ]] || export IOVASCOPE_MODULES=$made
	"$LAB_TREE/selftests/check/guest.sh" --kernel "$@" 2>&1 |
		tee "$work/log-$1"
	return "${PIPESTATUS[0]}"
}

kernel() {
	local name=$1 programs
	shift

	read -ra programs <<<"$(programs_of "$name")"
	if ! "$LAB_DIR/setup.sh" --kernel "$name" kernel root buildroot; then
		tap_fail "$name: set-up" </dev/null
		return
	fi
	kernel_row "$name"
	# The machine's own gcc builds for a kernel that was built here; there
	# is no package of its headers that dkms could know.
	if ! from_source; then
		tap_program "$name: dkms" by_dkms "$name"
		sed "s/^/# $name: dkms: /" "$work/dkms-$name/out/transcript"
	fi
	tap_program "$name" suite "$name" "${programs[@]}"
}

# cells KERNEL: "PROGRAM PASS FAIL SKIP" of each program that ran.
cells() {
	tr -d '\r' <"$work/log-$1" 2>/dev/null | awk '
		function number(key) {
			if (!match($0, " " key ":[0-9]+"))
				return 0
			return substr($0, RSTART + length(key) + 2,
				      RLENGTH - length(key) - 2)
		}
		/^# Totals:/ {
			pass = number("pass")
			fail = number("fail") + number("error")
			skip = number("skip")
		}
		/^(not )?ok [0-9]+ [a-z_]+_test #/ {
			if (/^not/) {
				name = $4
				if (!fail)
					fail = 1
			} else {
				name = $3
			}
			print name, pass + 0, fail + 0, skip + 0
			pass = fail = skip = 0
		}'
}

# table KERNEL...: what ran, and why the rest did not.
table() {
	local name

	for name; do
		cells "$name" | sed "s/^/$name /"
	done >"$work/cells"
	mapfile -t columns < <("$LAB_TREE/selftests/guest.sh" --list |
		awk '$4 == "guest" { print $1 }')
	printf '# %-7s' kernel
	printf ' %9s' "${columns[@]%_test}"
	printf '   passed failed skipped\n'
	for name; do
		row "$name"
	done
	echo "# passed/failed/skipped; '-': only ${ESSENTIAL//_test/} run there"
	(cd "$work" && grep -a -H -E '^ok [0-9]+ .*# *SKIP' log-*) |
		sed 's/^log-\([^:]*\):ok [0-9]* */# skipped, \1: /'
}

# row KERNEL
row() {
	awk -v name="$1" -v columns="${columns[*]}" '
		$1 == name {
			cell[$2] = $3 "/" $4 "/" $5
			pass += $3; fail += $4; skip += $5
		}
		END {
			printf "# %-7s", name
			n = split(columns, column, " ")
			for (i = 1; i <= n; i++) {
				if (!(column[i] in cell))
					cell[column[i]] = "-"
				printf " %9s", cell[column[i]]
			}
			printf "   %6d %6d %7d\n", pass, fail, skip
		}' "$work/cells"
}

wanted=("$@")
((${#wanted[@]})) || mapfile -t wanted < <(others)
for name in "${wanted[@]}"; do
	programs_of "$name" >/dev/null ||
		die "which tests for kernel '$name'? SUITES does not say"
done

echo "TAP version 13"
for name in "${wanted[@]}"; do
	kernel "$name"
done
table "${wanted[@]}"
tap_totals
