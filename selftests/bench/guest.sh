#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: guest.sh PART [ARG...]
#
# One part of the bench, in the lab; bench.sh runs it. Results are lines
# "result PART {..}" and "bench {..}" on stdout.
#
#   costs TIME ROUNDS SIZES FAR  map and unmap each backing by each backend, and
#                                hugetlb pages of 1G at FAR, sizes far larger
#                                than memory
#   node ALIGN SIZE              a VM with all the pci-testdevs starts and ends
#   watch ROUNDS WATCHER...      what watching costs VFIO, and the host's own DMA
#   traffic ROUNDS               what it costs the host's own DMA
#   manners                      what bench must not touch, and what it leaves

set -uo pipefail
cd "$(dirname "$0")" || exit 1

# devices VENDOR:DEVICE: their addresses, a line each.
devices() {
	local dir

	for dir in /sys/bus/pci/devices/*; do
		[[ $(<"$dir/vendor"):$(<"$dir/device") != "$1" ]] ||
			echo "${dir##*/}"
	done
}

testdevs() {
	devices 0x1b36:0x0005
}

lend() {
	local bdf

	for bdf; do
		echo vfio-pci >"/sys/bus/pci/devices/$bdf/driver_override"
		echo "$bdf" >/sys/bus/pci/drivers_probe
	done
}

# The backends that there may be, and memory for each backing.
prepare() {
	modprobe vfio-pci || exit 1
	modprobe vfio_iommu_type1
	[[ ! -e iovascope_hugepath.ko ]] || insmod iovascope_hugepath.ko || exit 1
	echo "${PAGES_2M:-512}" \
		>/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
}

# The census is wanted, what the probes cost is not.
load_silent() {
	insmod iovascope.ko || exit 1
	echo 0 >/sys/kernel/debug/kprobes/enabled
}

# measure ARG...: what bench says, kept for tell.
measure() {
	./iovascope bench --json "$@" >>measured || exit 1
}

# tell PART TIME: one result of all that was measured, in the kind of time that
# it is.
tell() {
	printf 'result %s %s\n' "$1" "$(jq -cs --arg time "$2" '
		reduce .[1:][] as $more (.[0]; .rows += $more.rows |
			.first_touch += $more.first_touch |
			.slopes += $more.slopes | .node += $more.node |
			.refused += $more.refused) | .machine.time = $time' \
		measured)"
	rm measured
}

# Smaller leaves are forced where the pages are larger than those.
costs() {
	local first with stock=type1,iommufd,iommufd_file,hugepath

	prepare
	load_silent
	first=$(testdevs | head -n 1)
	lend "$first"
	with=(--device "$first" --repeat "$2")
	measure "${with[@]}" --sizes "$3" --backings hugetlb_1g,bar
	measure "${with[@]}" --sizes "$3" --backings hugetlb_2m,thp \
		--backends $stock,hugepath_4k
	measure "${with[@]}" --sizes "$3" --backings base,memfd \
		--backends $stock
	tell costs "$1"
	measure "${with[@]}" --sizes "$4" --backings hugetlb_1g \
		--backends hugepath
	tell far "$1"
}

node() {
	local all align=()

	[[ $1 == both ]] || align=(--want "$1")
	PAGES_2M=0
	prepare
	mapfile -t all < <(testdevs)
	lend "${all[@]}"
	measure --node --device "$(IFS=, && echo "${all[*]}")" \
		--repeat 1 --sizes "$2" --backings hugetlb_1g \
		--backends type1,iommufd,hugepath "${align[@]}"
	tell node emulated
}

mount_bpftrace() {
	local dir

	modprobe loop
	mkdir -p /run/bpftrace
	mount -o ro,loop image /run/bpftrace || exit 1
	for dir in dev proc run sys tmp; do
		mount --rbind "/$dir" "/run/bpftrace/$dir"
	done
	export BENCH_BPFTRACE=$PWD/pin.sh
}

watch() {
	local rounds=$1 edu
	shift

	edu=$(devices 0x1234:0x11e8)
	modprobe vfio-pci
	[[ " $* " != *" bpftrace "* ]] || mount_bpftrace
	export IOVASCOPE_KO=$PWD/iovascope.ko
	./watch_bench map "$edu" "$rounds" absent loaded traced "$@" || exit 1
	./watch_bench scattered "$edu" "$rounds" absent loaded traced \
		"$@" || exit 1
	traffic "$rounds"
}

traffic() {
	local nvme net

	modprobe nvme
	modprobe e1000e
	sleep 2
	export IOVASCOPE_KO=$PWD/iovascope.ko
	nvme=$(echo /dev/nvme*n1)
	net=$(ls "/sys/bus/pci/devices/$(devices 0x8086:0x10d3)/net")
	/lab/busybox ip link set "$net" up
	sleep 2
	./watch_bench read "$nvme" "$1" absent loaded || exit 1
	./watch_bench send "$net" "$1" absent loaded || exit 1
}

# refuses CODE MESSAGE ARG...: bench ends with the code and says so.
refuses() {
	local said rc=0

	said=$(./iovascope bench "${@:3}" 2>&1 >/dev/null) || rc=$?
	if ((rc == $1)) && [[ $said == *"$2"* ]]; then
		echo "ok bench refuses: $2"
		pass=$((pass + 1))
	else
		echo "not ok bench refuses: $2 # code $rc: $said"
		fail=$((fail + 1))
	fi
}

# What a host would notice, in one text.
state() {
	local file

	for file in /sys/kernel/mm/hugepages/*/*_hugepages \
		/sys/module/{vfio*,iovascope*}/parameters/* \
		/proc/sys/kernel/{ftrace_enabled,tainted}; do
		echo "$file $(<"$file")"
	done
	printf '%s\n' /sys/bus/pci/drivers/*/0000:*
	cut -d' ' -f1,3 /proc/modules | sort
}

manners() {
	local nvme dev before group

	pass=0 fail=0
	prepare
	modprobe nvme
	nvme=$(devices 0x1b36:0x0010)
	dev=$(testdevs)
	refuses 6 "in use by its driver nvme" --device "$nvme"
	refuses 1 "no driver has it" --device "$dev"
	lend "$dev"
	group=$(basename "$(readlink "/sys/bus/pci/devices/$dev/iommu_group")")
	exec 5<>"/dev/vfio/$group"
	refuses 6 "another process has its group $group open" --device "$dev"
	exec 5>&-
	before=$(state)
	if ./iovascope bench --device "$dev" --sizes 256M --repeat 1 --json |
		jq -e '.rows | length >= 5' >/dev/null &&
		[[ $(state) == "$before" ]]; then
		echo "ok bench leaves the host as it was"
		pass=$((pass + 1))
	else
		echo "not ok bench leaves the host as it was"
		diff <(echo "$before") <(state)
		fail=$((fail + 1))
	fi
	echo "# totals pass=$pass fail=$fail skip=0"
	((fail == 0))
}

"$@"
