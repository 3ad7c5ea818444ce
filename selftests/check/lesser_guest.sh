#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the lab: modules that look for functions which this kernel does not have.

set -uo pipefail
. ./tap.sh
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh

root=/sys/kernel/debug/iovascope

# What the kernel's log has from the module since the last time.
log_since() {
	dmesg | sed "1,/$1/d" | sed -n 's/^\[[^]]*\] \(iovascope: \)/\1/p'
}

# Nothing is left: no module, no file, no probe.
is_gone() {
	[[ ! -e /sys/module/iovascope && ! -e $root ]] &&
		! grep -q -E 'iommu_|vfio_' /sys/kernel/debug/kprobes/list
}

# refuses MODULE FUNCTION: with ENOENT, in one line, and nothing stays.
refuses() {
	local said marker="lesser: $1"

	echo "$marker" >/dev/kmsg
	said=$(insmod "./$1.ko" 2>&1) && return 1
	echo "$said"
	[[ $said == *'Unknown symbol in module'* ||
		$said == *'No such file or directory'* ]] || return
	diff <(log_since "$marker") \
		<(echo "iovascope: cannot probe $2: error -2") && is_gone
}

value() {
	sed -n "s/^$1 //p" "$root/counters"
}

# row NAME FIELD=VALUE...: of the file "probes".
row() {
	local line field
	line=$(grep "^$1 " "$root/probes")
	shift

	echo "$line"
	for field; do
		[[ " $line " == *" $field "* ]] || return
	done
}

# What the rest of the module says is as true as ever.
rest_is_counted() {
	"${SMALL_CLIENT[@]}" || return
	[[ $(value region_map_bytes) == 1048576 ]] &&
		[[ $(value unpin_bytes) == 1048576 ]] &&
		[[ $(value unknown_unmap_bytes) == 0 ]]
}

# Not a number that is known to be wrong, and not a zero: no number.
no_pins() {
	! grep -E '^pin_' "$root"/{counters,errors,hist,schema} &&
		! grep -E ' pin_' "$root/processes"
}

tool_says() {
	local said

	said=$(./iovascope probes) || return
	echo "$said"
	grep -q -E "$1" <<<"$said"
}

# A client that holds its mapping for as long as it takes to look.
held() {
	local rc=0 pid

	"${SMALL_CLIENT[@]}" --hold 60 >/run/held 2>&1 &
	pid=$!
	until grep -q '^mapped' /run/held; do
		[[ -d /proc/$pid ]] || return
		sleep 0.1
	done
	"$@" || rc=$?
	kill $pid
	wait $pid
	return $rc
}

# domain_has PATTERN: the line of the domain that type1 has made.
domain_has() {
	local line

	line=$(grep ' backend=type1 ' "$root/domains")
	echo "$line"
	[[ " $line " =~ $1 ]]
}

# First, because the kernel has a word for the first module of this kind.
modprobe vfio-pci
tap "the whole module: loads" insmod ./whole.ko
tap "the whole module: counts" rest_is_counted
tap "the whole module: unloads" rmmod iovascope

tap "no iommu_map: refused" refuses no_map iommu_map_gone
tap "no iommu_domain_free: refused" refuses no_free iommu_domain_free_gone

tap "no pin: loads" insmod ./no_pin.ko
tap "no pin: says so" row pin symbol=vfio_pin_pages_remote_gone \
	state=missing
tap "no pin: the command says so" tool_says '^pin .*missing'
tap "no pin: the rest is counted" rest_is_counted
tap "no pin: shows no number of it" no_pins
tap "no pin: unloads" rmmod iovascope

tap "attach by another name: loads" insmod ./other_attach.ko
tap "attach by another name: found" row attach \
	symbol=intel_iommu_attach_device state=attached
tap "attach by another name: the device is seen" \
	held domain_has ' devices=[0-9a-f:.]+ '
tap "attach by another name: unloads" rmmod iovascope

tap "no attach: loads" insmod ./no_attach.ko
tap "no attach: says so" row attach state=missing
tap "no attach: the rest is counted" rest_is_counted
tap "no attach: a domain is not called exact" \
	held domain_has ' exact=0 inexact=older '
tap "no attach: unloads" rmmod iovascope
# unverified 0|1: what the module and the command say of it.
unverified() {
	local said

	[[ $(sed -n 's/^unverified //p' "$root/info") == "$1" ]] || return
	said=$(./iovascope show) || return
	echo "$said"
	[[ $(grep -c '^Unverified: ' <<<"$said") == "$1" ]]
}

# One look at an empty machine proves nothing, one at a mapping does.
checked_empty() {
	cat "$root/check" && unverified 1
}

checked_mapped() {
	grep -q ' verdict=equal ' "$root/check" && unverified 0
}

# Not without being told to, and then it says why.
refuses_unread() {
	local said marker="lesser: unread"

	echo "$marker" >/dev/kmsg
	said=$(insmod ./unread_hugepath.ko 2>&1) && return 1
	echo "$said"
	[[ $said == *'Operation not supported'* ]] &&
		[[ ! -e /sys/module/iovascope_hugepath ]] &&
		dmesg | sed "1,/$marker/d" |
		grep 'iovascope_hugepath: .* newer than .*force=1'
}

# The rows of a type1 whose names a compiler has changed, where it is part of the
# kernel (kernel) or a module. All symbols of the kernel cannot be listed.
left_rows() {
	local pin='symbol=vfio_pin_pages_remote.llvm.17263945283746592837 state=attached'

	[[ ${1:-} != kernel ]] ||
		pin='symbol=vfio_pin_pages_remote state=missing'
	# shellcheck disable=SC2086
	row pin $pin &&
		row unpin symbol=vfio_unpin_pages_remote.isra.0 state=missing &&
		row teardown symbol=vfio_unmap_unpin.part.0 state=missing &&
		row region symbol=vfio_iommu_type1_ioctl state=attached
}

# What is still called as its source says is counted, and no other.
left_counts() {
	"${SMALL_CLIENT[@]}" || return
	[[ $(value region_map_bytes) == 1048576 ]] &&
		[[ $(value pin_bytes) == 1048576 ]] &&
		! grep -E '^(unpin|teardown)_' "$root/counters"
}

replace_type1() {
	rmmod vfio_iommu_type1 && insmod ./left_type1.ko
}

restore_type1() {
	rmmod vfio_iommu_type1 && modprobe vfio_iommu_type1
}

tap "compilers' names: loads" insmod ./whole.ko
tap "compilers' names: another type1 comes" replace_type1
tap "compilers' names: probed, or missing" left_rows
tap "compilers' names: what is probed is counted" left_counts
tap "compilers' names: unloads" rmmod iovascope
tap "compilers' names: loads when they are there" insmod ./whole.ko
tap "compilers' names: probed, or missing, as before" left_rows
tap "compilers' names: the command says so" \
	tool_says '^unpin +missing .*vfio_unpin_pages_remote\.isra\.0'
tap "compilers' names: unloads again" rmmod iovascope
tap "compilers' names: loads when they are the kernel's" insmod ./inside.ko
tap "compilers' names: none of these is probed" left_rows kernel
tap "compilers' names: unloads at last" rmmod iovascope
tap "compilers' names: the kernel's type1 comes back" restore_type1

tap "built alone: loads" insmod ./alone.ko
tap "built alone: counts" rest_is_counted
tap "built alone: is not unverified" unverified 0
tap "built alone: unloads" rmmod iovascope
tap "unread kernel: loads" insmod ./unread.ko
tap "unread kernel: counts" rest_is_counted
tap "unread kernel: is unverified" unverified 1
tap "unread kernel: a check of nothing changes nothing" checked_empty
tap "unread kernel: until a check of a mapping is equal" held checked_mapped
tap "unread kernel: hugepath refuses" refuses_unread
tap "unread kernel: hugepath with force=1" insmod ./unread_hugepath.ko force=1
tap "unread kernel: hugepath unloads" rmmod iovascope_hugepath
tap "unread kernel: unloads" rmmod iovascope
tap "nothing is left" is_gone
tap_totals
