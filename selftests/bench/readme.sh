#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: readme.sh BENCH.JSON
#
# What README.md says of a run of bench.sh, as it stands there between two marks.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

if (($# != 1)) || [[ $1 == -* ]]; then
	print_head_comment "$0"
	exit 2
fi
here=$(dirname "$0")
jq -r -L "$here" -f "$here/readme.jq" "$1"
