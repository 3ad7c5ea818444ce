#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: table.sh LOG...
#
# From the logs of stages, one table: kernel by test program, and a reason for
# each test that did not run. What selftests/run_tests.sh prints tells all of
# it, on whatever kernel it runs, be it in the log as it is or as tap_program
# repeats it. Prints nothing where no log has it.

set -euo pipefail

# rows LOG...: "KERNEL PROGRAM PASS FAIL SKIP" of each program that ran, and
# "KERNEL skipped TEST, REASON".
rows() {
	cat "$@" | tr -d '\r' | sed 's/^#   //' | awk '
		function number(key) {
			if (!match($0, " " key ":[0-9]+"))
				return 0
			return substr($0, RSTART + length(key) + 2,
				      RLENGTH - length(key) - 2)
		}
		/^# kernel / { kernel = $3; next }
		/^# totals / { kernel = "" }
		!kernel { next }
		/^# Totals:/ {
			pass = number("pass")
			fail = number("fail") + number("error")
			skip = number("skip")
		}
		/^(not )?ok [0-9]+ [a-z_]+_test #/ {
			name = /^not/ ? $4 : $3
			# One that ended badly has failed, whatever it counted.
			if (/^not/ && !fail)
				fail = 1
			print kernel, name, pass + 0, fail + 0, skip + 0
			pass = fail = skip = 0
		}
		/^ok [0-9]+ .*# *SKIP/ {
			sub(/^ok [0-9]+ /, "")
			print kernel, "skipped", $0
		}'
}

# row KERNEL PROGRAM...: from what rows() says, on stdin.
row() {
	awk -v name="$1" -v columns="${*:2}" '
		$1 == name && $2 != "skipped" {
			cell[$2] = $3 "/" $4 "/" $5
			pass += $3; fail += $4; skip += $5
		}
		END {
			printf "# %-20s", name
			n = split(columns, column, " ")
			for (i = 1; i <= n; i++) {
				if (!(column[i] in cell))
					cell[column[i]] = "-"
				printf " %9s", cell[column[i]]
			}
			printf "   %6d %6d %7d\n", pass, fail, skip
		}'
}

all=$(rows "$@")
[[ -n $all ]] || exit 0
mapfile -t kernels < <(cut -d' ' -f1 <<<"$all" | sort -u -V)
mapfile -t columns < <(awk '$2 != "skipped" { print $2 }' <<<"$all" | sort -u)
echo "# passed/failed/skipped on each kernel; '-': not run there"
printf '# %-20s' kernel
printf ' %9s' "${columns[@]%_test}"
printf '   passed failed skipped\n'
for kernel in "${kernels[@]}"; do
	row "$kernel" "${columns[@]}" <<<"$all"
done
sed -n 's/^\([^ ]*\) skipped /# skipped on \1: /p' <<<"$all"
