#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: bench.sh
#
# "iovascope bench" on a host: what it must not touch, and that it leaves
# nothing behind. What it measures is no test; that is "make bench".

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

kver=$("$LAB_DIR/setup.sh" --kver) || exit 1
out=$LAB_TREE/build
step "building for $kver" "$LAB_DIR/build.sh" modules tools || exit 1

tap_program manners "$LAB_DIR/lab.sh" --timeout 600 --memory 2048 \
	--hugepages 0 --device nvme --device testdev:256M \
	--payload "$out/$kver/iovascope_hugepath.ko" \
	--payload "$out/tools/iovascope" \
	--payload "$LAB_TREE/selftests/bench/guest.sh" \
	--payload "$LAB_TREE/selftests/check/tap.sh" -- ./guest.sh manners
tap_totals
