#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: table.sh DIR
#
# Kernels and programs: what passed, what failed, what was skipped and why, from
# what check/guest.sh has left in DIR (IOVASCOPE_RESULTS), a file a kernel.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

# cells FILE: "PROGRAM PASS FAIL SKIP" of each program that ran.
cells() {
	tr -d '\r' <"$1" | awk '
		function number(key) {
			if (!match($0, " " key ":[0-9]+"))
				return 0
			return substr($0, RSTART + length(key) + 2,
				      RLENGTH - length(key) - 2)
		}
		/^# Totals:/ {
			pass = number("pass")
			fail = number("fail") + number("error")
			skip = number("skip")
		}
		/^(not )?ok [0-9]+ [a-z_]+_test #/ {
			if (/^not/) {
				name = $4
				if (!fail)
					fail = 1
			} else {
				name = $3
			}
			print name, pass + 0, fail + 0, skip + 0
			pass = fail = skip = 0
		}'
}

# row KERNEL
row() {
	cells "$dir/$1" | awk -v name="$1" -v columns="${columns[*]}" '
		{
			cell[$1] = $2 "/" $3 "/" $4
			pass += $2; fail += $3; skip += $4
		}
		END {
			printf "# %-6s", name
			n = split(columns, column, " ")
			for (i = 1; i <= n; i++) {
				if (!(column[i] in cell))
					cell[column[i]] = "-"
				printf " %8s", cell[column[i]]
			}
			printf "  %6d %6d %7d\n", pass, fail, skip
		}'
}

[[ -d ${1:-} ]] || usage_error "which folder?"
dir=$1
[[ -n $(ls "$dir") ]] || exit 0
mapfile -t columns < <("$LAB_TREE/selftests/guest.sh" --list | cut -d' ' -f1)
printf '# %-6s' kernel
printf ' %8s' "${columns[@]%_test}"
printf '  passed failed skipped\n'
mapfile -t kernels < <(kernel_names)
for kernel in "${kernels[@]}"; do
	[[ ! -e $dir/$kernel ]] || row "$kernel"
done
cat <<'END'
# passed/failed/skipped. -: not run there. What asks most of a kernel runs on
# each; all of it on 6.1, 7.3 and the lab's own, where alone there is iommufd.
END
(cd "$dir" && grep -a -H -E '^ok [0-9]+ .*# *SKIP' -- *) |
	sed 's/^\([^:]*\):ok [0-9]* */# skipped, \1: /'
exit 0
