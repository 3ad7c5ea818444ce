#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: why_guest.sh MACHINE
#
# MACHINE is one that why.sh or opinion.sh boots: test_MACHINE below.
#
# In the lab: every cause that `iovascope why` and `iovascope host` know is
# brought about for real, by a client, a parameter, or the machine this was
# booted on, and the answer must name it with the right numbers. There are as
# many machines as there are kernel command lines and hardware to tell apart;
# what needs no machine of its own is tested on the able one.
#
# A test is a function in why/, by the kind of its cause. This file says which
# machine runs which tests.

set -uo pipefail
. ./tap.sh
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh
for part in answer memory stale bar start record host iommufd; do
	# shellcheck source=/dev/null
	. "./why/$part.sh"
done

machine=$1

load() {
	insmod ./iovascope.ko && modprobe vfio-pci
}

# What is alike on every kernel.
every_kernel() {
	insmod ./iovascope.ko
	tap "host: no-backend, before VFIO is loaded" host_without_backend
	modprobe vfio-pci
	/lab/huge_pages.sh 512 || exit
	./why_client --device "$SMALL_BAR" --gated >/run/gated 2>&1 &
	gated=$!
	tap "host: an able machine" host_able
	tap "nothing to fix" nothing_to_fix
	tap "not-congruent by 2 MiB" not_congruent
	tap "not-congruent by 4 KiB" not_congruent_by_4k
	tap "joined-late" joined_late
	tap "permission-split" permission_split
	tap "hole in a page" hole
	tap "hole of a PC, and QEMU" hole_of_a_pc
	tap "not-congruent, and QEMU" not_congruent_vm
	tap "run-too-short" run_too_short
	tap "fragmented, of base pages" fragmented base 4M 2m 4k
	tap "fragmented, of THP" fragmented thp 1G 1g 2m
	tap "fragmented, of 2 MiB hugetlb" fragmented hugetlb_2m 1G 1g 2m
	stale_tests
	tap "disable-hugepages" disable_hugepages
	tap "identity" identity
	tap "a BAR with nothing to fix" bar_is_well
	tap "bar-unaligned" bar_unaligned
	tap "hole in a BAR" hole_in_a_bar
	tap "start: stuck-pin" start_stuck
	kill "$gated"
	wait "$gated"
	tap "bar-too-small" bar_too_small
	tap "start: nothing to fix" start_nothing_to_fix
	tap "start: first-touch, seven devices and base pages" \
		start_first_touch
	tap "start: base-pages, seven devices" start_base_pages
	tap "start: teardown-walk, and from a recording" start_teardown
	tap "start: duplicate-pins" start_duplicates
}

# Last, because it loads the module anew.
every_kernel_blind() {
	tap "a module that is blind" blind
	tap "host: blind-probe" host_blind
	tap "start: blind-probe" start_blind
}

# Before the module is loaded anew.
record_tests() {
	tap "record: what the module counts, and devices" record_is_counted
	tap "record: why --start, device-reset" record_says_why
	tap "record: a pause" record_finds_a_pause
	tap "record: of one that runs already" record_comes_late
	tap "record: --next" record_the_next
	tap "record: a full disk, a module that goes" record_ends_well
}

test_able() {
	every_kernel
	tap "leaves-capped" leaves_capped
	tap "start: bar-lookup, seven devices and 1 GiB pages" start_bars
	record_tests
	every_kernel_blind
}

# The same on another kernel, but for what its time goes into.
test_mappings() {
	every_kernel
	tap "fragmented, of 64 KiB folios" fragmented_folios
	every_kernel_blind
}

# A kernel that resolves BARs by the steps their addresses allow, and pins
# memory in batches: opinion.sh.
test_large_steps() {
	load
	tap "start: BARs by large steps" start_bars_by_large_steps
	tap "start: bar-address" start_bar_address
	tap "start: bar-lookup, for want of a good address" \
		start_bar_lookup_by_address
	tap "start: map-entries" start_map_entries
}

test_sp_off() {
	load
	tap "sp-off" sp_off
	tap "host: sp-off" answer_is 1 'any(.causes[]; .cause == "sp-off")' host
}

# On the kernel that the lab builds: opinion.sh.
test_iommufd() {
	load && modprobe iommufd
	tap "iommufd, well mapped" iommufd_nothing_to_fix
	tap "iommufd-no-huge: switched off" iommufd_no_huge small
	tap "iommufd-no-huge: v1" iommufd_no_huge v1
	tap "start: duplicate-pins, by two iommufds" iommufd_duplicates
}

test_no_1g() {
	load
	tap "hw-no-1g" hw_no_1g
	tap "host: hw-no-1g" answer_is 0 'any(.causes[]; .cause == "hw-no-1g") and
		.units.dmar0.second_leaves == ["4k", "2m"]' host
}

# The other unit has no interrupt remapping, so that VFIO takes the machine for
# one that has none.
two_units() {
	load
	echo Y >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
	tap "host: two units, one without 1G" host_two_units
	tap "hw-no-1g: $1" "$1"
	tap "hw-no-1g: its own unit's" behind_the_weak_unit
}

test_two_units() {
	two_units other_unit
}

# The newest kernels: opinion.sh.
test_unit_each() {
	two_units own_unit
}

test_no_2m() {
	load
	/lab/huge_pages.sh 8 || exit
	tap "hw-no-2m" hw_no_2m
	tap "host: hw-no-2m" answer_is 1 'any(.causes[]; .cause == "hw-no-2m") and
		.units.dmar0.second_leaves == ["4k"]' host
	tap "host: no-1g-pages" no_1g_pages
}

test_off() {
	load
	tap "iommu-off" answer_is 1 "$(cause iommu-off true)" why "$EDU"
	tap "host: iommu-off" answer_is 1 "$(cause iommu-off true)" host
}

# An IOMMU that is not Intel's.
test_amd() {
	load
	tap "not-vtd: another IOMMU" not_intel why "$EDU"
	tap "host: another IOMMU" not_intel host
}

test_none() {
	load
	tap "not-vtd" answer_is 1 "$(cause not-vtd true)" why "$EDU"
	tap "host: not-vtd" answer_is 1 "$(cause not-vtd true)" host
}

"test_$machine"
tap "$machine: the module unloads" rmmod iovascope
tap_totals
