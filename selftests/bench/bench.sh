#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: bench.sh [--kernel NAME]... [--part NAME]... [--jobs N] [--add]
#
# Measure everything that is claimed, in the lab, and print the tables.
# Everything goes to build/bench/bench.json; bench.svg is drawn from it. Those
# of a release are kept in selftests/bench/results.
#
#   --kernel NAME  this kernel of the lab (repeatable; default: 6.1, 6.12, 7.3
#                  and lab, where the table has them)
#   --part NAME    this part (repeatable; default: all)
#   --jobs N       machines at once (default: one for each processor)
#   --add          to what was measured before, in place of the same parts
#
# Parts:
#
#   costs   map and unmap of each backing by each backend; and 1G pages, again
#           and again, up to 1 TiB of IOVA
#   node    seven BARs of 128 GiB and a VM's memory: start and end (not kernel
#           lab, which would repeat 7.3)
#   watch   what watching costs those who are watched; on other kernels than
#           the first only the host's own DMA, on kernel lab not at all
#   census  the census against the kernel's own print (kernel lab only)
#
# All parts but node run on a processor whose time is its instructions (lab.sh
# --icount): their figures do not depend on what else this host does. That one
# takes too long for it; its time is emulated. Ratios within one part of one
# kernel are what counts.
#
# To make a run the one that is kept and that README.md quotes: keep.sh.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
BENCH_DIR=$LAB_TREE/selftests/bench

ALL_KERNELS=(6.1 6.12 7.3 lab)
ALL_PARTS=(costs node watch census)
KERNELS=()
PARTS=()
JOBS=$(nproc)
ADD=0

while (($#)); do
	case $1 in
	-h | --help)
		print_head_comment "$0"
		exit 0
		;;
	--add)
		ADD=1
		shift
		continue
		;;
	--kernel | --part | --jobs)
		(($# >= 2)) || usage_error "$1 needs a value"
		;;&
	--kernel)
		kernel_row "$2" || usage_error "no kernel '$2' in the table"
		KERNELS+=("$2")
		;;
	--part)
		[[ " ${ALL_PARTS[*]} " == *" $2 "* ]] ||
			usage_error "no part '$2': ${ALL_PARTS[*]}"
		PARTS+=("$2")
		;;
	--jobs)
		[[ $2 =~ ^[1-9][0-9]*$ ]] || usage_error "--jobs needs a number"
		JOBS=$2
		;;
	*) usage_error "unknown argument '$1'" ;;
	esac
	shift 2
done

if ! ((${#KERNELS[@]})); then
	for name in "${ALL_KERNELS[@]}"; do
		! kernel_row "$name" || KERNELS+=("$name")
	done
fi
((${#PARTS[@]})) || PARTS=("${ALL_PARTS[@]}")

has_part() {
	[[ " ${PARTS[*]} " == *" $1 "* ]]
}

set_up() {
	local kernel

	for kernel in "${KERNELS[@]}"; do
		"$LAB_DIR/setup.sh" --kernel "$kernel"
		step "building for kernel $kernel" "$LAB_DIR/build.sh" \
			--kernel "$kernel" modules tools selftests
		# Roots of releases have different libraries.
		rm -rf "${OUT:?}/$kernel"
		mkdir -p "$OUT/$kernel"
		cp "$LAB_TREE"/build/tools/iovascope \
			"$LAB_TREE"/build/selftests/watch_bench \
			"$LAB_TREE/build/$("$LAB_DIR/setup.sh" \
				--kernel "$kernel" --kver)"/*.ko "$OUT/$kernel/"
	done
	"$LAB_DIR/setup.sh" plotting
	! has_part watch || IMAGE=$("$BENCH_DIR/bpftrace.sh" | tail -n 1)
}

# run KERNEL PART LAB-OPTION... -- ARG...: its lines go to a file of its own.
run() {
	local kernel=$1 part=$2 start=$SECONDS log
	shift 2
	log=$OUT/$kernel.$part.log

	rm -f "$log" "$log".*
	if "$LAB_DIR/lab.sh" --kernel "$kernel" --timeout 1500 \
		--payload "$OUT/$kernel/." --payload "$BENCH_DIR/bench_guest.sh" \
		"$@" >"$log" 2>"$log.errors"; then
		say "kernel $kernel, $part: done in $((SECONDS - start)) s"
	else
		say "kernel $kernel, $part: FAILED after $((SECONDS - start)) s"
		cat "$log" "$log.errors" >&2
		touch "$log.failed"
	fi
}

# A machine with a GPU's BAR.
run_costs() {
	run "$1" costs --icount --memory 8192 --hugepages 4 \
		--device testdev:8G -- \
		./bench_guest.sh costs instructions 3 1G,4G,8G 16G,64G,256G,512G,1T
}

# The seed's: the firmware's window holds exactly seven such BARs, but not with
# the range below 1 TiB that a processor of AMD's keeps for itself. Up to 6.12
# page frames are looked up one by one, so that alignment changes nothing and is
# measured once.
run_node() {
	local devices=() align=1g

	[[ $1 != lab ]] || return 0
	for _ in {1..7}; do
		devices+=(--device testdev:128G)
	done
	[[ $1 != 7.* ]] || align=both
	run "$1" node --cpu max,vendor=GenuineIntel "${devices[@]}" \
		--memory 8192 --hugepages 4 -- ./bench_guest.sh node "$align" 4G
}

run_watch() {
	local part=(traffic 3)

	[[ $1 != lab ]] || return 0
	[[ $1 != "${KERNELS[0]}" ]] || part=(watch 3 no_pin bpftrace)
	run "$1" watch --icount --memory 4096 --hugepages 0 \
		--device edu --device nvme:null --device e1000e \
		--payload "$IMAGE" --payload "$BENCH_DIR/pin.sh" \
		--payload "$BENCH_DIR/dma.sh" -- ./bench_guest.sh "${part[@]}"
}

run_census() {
	[[ $1 == lab && -x $BENCH_DIR/census.sh ]] || return 0
	rm -f "$OUT/census.json"
	"$BENCH_DIR/census.sh" --kernel "$1" || touch "$OUT/$1.census.log.failed"
}

# Longest first, so that nothing long is left over at the end.
run_all() {
	local part kernel

	for part in node costs watch census; do
		has_part "$part" || continue
		for kernel in "${KERNELS[@]}"; do
			while (($(jobs -rp | wc -l) >= JOBS)); do
				wait -n || true
			done
			"run_$part" "$kernel" &
		done
	done
	wait
}

# Each result with its kernel and its part.
collect_parts() {
	local log kernel part json

	for log in "$OUT"/*.log; do
		kernel=$(basename "$log" .log)
		kernel=${kernel%.*}
		tr -d '\r' <"$log" | sed -n 's/^result //p' |
			while read -r part json; do
				jq -c --arg kernel "$kernel" --arg part "$part" \
					'{kernel: $kernel, part: $part, result: .}' \
					<<<"$json"
			done
		tr -d '\r' <"$log" | sed -n 's/^bench //p' |
			jq -cs --arg kernel "$kernel" -f "$BENCH_DIR/watch.jq"
	done
}

# collect SECONDS: one object, which "iovascope bench --from" and "--compare"
# read.
collect() {
	collect_parts | jq -cs --arg version "$VERSION" \
		--argjson seconds "$1" --slurpfile census \
		<(cat "$OUT/census.json" 2>/dev/null) \
		-f "$BENCH_DIR/collect.jq"
}

OUT=$LAB_TREE/build/bench
VERSION=$(iovascope_version)
mkdir -p "$OUT"
((ADD)) || rm -f "$OUT"/*.log "$OUT"/*.log.* "$OUT"/census.json
trap 'step_abort; kill $(jobs -p) 2>/dev/null || true' EXIT
set_up
started=$SECONDS
run_all
# What was added says nothing about how long all of it takes.
((ADD)) && took=null || took=$((SECONDS - started))
collect "$took" >"$OUT/bench.json"
"$BENCH_DIR/tables.sh" "$OUT/bench.json"
"$BENCH_DIR/plot.sh" "$OUT/bench.json" >"$OUT/bench.svg"
say "plot: $OUT/bench.svg"
say "all figures: $OUT/bench.json, measured in $((SECONDS - started)) s"
! compgen -G "$OUT/*.failed" >/dev/null
