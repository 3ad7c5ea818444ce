# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts that run in the guest share. The lab puts this file into
# /lab of every guest; the build puts it beside run_tests.sh, which runs on a
# live host, too.

# A client that maps 1 MiB of base pages for the first edu, and ends with 0 when
# it could. An array, because whoever starts it in the background wants its own
# PID and not that of a shell.
# shellcheck disable=SC2034 # for those who source this file
SMALL_CLIENT=(./vfio_client --device edu --backing base --size 1M
	--iova 0x40000000)

# devices VENDOR:DEVICE: addresses of the PCI devices with this ID, in order, a
# line each.
devices() {
	local dir

	for dir in /sys/bus/pci/devices/*; do
		[[ $(<"$dir/vendor"):$(<"$dir/device") != "$1" ]] ||
			echo "${dir##*/}"
	done
}

# device VENDOR:DEVICE [NTH]: the first of them, or the one behind NTH others.
# Fails when there is none.
device() {
	devices "$1" | sed -n "$((${2:-0} + 1)) p" | grep .
}

# give_to DRIVER ADDRESS...: take these devices from their drivers, if they have
# any, and bind them to this one, which has to be loaded.
give_to() {
	local driver=$1 bdf dir
	shift

	for bdf; do
		dir=/sys/bus/pci/devices/$bdf
		echo "$driver" >"$dir/driver_override"
		[[ ! -e $dir/driver ]] || echo "$bdf" >"$dir/driver/unbind"
		echo "$bdf" >/sys/bus/pci/drivers_probe
	done
}

give_to_vfio() {
	give_to vfio-pci "$@"
}

# harness_total LOG KEY: one number of the last line of totals that the
# kselftest harness has left in LOG, "# Totals: pass:1 fail:2 xfail:3 xpass:4
# skip:5 error:6". Prints nothing when there is no such line.
harness_total() {
	sed -n "s/^# Totals:.* $2:\([0-9]*\).*/\1/p" "$1" | tail -n 1
}
