#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the lab, which plays a host that is somebody's: the tests as installed, with
# the devices that it can spare, while it has nothing to do and while it has.

set -uo pipefail
. ./tap.sh
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh
unset IOVASCOPE_LAB
export IOVASCOPE_KO=$PWD/iovascope.ko

EDU=$(device 0x1234:0x11e8)
OTHER=$(device 0x1234:0x11e8 1)
NVME=$(device 0x1b36:0x0010)
SPARES=$EDU,$OTHER,$(device 0x1b36:0x0005)

# state: what a run must leave as it was.
state() {
	local bdf

	ls -d /sys/module/iovascope 2>&1
	for bdf in ${SPARES//,/ } "$NVME"; do
		echo "$bdf: $(readlink "/sys/bus/pci/devices/$bdf/driver" |
			sed 's:.*/::') $(<"/sys/bus/pci/devices/$bdf/driver_override")"
	done
}

# runs DEVICES PASSES PROGRAM...: so many tests of these pass and none fails, and
# the host is as it was.
runs() {
	local devices=$1 min=$2 before rc=0
	shift 2

	before=$(state)
	IOVASCOPE_DEVICES=$devices installed/run_kselftest.sh "$@" >/run/said ||
		rc=$?
	cat /run/said
	((rc == 0 && $(grep -c -E '^# ok [0-9]+ [^#]*$' /run/said) >= min)) &&
		diff <(echo "$before") <(state)
}

# skips DEVICES REASON: before the first test, and the host is as it was.
skips() {
	local before said rc=0

	before=$(state)
	said=$(IOVASCOPE_DEVICES=$1 installed/region_test 2>&1) || rc=$?
	echo "exit status $rc: $said"
	((rc == 4)) && [[ $said =~ ^1\.\.0\ #\ SKIP\ $2$ ]] &&
		diff <(echo "$before") <(state)
}

# begin_client DEVICE: one that has memory mapped, until end_client.
begin_client() {
	local said

	coproc CLIENT { exec ./vfio_client --device "$1" --backing base \
		--size 1M --iova 0x40000000 --hold 600; }
	read -r -t 60 -u "${CLIENT[0]}" said && [[ $said == mapped* ]]
}

end_client() {
	kill "$CLIENT_PID"
	wait "$CLIENT_PID"
}

has_no_iommufd() {
	IOVASCOPE_DEVICES=$SPARES installed/iommufd_test >/run/said 2>&1
	(($? == 4)) && cat /run/said &&
		grep -q '# SKIP this kernel has no iommufd' /run/said
}

modprobe -a vfio-pci nvme || exit 1
give_to nvme "$NVME"
tap "no device is named" skips "" 'no spare device is named: .*'
tap "a device that its driver uses" skips "$NVME" \
	".* is in use: its driver is nvme"
tap "a kernel without iommufd" has_no_iommufd

begin_client "$EDU" || exit 1
tap "a spare that somebody has open" skips "$EDU" 'somebody has /dev/vfio/.*'
insmod iovascope.ko || exit 1
tap "the module watches somebody" skips "$OTHER" \
	'the module is in use: it watches domain [0-9]+'
end_client
exec 9</sys/kernel/debug/iovascope/counters
read -r -N 1 _ <&9
tap "the module is held" skips "$OTHER" 'the module is in use: it is held .*'
exec 9<&-
tap "a module that is idle stays" runs "$EDU" 3 trace_test
rmmod iovascope || exit 1

tap "regions, on a spare" runs "$EDU" 17 region_test
tap "modules come and go" runs "$EDU" 8 life_test
tap "of two devices, on one" runs "$EDU" 1 domain_test
tap "of two devices, on two" runs "$SPARES" 6 domain_test
tap_totals
