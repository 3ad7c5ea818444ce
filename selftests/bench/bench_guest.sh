#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: bench_guest.sh PART [ARG...]
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
#   steps WORK                   work that goes on, for steps.sh to look at
#   manners                      what bench must not touch, and what it leaves;
#                                a test (selftests/check/bench.sh)
#   groupless                    the same where devices have no groups, and where
#                                iommufd is all there is

set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh

testdevs() {
	devices 0x1b36:0x0005
}

# The backends that there may be, and memory for each backing.
prepare() {
	modprobe vfio-pci || exit 1
	modprobe vfio_iommu_type1
	[[ ! -e iovascope_hugepath.ko ]] || insmod iovascope_hugepath.ko || exit 1
	/lab/huge_pages.sh "${PAGES_2M:-512}" || exit
}

# The census is wanted, what the probes cost is not.
load_silent() {
	insmod iovascope.ko || exit 1
	echo 0 >/sys/kernel/debug/kprobes/enabled
}

# measure ARG...: run bench and keep its result for tell().
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
	give_to_vfio "$first"
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
	give_to_vfio "${all[@]}"
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
}

watch() {
	local rounds=$1 edu
	shift

	edu=$(devices 0x1234:0x11e8)
	modprobe vfio-pci
	mount_bpftrace
	export IOVASCOPE_KO=$PWD/iovascope.ko BENCH_BPFTRACE=$PWD/pin.sh
	./watch_bench map "$edu" "$rounds" absent loaded traced "$@" || exit 1
	./watch_bench scattered "$edu" "$rounds" absent loaded traced \
		"$@" || exit 1
	traffic "$rounds"
}

# What the host itself uses; sets $nvme and $net.
use_devices() {
	modprobe nvme
	modprobe e1000e
	sleep 2
	nvme=$(echo /dev/nvme*n1)
	net=$(ls "/sys/bus/pci/devices/$(devices 0x8086:0x10d3)/net")
	/lab/busybox ip link set "$net" up
	sleep 2
}

traffic() {
	local rounds=$1 nvme net

	[[ -d /run/bpftrace ]] || mount_bpftrace
	use_devices
	export IOVASCOPE_KO=$PWD/iovascope.ko BENCH_BPFTRACE=$PWD/dma.sh
	./watch_bench read "$nvme" "$rounds" absent loaded || exit 1
	./watch_bench send "$net" "$rounds" absent loaded bpftrace || exit 1
}

steps() {
	local nvme net arg

	modprobe vfio-pci
	use_devices
	case $1 in
	send) arg=$net ;;
	read) arg=$nvme ;;
	*) arg=$(devices 0x1234:0x11e8) ;;
	esac
	./watch_bench "$1" "$arg" 1000000 absent >said &
	until [[ -s said ]]; do
		sleep 1
	done
	insmod iovascope.ko || exit 1
	echo symbols
	grep -i ' [tw] ' /proc/kallsyms | gzip | base64
	echo ready
	wait
}

# refuses CODE MESSAGE ARG...: bench ends with the code and says so.
refuses() {
	local said rc=0

	said=$(./iovascope bench "${@:3}" 2>&1 >/dev/null) || rc=$?
	echo "code $rc: $said"
	((rc == $1)) && [[ $said == *"$2"* ]]
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

# leaves COMMAND...: succeeds, and the host is as it was.
leaves() {
	local before

	before=$(state)
	"$@" && diff <(echo "$before") <(state)
}

# measures FILTER ARG...: and what it says is so.
measures() {
	./iovascope bench --json --sizes 256M --repeat 1 "${@:2}" |
		jq -e "$1" >/dev/null
}

# In the middle of a map that takes longer than this.
dies() {
	./iovascope bench --sizes 8G --repeat 1000 --backends type1 "$@" \
		>/dev/null 2>&1 &
	sleep 2
	kill -KILL $! && ! wait $! 2>/dev/null
}

manners() {
	local nvme dev group takeover

	# shellcheck source=../check/tap.sh
	. ./tap.sh
	prepare
	modprobe nvme
	takeover=/sys/module/iovascope_hugepath/parameters/takeover
	nvme=$(devices 0x1b36:0x0010)
	dev=$(testdevs)
	tap "bench: a device that a driver uses" \
		refuses 6 "in use by its driver nvme" --device "$nvme"
	tap "bench: a device that no driver has" \
		refuses 1 "no driver has it" --device "$dev"
	give_to_vfio "$dev"
	group=$(basename "$(readlink "/sys/bus/pci/devices/$dev/iommu_group")")
	exec 5<>"/dev/vfio/$group"
	tap "bench: a device that another process uses" refuses 6 \
		"another process has its group $group open" --device "$dev"
	exec 5>&-
	tap "bench: leaves the host as it was" \
		leaves measures '.rows | length >= 5' --device "$dev"
	tap "bench: even when it is killed" leaves dies --device "$dev"
	tap "bench: and the device can be measured again" \
		leaves measures '.rows | length >= 5' --device "$dev"
	echo 1 >$takeover
	tap "bench: with takeover on, nothing is called type1" leaves measures \
		'([.rows[].backend] | unique == ["hugepath"]) and
		 any(.refused[]; .backend == "type1" and
			(.reason | test("takeover is on")))' \
		--device "$dev" --backings bar,base --backends type1,hugepath
	tap "bench: nothing measured is no success" leaves refuses 1 \
		"nothing could be measured" --device "$dev" --backends type1
	tap_totals
}

# Two more kernels than there are: one without CONFIG_VFIO_GROUP is one whose
# group has no file, and iommufd takes calls for a container at any of its names.
groupless() {
	local dev group holder

	# shellcheck source=../check/tap.sh
	. ./tap.sh
	PAGES_2M=0
	prepare
	dev=$(testdevs)
	give_to_vfio "$dev"
	group=$(basename "$(readlink "/sys/bus/pci/devices/$dev/iommu_group")")
	exec 5<>"/dev/vfio/$group"
	mv "/dev/vfio/$group" /run/group
	tap "bench, no groups: a device whose group is in use" refuses 6 \
		"another process has it open" --device "$dev"
	exec 5>&-
	tap "bench, no groups: iommufd is measured" leaves measures \
		'([.rows[].backend] | unique == ["iommufd"]) and
		 any(.refused[]; .backend == "type1")' \
		--device "$dev" --backings base --backends type1,iommufd
	./iovascope bench --sizes 256M --repeat 1000 --backings base \
		--backends iommufd --device "$dev" >/dev/null &
	holder=$!
	sleep 2
	tap "bench, no groups: a device that another process uses" refuses 6 \
		"another process has it open" --device "$dev"
	kill -KILL $holder
	wait $holder 2>/dev/null
	mv /run/group "/dev/vfio/$group"
	mount --bind /dev/iommu /dev/vfio/vfio || exit 1
	tap "bench: a container of iommufd is not called type1" leaves measures \
		'any(.refused[]; .backend == "type1" and
			(.reason | test("is iommufd on this kernel")))' \
		--device "$dev" --backings base --backends type1,iommufd
	umount /dev/vfio/vfio
	tap "bench: one of VFIO is" leaves measures \
		'[.rows[].backend] | unique == ["iommufd", "type1"]' \
		--device "$dev" --backings base --backends type1,iommufd
	tap_totals
}

"$@"
