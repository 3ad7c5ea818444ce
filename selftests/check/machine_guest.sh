#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: machine_guest.sh none|off|passthrough|other
#
# In the lab: what the module and the tool say on a machine without VT-d, with
# it switched off, with the host's own devices in passthrough, or with an IOMMU of
# somebody else's.

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

# held COMMAND...: while a client has 1 MiB mapped.
held() {
	local rc=0 pid

	./vfio_client --device edu --backing base --size 1M \
		--iova 0x40000000 --hold 60 >/run/held 2>&1 &
	pid=$!
	until grep -q '^mapped' /run/held; do
		[[ -d /proc/$pid ]] || {
			cat /run/held
			return 1
		}
		sleep 0.1
	done
	"$@" || rc=$?
	kill $pid
	wait $pid
	return $rc
}

# What the calls say is known; nothing that only a table could tell.
domain_in_bytes() {
	local line

	line=$(grep ' backend=type1 ' "$root/domains")
	echo "$line"
	[[ $line == *' exact=1 '*' live_bytes=1048576 '* &&
		$line == *' map_bytes=1'* && $line == *' map_ns='* ]] &&
		! grep -E 'leaves|live_4k|table_bytes' <<<"$line"
}

# Keys that are absent, and not zeros.
nobody_claims_leaves() {
	! grep -E '_leaves|split_leaf|table_bytes_implied|live_4k' \
		"$root"/{counters,schema,processes,domains} |
		grep -v ' in=census '
}

cannot_be_checked() {
	says ' verdict=unreadable devices=[0-9a-f:.]*$' cat "$root/check"
}

shows_bytes() {
	says '^1.0 MiB mapped in 1 domain, in leaves that are not known\.$' \
		./iovascope show
}

tap "$machine: the module loads" insmod ./iovascope.ko
if [[ $machine == passthrough ]]; then
	modprobe vfio-pci
	tap "$machine: info says VT-d is in use" \
		says '^intel_iommu 1$' cat "$root/info"
	tap "$machine: there is no note" no_note
	tap "$machine: a VFIO client is counted" client_is_counted
elif [[ $machine == other ]]; then
	modprobe vfio-pci
	echo Y >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
	tap "$machine: info says VT-d is not in use" \
		says '^intel_iommu 0$' cat "$root/info"
	tap "$machine: show says what is known" \
		says '^Note: .* bytes, calls and times are known' \
		./iovascope show
	tap "$machine: a VFIO client is counted" client_is_counted
	tap "$machine: its domain, in bytes" held domain_in_bytes
	tap "$machine: no leaves are claimed" held nobody_claims_leaves
	tap "$machine: there is no table to check" held cannot_be_checked
	tap "$machine: show claims none" held shows_bytes
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
