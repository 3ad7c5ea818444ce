# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts of the lab share: how they speak, how they fail, where the
# cache is, and how a step that takes a while shows that it is alive.
#
# Every failure ends in one line on stderr that starts with the script's name.
# Exit codes: 1 something went wrong, 2 the command line was wrong.

# Read by the scripts that source this one.
# shellcheck disable=SC2034
{
	LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
	LAB_TREE=$(cd "$LAB_DIR/../.." && pwd)
	LAB_CACHE=${IOVASCOPE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/iovascope}
	LAB_ME=$(basename "$0")
}

say() {
	printf '%s: %s\n' "$LAB_ME" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

usage_error() {
	say "$* (see --help)"
	exit 2
}

# The comment at the head of a script is its manual: print it.
print_head_comment() {
	sed -n '2,/^[^#]/{/^#/!d; /SPDX/d; s/^# \{0,1\}//; p}' "$1"
}

# The version of this tree, which dkms.conf alone says.
iovascope_version() {
	sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$LAB_TREE/dkms.conf"
}

# kernel_row NAME: set ROW_NAME, ROW_RELEASE, ROW_SUITE, ROW_IMAGE, ROW_TESTS
# from the table; an empty NAME means the first row.
# shellcheck disable=SC2034
kernel_row() {
	local want=$1

	while read -r ROW_NAME ROW_RELEASE ROW_SUITE ROW_IMAGE ROW_TESTS _; do
		[[ -n $ROW_NAME && $ROW_NAME != \#* ]] || continue
		[[ -z $want || $want == "$ROW_NAME" ]] && return 0
	done <"$LAB_DIR/kernels"
	return 1
}

# from_source: is the kernel of the row built here?
from_source() {
	[[ $ROW_IMAGE == linux-source ]]
}

# The release of the guest's userspace: that of the table's first row.
guest_release() {
	awk '!/^#/ && NF { print $2; exit }' "$LAB_DIR/kernels"
}

kernel_names() {
	awk '!/^#/ && NF { print $1 }' "$LAB_DIR/kernels"
}

# other_kernels: "NAME PASSES SECONDS" of the kernels of the table that "make check"
# has a stage for. Fails where a row does not say which tests there are: they
# would never run.
other_kernels() {
	awk '
		/^#/ || !NF || !rows++ { next }
		NF == 5 && $5 ~ /^(own|shape)$/ { next }
		NF != 7 || $5 !~ /^(whole|essential)$/ || $6 $7 !~ /^[0-9]+$/ {
			print "lab/kernels: which tests for kernel " $1 "?" \
				>"/dev/stderr"
			exit 1
		}
		{ print $1, $6, $7 }' "$LAB_DIR/kernels"
}

# twice COMMAND...: once more if it fails, for what comes over a network: a mirror
# in the middle of an update, a connection that was cut.
twice() {
	"$@" && return
	say "failed; once more: $*"
	sleep 3
	"$@"
}

# ticker PID WHAT: say that WHAT is alive until PID ends. A terminal gets one
# line that counts; a log gets a line every ten seconds.
ticker() {
	local pid=$1 what=$2 start=$SECONDS said=0 spent

	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		spent=$((SECONDS - start))
		if [[ -t 2 ]]; then
			((spent < 2 || spent == said)) ||
				printf '\r%s: %s: %d s ' "$LAB_ME" "$what" \
					"$spent" >&2
		else
			((spent < said + 10)) && continue
			say "$what: $spent s"
		fi
		said=$spent
	done
	[[ ! -t 2 ]] || printf '\r\033[K' >&2
}

# step WHAT FUNCTION [ARGS...]: run it with its output in a log, a ticker
# before the user's eyes, and the end of the log shown when it fails.
step() {
	local what=$1 log rc=0 start=$SECONDS
	shift

	log=$(mktemp "${TMPDIR:-/tmp}/iovascope-step.XXXXXX")
	STEP_LOG=$log
	say "$what ..."
	set -m
	(
		set -euo pipefail
		"$@"
	) </dev/null >"$log" 2>&1 &
	STEP_PID=$!
	set +m
	ticker "$STEP_PID" "$what"
	wait "$STEP_PID" || rc=$?
	STEP_PID=
	if ((rc)); then
		tail -n 15 "$log" | sed 's/^/  | /' >&2
		rm -f "$log"
		die "failed: $what"
	fi
	rm -f "$log"
	say "$what: done in $((SECONDS - start)) s"
}

# build_for KERNEL TARGET...: make these for a kernel of the lab; an empty KERNEL
# means the first row. Sets kver to the version of that kernel.
build_for() {
	kver=$("$LAB_DIR/setup.sh" --kernel "$1" --kver) || exit 1
	step "building for $kver" "$LAB_DIR/build.sh" --kernel "$@" || exit 1
}

# Stop what step is running: a process group of its own, so that nothing of a
# pipeline is left behind. A script with an EXIT trap of its own calls it.
step_abort() {
	[[ -z ${STEP_PID:-} ]] || kill -- "-$STEP_PID" 2>/dev/null || true
	[[ -z ${STEP_LOG:-} ]] || rm -f "$STEP_LOG"
}

trap step_abort EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
