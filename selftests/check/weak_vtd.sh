#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: weak_vtd.sh run BITS COMMAND [ARG...]
#
# Run COMMAND, which starts qemu-system-x86_64, so that the emulated VT-d does
# not have the bits BITS of its capability register: 0x800000000 takes the 1 GiB
# leaves away, 0xc00000000 the 2 MiB leaves too.
#
# QEMU has no option for that, its VT-d can always do both. So COMMAND finds
# this script in PATH under QEMU's name. It starts QEMU stopped, and when the
# machine is complete changes the register where QEMU keeps it, in QEMU's own
# memory; then the machine starts. To the kernel in it this is hardware.

set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/stand_in.sh"

# What QEMU 7.2 to 10 advertise with aw-bits=48 and intremap=on, in the order
# of the bytes in memory. Searching for less would hit something else.
CAP=d2008c222f0606

die() {
	echo "weak_vtd.sh: $*" >&2
	exit 1
}

# patch PID FROM TO: replace a word of 64 bits wherever it is aligned in QEMU's
# private memory; the guest's is larger and left out. Prints how often.
patch() {
	perl -e '
		my ($pid, $from, $to) = @ARGV;
		my $hits = 0;
		$_ = pack("Q<", hex) for $from, $to;
		open(my $maps, "<", "/proc/$pid/maps") or die "maps: $!";
		open(my $mem, "+<:raw", "/proc/$pid/mem") or die "mem: $!";
		while (<$maps>) {
			/^(\w+)-(\w+) rw-p \S+ \S+ \d+\s*(\[heap\])?$/ or next;
			my ($start, $length) = (hex $1, hex($2) - hex $1);
			next if $length > 256 << 20;
			sysseek($mem, $start, 0);
			sysread($mem, my $area, $length) or next;
			for (my $at = -1; ($at = index($area, $from, $at + 1)) >= 0;) {
				next if $at % 8;
				sysseek($mem, $start + $at, 0);
				syswrite($mem, $to) == 8 or die "write: $!";
				$hits++;
			}
		}
		print "$hits\n";' "$1" "$2" "$3"
}

# weaken PID DIR: wait until QEMU's monitor answers, change it, let it go. The
# monitor's prompt comes before the reset that sets the register, its answers
# come after.
weaken() {
	local pid=$1 dir=$2 hits

	echo "info status" >"$dir/monitor.in"
	grep -q -m 1 -a 'VM status: paused' "$dir/monitor.out" ||
		die "QEMU did not come up"
	hits=$(patch "$pid" "$CAP" \
		"$(printf %x $((0x$CAP & ~WEAK_VTD_BITS)))") || hits=0
	# Its reset value and the register.
	((hits >= 2)) || echo "weak_vtd.sh: register found $hits times" >&2
	((hits < 2)) || echo cont >"$dir/monitor.in"
	((hits >= 2)) || echo quit >"$dir/monitor.in"
	cat "$dir/monitor.out" >/dev/null || true
	rm -rf "$dir"
}

# as_qemu ARG...: become QEMU, while weaken() changes it from outside.
as_qemu() {
	local dir

	dir=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-weak.XXXXXX")
	mkfifo "$dir/monitor.in" "$dir/monitor.out"
	weaken $$ "$dir" >&2 </dev/null &
	exec qemu-system-x86_64 "$@" -S \
		-chardev "pipe,id=weak,path=$dir/monitor" -mon chardev=weak
}

run() {
	stand_in WEAK_VTD_BITS="$1" "${@:2}"
}

stand_in_main 1 "$@"
