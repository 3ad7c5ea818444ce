# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The module with compilers and checkers at their strictest.

# build_strict NAME ARGS...: make modules from scratch in build/strict-NAME, and
# be as good as silent.
build_strict() {
	local out=$LAB_TREE/build/strict-$1 said rc=0

	rm -rf "$out"
	said=$(make -C "$LAB_TREE" modules O="$out" "${@:2}" 2>&1) || rc=$?
	# Debian's headers come without vmlinux, and kbuild says so.
	if ((rc)) || grep -v 'Skipping BTF generation' <<<"$said" |
		grep -q -i -E 'warning|error'; then
		echo "$said"
		return 1
	fi
}
