#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: plot.sh BENCH.JSON >BENCH.SVG
#
# Cost against size, of 1G hugetlb pages, on each kernel and by each backend.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

if (($# != 1)) || [[ $1 == -* ]]; then
	print_head_comment "$0"
	exit 2
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# A line of the plot for each kernel and backend: its name, then its points.
jq -r '[.parts[] | select(.part == "costs" or .part == "far") |
	.kernel as $kernel | .result.rows[] |
	select(.backing == "hugetlb_1g") |
	select(.backend | startswith("hugepath_") | not) |
	{name: "\($kernel | sub("lab"; "7.3 with iommufd:")) \(.backend | sub("_file"; " MAP FILE"))",
	 gib: (.bytes / 1073741824),
	 map: (.map_ns / 1e6), unmap: (.unmap_ns / 1e6)}] |
	group_by(.name)[] | "\n\n\"\(.[0].name)\"",
	(unique_by(.gib)[] | "\(.gib) \(.map) \(.unmap)")' "$1" |
	sed '1,2d' >"$dir/data"
lines=$(grep -c '^"' "$dir/data") || die "$1: nothing to plot"

cat >"$dir/plot" <<END
set terminal svg size 1000,420 font "sans,11" background "white"
set multiplot title "Hugetlb 1G, instructions of an emulated processor (1 ns each)"
set logscale xy
set xlabel "GiB"
set ylabel "ms"
set grid
set xrange [1:1024]
unset key
set size 0.41, 0.92
set origin 0, 0
set title "map"
plot for [i=0:$((lines - 1))] "$dir/data" index i using 1:2 with linespoints title columnheader(1)
set size 0.59, 0.92
set origin 0.41, 0
set key outside right center font ",9"
set title "unmap"
plot for [i=0:$((lines - 1))] "$dir/data" index i using 1:3 with linespoints title columnheader(1)
END
gnuplot "$dir/plot"
