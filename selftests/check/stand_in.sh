# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For scripts that put themselves in the place of QEMU, to start it otherwise.

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
