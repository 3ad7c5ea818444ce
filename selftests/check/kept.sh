# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For commands that take hours and can be stopped at any time: what has passed for
# this very tree is not run again. Wants tap.sh and lib.sh.

# What a result holds for.
tree_key() {
	(
		cd "$LAB_TREE" || exit
		find Kbuild LICENSE Makefile dkms.conf module tools selftests \
			-type f ! -path 'selftests/bench/results/*' -print0 |
			sort -z | xargs -0 sha256sum
	) | sha256sum | cut -c1-16
}

# kept_in DIR: results are below build/DIR from now on.
kept_in() {
	KEPT=$LAB_TREE/build/$1
	KEPT_KEY=$(tree_key)
	mkdir -p "$KEPT"
}

# kept NAME COMMAND...: as tap_program; and keep what it said, if that was good.
kept() {
	local name=$1 log=$KEPT/$1.log
	shift

	if [[ -e $log && $(<"$log.key") == "$KEPT_KEY" ]]; then
		echo "# $name: passed before, for this tree"
		tap_program "$name" cat "$log"
		return
	fi
	rm -f "$log" "$log.key"
	tap_program "$name" run_kept "$log" "$@"
}

run_kept() {
	local log=$1
	shift

	"$@" 2>&1 | tee "$log.part"
	((PIPESTATUS[0] == 0)) || return 1
	mv "$log.part" "$log"
	echo "$KEPT_KEY" >"$log.key"
}
