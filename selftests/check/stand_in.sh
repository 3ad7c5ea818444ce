# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For scripts that put themselves in the place of QEMU, to start it otherwise.
# Such a script defines run(), which people call, and as_qemu(), which is called
# when it was started under QEMU's name, with QEMU's arguments.

# stand_in [NAME=VALUE...] COMMAND [ARG...]: run COMMAND, which finds the calling
# script as qemu-system-x86_64 in the first folder of PATH.
stand_in() {
	local bin rc=0

	bin=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-qemu.XXXXXX")
	ln -s "$(readlink -f "$0")" "$bin/qemu-system-x86_64"
	env PATH="$bin:$PATH" "$@" || rc=$?
	rm -rf "$bin"
	return "$rc"
}

# stand_in_for_qemu ARG...: go on as the QEMU that was asked for. The next one in
# PATH is the real one, which alone answers --version.
stand_in_for_qemu() {
	PATH=${PATH#*:}
	[[ $* != *--version* ]] || exec qemu-system-x86_64 "$@"
	as_qemu "$@"
}

# stand_in_main NR ARG...: the whole of a script that is called as "SCRIPT run",
# NR arguments, and a command. Any other way prints its usage.
stand_in_main() {
	local nr=$1
	shift

	if [[ ${0##*/} == qemu-system-x86_64 ]]; then
		stand_in_for_qemu "$@"
	elif [[ ${1:-} == run ]] && (($# >= nr + 2)); then
		run "${@:2}"
	else
		sed -n '/^# usage/,/^$/s/^# \{0,1\}//p' "$0" >&2
		exit 2
	fi
}
