#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: machine_guest.sh none|off|passthrough
#
# In the lab: what the module and the tool say on a machine without VT-d, with
# it switched off, or with the host's own devices in passthrough.

set -uo pipefail
. ./tap.sh
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh

machine=$1
root=/sys/kernel/debug/iovascope

says() {
	local pattern=$1
	shift

	"$@" | grep -q -e "$pattern"
}

nothing_is_mapped() {
	says '^Nothing is mapped' ./iovascope show
}

no_note() {
	! grep '^note' "$root/info"
}

# Refused by VFIO, and nothing is counted that did not happen.
client_is_refused() {
	! "${SMALL_CLIENT[@]}" && says '^map_calls 0$' cat "$root/counters"
}

# The host's devices pass through; VFIO's domain has a table all the same.
client_is_counted() {
	"${SMALL_CLIENT[@]}" && says '^region_map_bytes 1048576$' cat "$root/counters"
}

tap "$machine: the module loads" insmod ./iovascope.ko
if [[ $machine == passthrough ]]; then
	modprobe vfio-pci
	tap "$machine: info says VT-d is in use" \
		says '^intel_iommu 1$' cat "$root/info"
	tap "$machine: there is no note" no_note
	tap "$machine: a VFIO client is counted" client_is_counted
else
	modprobe vfio-pci
	tap "$machine: info says VT-d is not in use" \
		says '^intel_iommu 0$' cat "$root/info"
	tap "$machine: show says why there is nothing to see" \
		says '^Note: VT-d is not in use' ./iovascope show
	tap "$machine: a VFIO client is refused" client_is_refused
fi
tap "$machine: show says that nothing is mapped" nothing_is_mapped
tap "$machine: the module unloads" rmmod iovascope
tap_totals
