#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: cli.sh
#
# The tool on recorded trees: every executable selftests/host/cli/*.sh, with
# IOVASCOPE set to the tool just built.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/tap.sh"

export IOVASCOPE=$LAB_TREE/build/tools/iovascope
PATH+=:$LAB_CACHE/prometheus

echo "TAP version 13"
tap "the tool builds" flock "$LAB_TREE" make -C "$LAB_TREE" tools
tap "promtool and the validator are there" "$LAB_DIR/setup.sh" prometheus \
	validator
for script in "$LAB_TREE"/selftests/host/cli/*.sh; do
	[[ ! -x $script ]] ||
		tap_program "$(basename "$script")" timeout 600 "$script"
done
tap_totals
