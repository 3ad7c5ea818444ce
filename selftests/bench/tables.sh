#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: tables.sh BENCH.JSON
#
# The tables of a run of bench.sh: those of each machine, as the tool prints
# them, then those that hold machines against each other.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

if (($# != 1)) || [[ $1 == -* ]]; then
	print_head_comment "$0"
	exit 2
fi
# align: columns of tab-separated lines; a line of one cell is a title.
align() {
	awk -F '\t' '
	function flush_rows(i, j) {
		for (i = 1; i <= n; i++)
			for (j = 1; j <= cols[i]; j++)
				printf "%-*s%s", j < cols[i] ? width[j] : 0,
					cell[i, j], j < cols[i] ? "  " : "\n"
		n = 0
		delete width
	}
	NF < 2 { flush_rows(); print; next }
	{
		n++
		cols[n] = NF
		for (j = 1; j <= NF; j++) {
			cell[n, j] = $j
			if (length($j) > width[j])
				width[j] = length($j)
		}
	}
	END { flush_rows() }'
}

"$LAB_TREE/build/tools/iovascope" bench --from "$1"
jq -r -L "$(dirname "$0")" -f "$(dirname "$0")/tables.jq" "$1" | align
if jq -e '.census' "$1" >/dev/null; then
	echo
	jq .census "$1" | jq -r -f "$(dirname "$0")/census.jq"
fi
