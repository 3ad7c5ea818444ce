#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: shell.sh [LAB-OPTION...]
#
# A prompt inside the lab, with one device of each kind, and with the module,
# the tool and the test programs in /payload. Sets up and builds first.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
	print_head_comment "$0"
	exit 0
fi
"$LAB_DIR/setup.sh"
build_for "" all
# Expanded in the guest.
# shellcheck disable=SC2016
WELCOME='PATH=$PATH:/payload
	insmod iovascope.ko && echo "iovascope.ko is loaded; try: iovascope show"
	bash -i
	exit 0'
say "booting; leave with 'exit', or with Ctrl-A x"
exec "$LAB_DIR/lab.sh" --interactive --timeout 86400 \
	--device edu --device nvme --device e1000e --device testdev:16G \
	--payload "$LAB_TREE/build/$kver/iovascope.ko" \
	--payload "$LAB_TREE/build/tools/iovascope" \
	--payload "$LAB_TREE/build/selftests/." "$@" -- \
	bash -c "$WELCOME"
