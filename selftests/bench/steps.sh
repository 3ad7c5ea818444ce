#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: steps.sh [--kernel NAME] WORK FUNCTION
#
# Where the instructions of a hit go. One call of the kernel's FUNCTION is
# followed from its entry to its return, step by step, while watch_bench does
# WORK (map, scattered, read or send) with the module loaded. Prints what it
# came through with the number of instructions, in order; then the sums.
#
#   steps.sh --kernel 6.12 send iommu_map      a packet that is let go
#   steps.sh scattered vfio_pin_pages_remote   a pin that is counted
#
# Takes gdb. lab.sh finds this script under QEMU's name, and so starts a QEMU
# that a debugger can stop.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "$(readlink -f "$0")")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/stand_in.sh"

# No call that is worth looking at is longer.
MAX_STEPS=50000

# The first calls are those of a cold machine.
SKIP=20

as_qemu() {
	exec qemu-system-x86_64 "$@" -gdb chardev:steps -chardev \
		"socket,id=steps,path=$STEPS_DIR/gdb,server=on,wait=off"
}

boot() {
	TMPDIR=$dir stand_in STEPS_DIR="$dir" IOVASCOPE_ACCEL=tcg "$LAB_DIR/lab.sh" \
		--kernel "$KERNEL" --memory 4096 --hugepages 0 \
		--append nokaslr --device edu --device nvme:null \
		--device e1000e --payload "$LAB_TREE/build/$kver/iovascope.ko" \
		--payload "$LAB_TREE/build/selftests/watch_bench" \
		--payload "$LAB_TREE/selftests/bench/bench_guest.sh" \
		-- ./bench_guest.sh steps "$WORK"
}

# Its symbols are there, and the work is being done.
wait_for_work() {
	until grep -q '^ready' "$dir/log"; do
		kill -0 "$1" 2>/dev/null || {
			tail -n 20 "$dir/log" >&2
			die "the machine ended before it was looked at"
		}
		sleep 1
	done
	tr -d '\r' <"$dir/log" | sed -n '/^symbols$/,/^ready$/{//!p}' |
		base64 -d | gzip -d | sort >"$dir/symbols"
}

# follow ADDRESS: the addresses of a call, in $dir/steps.
follow() {
	cat >"$dir/follow" <<-END
		set pagination off
		set confirm off
		set architecture i386:x86-64
		target remote $dir/gdb
		break *0x$1
		ignore 1 $SKIP
		continue
		delete
		set \$back = *(unsigned long *)\$rsp
		set \$nr = 0
		while \$rip != \$back && \$nr < $MAX_STEPS
			printf "step %016lx\n", \$rip
			stepi
			set \$nr = \$nr + 1
		end
		monitor quit
	END
	# It is cut off when the machine ends, and takes that for an error.
	timeout 60 gdb -nx -batch -x "$dir/follow" >"$dir/followed" 2>&1 || true
	sed -n 's/^step //p' "$dir/followed" >"$dir/steps"
	[[ -s $dir/steps ]] || die "nobody called it, within a minute"
}

# Addresses and symbols are of one length: their order is that of their text.
name_all() {
	awk '
	function name_of(address, low, high, mid) {
		low = 1
		high = nr
		while (low < high) {
			mid = int((low + high + 1) / 2)
			if (at[mid] <= address)
				low = mid
			else
				high = mid - 1
		}
		return name[low]
	}
	function flush_run() {
		if (run)
			printf "%8d  %s\n", run, last
		run = 0
	}
	FNR == NR { at[++nr] = $1; name[nr] = $3 ($4 ? " " $4 : ""); next }
	{
		now = name_of($1)
		if (now != last)
			flush_run()
		last = now
		run++
		sum[now]++
		all++
		ours += now ~ /\[iovascope\]$/
	}
	END {
		flush_run()
		print ""
		for (now in sum)
			printf "%8d  %s\n", sum[now], now | "sort -rn"
		close("sort -rn")
		printf "\n%8d  in all, %d of them of the module\n", all, ours
	}' "$dir/symbols" -
}

if [[ ${0##*/} == qemu-system-x86_64 ]]; then
	stand_in_for_qemu "$@"
fi
KERNEL=
if [[ ${1:-} == --kernel && $# -ge 2 ]]; then
	KERNEL=$2
	shift 2
fi
if (($# != 2)) || [[ $1 == -* ]]; then
	print_head_comment "$0"
	exit 2
fi
WORK=$1 function=$2
kernel_row "$KERNEL" || usage_error "no kernel '$KERNEL' in the table"
KERNEL=$ROW_NAME
command -v gdb >/dev/null || die "no gdb: apt-get install gdb"
"$LAB_DIR/setup.sh" --kernel "$KERNEL" kernel root
build_for "$KERNEL" modules selftests

dir=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-steps.XXXXXX")
machine=
trap 'step_abort; [[ -z $machine ]] || kill -- -"$machine" 2>/dev/null || true
	rm -rf "$dir"' EXIT
# A group of its own, to be ended as one.
set -m
boot >"$dir/log" 2>&1 </dev/null &
machine=$!
set +m
step "booting, and waiting for $WORK" wait_for_work "$machine"
address=$(awk -v name="$function" '$3 == name { print $1; exit }' \
	"$dir/symbols")
[[ $address ]] || die "kernel $kver has no function $function"
step "following a call of $function" follow "$address"
wait "$machine" 2>/dev/null || true
machine=
name_all <"$dir/steps"
