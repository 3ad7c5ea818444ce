# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Causes that lie in the BARs that are mapped: their size, their address, and
# what cannot be mapped of them.

bar_too_small() {
	hold ./vfio_client --device "$SMALL_BAR" --backing bar --size 256M \
		--hold 600 &&
		answer_is 0 "$(cause bar-too-small "
			\$c.device == \"$SMALL_BAR\" and
			\$c.bar_bytes == 256 * $M and \$c.bytes == 256 * $M and
			\$c.used == \"2m\" and .fix_needed == false")" why "$PID"
}

bar_unaligned() {
	hold ./vfio_client --device "$BAR" --backing bar --size 1G \
		--offset 2M --hold 600 &&
		answer_is 1 "$(cause bar-unaligned "
			\$c.bytes == $G and \$c.used == \"2m\" and
			(\$c.iova + \$c.shift_bytes) % $G == 0")" why "$PID"
}

bar_is_well() {
	hold ./vfio_client --device "$BAR" --backing bar --size 1G --hold 600 &&
		answer_is 0 "$NOTHING_TO_FIX" why "$PID"
}

# The page of an MSI-X table, in the middle of a BAR, cannot be mapped.
hole_in_a_bar() {
	hold ./why_client --device "$BAR" --bars 1G --hole 4K &&
		answer_is 1 "$(cause hole "
			\$c.bytes == $G - 4096 and \$c.hole_bytes == 4096 and
			\$c.hole_iova == $G * 1024 + $G / 2 and
			\$c.device == \"$BAR\" and \$c.used == \"2m\" and
			(\$c.fix | test(\"MSI-X\")) and
			([.causes[].bytes] | add) == .short_bytes")" why "$PID"
}
