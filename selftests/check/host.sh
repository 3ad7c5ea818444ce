#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: host.sh
#
# Build and run selftests/host: unit tests of pure code, in this process's
# kernel, without a module and without root.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/tap.sh"

OUT=$LAB_TREE/build/host

echo "TAP version 13"
tap "host tests build" make -C "$LAB_TREE/selftests/host" O="$OUT" \
	KSELFTEST="$LAB_CACHE/kselftest"
for source in "$LAB_TREE"/selftests/host/*_test.c; do
	name=$(basename "$source" .c)
	tap_program "$name" timeout 120 "$OUT/$name"
done
tap_totals
