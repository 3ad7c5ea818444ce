#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: two_units.sh run BITS SLOT COMMAND [ARG...]
#
# Run COMMAND, which starts qemu-system-x86_64, so that the machine has a second
# remapping unit: one for the device in slot SLOT of the root bus, whose
# capability register lacks the bits BITS of QEMU's (0x800000000: 1 GiB leaves).
#
# QEMU has one VT-d. But a kernel believes the ACPI table DMAR, which an initrd
# can replace, and a unit is a page of registers: here a page of the machine's
# memory that its command line reserves, and in which somebody from outside
# answers commands as hardware would. It invalidates nothing, because it keeps
# nothing, and it translates nothing: its device must not do DMA. All that the
# kernel decides by its capabilities is real.
#
# COMMAND finds this script in PATH under QEMU's name.

set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/stand_in.sh"

# The page of registers: memory below 2 GiB that a booting kernel leaves alone.
REGISTERS=0x20000000
# As QEMU's: see weak_vtd.sh. No queued invalidation and no interrupt
# remapping, which would be work; passthrough; IOTLB registers at 0xf0.
CAP=0xd2008c222f0606
ECAP=0xf40

# The table: a unit for one device, and QEMU's for all others (VT-d spec 8).
# Its names are QEMU's and its revision is higher, or it would replace nothing.
dmar_table() {
	perl -e '
		my ($registers, $slot) = @ARGV;
		my $one = pack("vvCCvQ< CCvCCCC", 0, 24, 0, 0, 0, $registers,
			       1, 8, 0, 0, 0, $slot, 0);
		my $all = pack("vvCCvQ<", 0, 16, 1, 0, 0, 0xfed90000);
		my $units = $one . $all;
		my $table = pack("a4VCCa6a8Va4V CCx10", "DMAR",
				 48 + length $units, 1, 0, "BOCHS ", "BXPC    ",
				 2, "BXPC", 1, 47, 0) . $units;
		substr($table, 9, 1) =
			pack("C", -unpack("%8C*", $table) & 0xff);
		print $table;' "$((REGISTERS))" "$((TWO_UNITS_SLOT))"
}

# early_initrd: the archive that kernels look into before they have an ACPI.
early_initrd() {
	local top=$1/early

	mkdir -p "$top/kernel/firmware/acpi"
	dmar_table >"$top/kernel/firmware/acpi/dmar.aml"
	(cd "$top" && find kernel | cpio -o -H newc --quiet -R 0:0)
}

# answer PID MIB: be the unit's hardware until QEMU goes. The machine's memory
# is the one area that is as large.
answer() {
	perl -e '
		my ($pid, $size, $at, $cap, $ecap) = @ARGV;
		my ($base, $memory);

		sub get {
			my ($offset, $type, $length) = @_;
			sysseek($memory, $base + $at + $offset, 0);
			sysread($memory, my $raw, $length) or exit;
			return unpack($type, $raw);
		}
		sub put {
			my ($offset, $raw) = @_;
			sysseek($memory, $base + $at + $offset, 0);
			syswrite($memory, $raw) or exit;
		}

		until ($base) {
			open(my $maps, "<", "/proc/$pid/maps") or exit;
			while (<$maps>) {
				/^(\w+)-(\w+) rw/ or next;
				$base = hex $1 if hex($2) - hex($1) == $size;
			}
			select(undef, undef, undef, 0.001) unless $base;
		}
		open($memory, "+<:raw", "/proc/$pid/mem") or die "mem: $!";
		while (1) {
			# Version, capabilities; firmware may have cleared them.
			put(0x00, pack("V", 0x10));
			put(0x08, pack("Q<Q<", $cap, $ecap));
			my $command = get(0x18, "V", 4);
			# Translation is on when it is wanted; the root table is
			# always the one that was set.
			put(0x1c, pack("V", $command & 0x80000000 | 0x40000000));
			my $context = get(0x28, "Q<", 8);
			put(0x28, pack("Q<", $context & ~(1 << 63) |
					     ($context >> 61 & 3) << 59))
				if $context >> 63;
			my $iotlb = get(0xf8, "Q<", 8);
			put(0xf8, pack("Q<", $iotlb & ~(1 << 63) |
					     ($iotlb >> 60 & 3) << 57))
				if $iotlb >> 63;
			select(undef, undef, undef, 0.0005);
		}' "$1" "$(($2 << 20))" "$((REGISTERS))" \
		"$((CAP & ~TWO_UNITS_BITS))" "$((ECAP))"
}

# as_qemu ARG...: become QEMU, with a table, a page and a unit more.
as_qemu() {
	local args=() memory='' dir

	dir=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-units.XXXXXX")
	while (($#)); do
		case $1 in
		-m) memory=$2 ;;
		-append) set -- "$1" "$2 memmap=4K\$$REGISTERS" "${@:3}" ;;
		-initrd)
			{
				early_initrd "$dir"
				cat "$2"
			} >"$dir/initrd"
			set -- "$1" "$dir/initrd" "${@:3}"
			;;
		esac
		args+=("$1")
		shift
	done
	(
		answer $$ "$memory" || true
		rm -rf "$dir"
	) >&2 </dev/null &
	exec qemu-system-x86_64 "${args[@]}"
}

run() {
	stand_in TWO_UNITS_BITS="$1" TWO_UNITS_SLOT="$2" "${@:3}"
}

stand_in_main 2 "$@"
