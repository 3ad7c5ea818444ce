#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: refuse_guest.sh MACHINE
#
# MACHINE is one that refuse.sh boots: test_MACHINE below.
#
# In the lab: calls are refused for real, by a client that is gone when
# `iovascope refusals` is asked why; the answer must name the cause with the
# right numbers. What the module remembers of each, refusal_test.c looks at: it
# is its clients that are refused here.

set -uo pipefail
. ./tap.sh
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh

machine=$1
M=$((1 << 20))
last=0

# ask EXIT FILTER ARG...: iovascope ARG... --json must end with EXIT, and the
# filter must hold of what it says.
ask() {
	local want=$1 filter=$2 rc=0
	shift 2

	./iovascope "$@" --json >/run/answer || rc=$?
	# jq is content with nothing at all.
	((rc == want)) && [[ -s /run/answer ]] &&
		jq -e "$filter" /run/answer >/dev/null && return
	echo "iovascope $* ended with $rc, $want is right; must hold: $filter"
	jq . /run/answer
	return 1
}

newest() {
	./iovascope refusals --json |
		jq '[.causes[].refusal | tonumber] | max // 0'
}

# since: what was refused after $last, in jq.
since() {
	echo "[.causes[] | select((.refusal | tonumber) > $last)]"
}

# refused COMMAND...: somebody who is refused something.
refused() {
	last=$(newest)
	IOVASCOPE_LAB=1 "$@" >/run/client 2>&1 || {
		cat /run/client
		return 1
	}
}

# client NAME: one of those of refusal_test.
client() {
	refused ./refusal_test -t "$1"
}

# must_fail COMMAND...
must_fail() {
	! "$@"
}

# found EXIT FILTER: of the refusals since, of which $r is the first. Those who
# made them are gone: why says it as well.
found() {
	ask "$1" "$(since) | sort_by(.refusal | tonumber) | .[0] as \$r |
		length > 0 and ($2)" refusals
}

# cause NAME FILTER: what the first of them is, in jq.
cause() {
	echo "\$r.cause == \"$1\" and ($2)"
}

# ---- the able machine ----

bad_arguments() {
	client bad_arguments &&
		found 1 "$(cause bad-argument 'map(.cause) == ["bad-argument",
			"bad-argument", "bad-argument", "iova-too-wide"]') and
			(.[3] | .needs_bits == 51 and .has_bits == 48)"
}

unknown_flag() {
	client unknown_flag && found 1 "$(cause not-in-kernel true)"
}

reserved() {
	client reserved_range &&
		found 1 "$(cause iova-reserved "
			\$r.reserved_first == $((0xfee00000)) and
			\$r.reserved_last == $((0xfeefffff)) and
			\$r.nearest_iova == $((0xfef00000))")"
}

# A process that is gone is asked about by its PID.
why_gone() {
	local pid

	client reserved_range || return
	pid=$(./iovascope refusals --json | jq "$(since)[0].pid")
	must_fail test -d "/proc/$pid" &&
		ask 1 '.fix_needed == true and .refusals[0].cause ==
			"iova-reserved" and (.answer | test("^Refused"))' \
			why "$pid" &&
		ask 1 '.fix_needed == true and (.answer | test("^Refused"))' \
			why --start "$pid" &&
		./iovascope show >/run/show && sed -n 1,3p /run/show &&
		sed -n 1p /run/show | grep '^Refused .*(iova-reserved)'
}

taken() {
	client short_unmap_and_overlap &&
		found 1 "$(cause unmap-short 'map(.cause) ==
			["unmap-short", "iova-taken"]') and
			(\$r.says | test(\"4.0 MiB removed 0 B\")) and
			(.[1].evidence | any(test(\"64.0 MiB\")))"
}

bisected() {
	client bisect && found 1 "$(cause unmap-bisects true)"
}

entries() {
	client entry_limit && found 1 "$(cause entry-limit true)"
}

limit() {
	client limit &&
		found 1 "$(cause memlock "\$r.over_bytes == $((M / 4)) and
			\$r.limit_bytes == $((32 * M))")"
}

# The limit of locked memory of those is infinite, and not what was reached.
cgroup() {
	client cgroup_is_full &&
		found 1 "$(cause cgroup-limit "\$r.memcg_max_bytes == $((32 * M))
			and \$r.errno == 12")"
}

# One of them was made up for, the other is not.
overcome() {
	client overcome &&
		found 1 "$(cause overcome 'map(.cause) ==
			["overcome", "memlock"]')"
}

pool() {
	client pool &&
		found 1 "$(cause pool-empty "\$r.missing_bytes == $((32 * M)) and
			\$r.pool_page_bytes == $((2 * M)) and
			(\$r.fix | test(\"^16 more pages\"))")"
}

# part MIB: as much of the memory is in the way, in jq.
part() {
	echo "\$r.memory_bytes == $(($1 * M))"
}

hole() {
	client hole && found 1 "$(cause memory-hole "$(part 1)")"
}

no_access() {
	client no_access && found 1 "$(cause memory-no-access "$(part 1)")"
}

read_only() {
	client read_only && found 1 "$(cause memory-read-only "$(part 1)")"
}

past_end() {
	client past_end && found 1 "$(cause memory-past-end "$(part 4)")"
}

secret() {
	client secret && found 1 "$(cause memory-secret "$(part 8)")"
}

bar_off() {
	client bar_off && found 1 "$(cause bar-off true)"
}

busy() {
	client group_is_busy && found 1 "$(cause group-busy true)"
}

# Somebody has it while it is asked.
held() {
	local pid group

	group=$(basename "$(readlink "/sys/bus/pci/devices/$EDU/iommu_group")")
	sleep 100 3<>"/dev/vfio/$group" &
	pid=$!
	last=$(newest)
	must_fail ./vfio_client --device "$EDU" --backing base --size 1M &&
		found 1 "$(cause group-busy "\$r.holder_pid == $pid")"
	set -- $?
	kill "$pid"
	return "$1"
}

not_in_group() {
	client device_of_another_group &&
		found 1 "$(cause not-in-group true)"
}

disorder() {
	client disorder &&
		found 1 "$(cause no-container 'map(.cause) ==
			["no-container", "no-container", "no-container"]')"
}

# The chipset's functions are one group; the disk controller has a driver.
not_viable() {
	local device=0000:00:1f.3

	modprobe ahci || return
	last=$(newest)
	must_fail ./vfio_client --device $device --backing base --size 1M &&
		found 1 "$(cause group-not-viable "
			\$r.members[\"0000:00:1f.2\"] == \"ahci\" and
			(\$r.members | has(\"$device\")) and
			(\$r.evidence | any(test(\"ahci\"))) and
			(\$r.evidence | any(test(\"other functions .* no ACS\")))")"
}

# QEMU unmaps what it never mapped, and asks what it may have: no false alarm.
qemu() {
	last=$(newest)
	rm -f /run/qemu.pid
	qemu-system-x86_64 -S -machine q35 -nodefaults -display none -m 256M \
		-daemonize -pidfile /run/qemu.pid \
		-device "vfio-pci,host=$EDU" || return
	kill "$(</run/qemu.pid)"
	tail --pid="$(</run/qemu.pid)" -f /dev/null
	./iovascope refusals --json | jq -e "$(since) | map(select(.matters == true)) == []"
}

good() {
	client good_client
	./iovascope refusals --json | jq -e "$(since) == []"
}

nothing() {
	ask 0 '.fix_needed == false and .causes == [] and
		.answer == "Nothing was refused."' refusals &&
		must_fail grep '^Refused' <(./iovascope show)
}

metrics() {
	./iovascope metrics |
		grep -E '^iovascope_refusals_total\{errno="14",step="pin"\} [1-9]'
}

trace() {
	local events=/sys/kernel/tracing

	echo 1 >"$events/events/iovascope/refusal/enable"
	client limit
	echo 0 >"$events/events/iovascope/refusal/enable"
	grep 'call=map_dma step=pin errno=12 ' "$events/trace"
}

test_able() {
	tap "able: nothing was refused yet" nothing
	tap "able: a good client" good
	tap "able: QEMU" qemu
	tap "able: arguments" bad_arguments
	tap "able: a flag that the kernel does not know" unknown_flag
	tap "able: the window of MSIs" reserved
	tap "able: why, of a process that is gone" why_gone
	tap "able: an unmap of a part, and what is there" taken
	tap "able: an unmap that cuts" bisected
	tap "able: too many regions" entries
	tap "able: the limit of locked memory" limit
	tap "able: a limit that was raised" overcome
	tap "able: a cgroup that is full" cgroup
	tap "able: an empty pool" pool
	tap "able: a hole" hole
	tap "able: memory that is not accessible" no_access
	tap "able: memory that is read-only" read_only
	tap "able: a file that has ended" past_end
	tap "able: memory that is secret" secret
	tap "able: a BAR that is off" bar_off
	tap "able: a group that was busy" busy
	tap "able: a group that is held" held
	tap "able: a device of another group" not_in_group
	tap "able: steps out of order" disorder
	tap "able: a group that is not viable" not_viable
	tap "able: metrics" metrics
	tap "able: the tracepoint" trace
}

# ---- 39 bits ----

narrow() {
	client bad_arguments &&
		found 1 "(.[3] | .cause == \"iova-too-wide\" and
			.needs_bits == 51 and .has_bits == 39)"
}

# Where a VMM places a BAR, and what that costs: not memory.
narrow_bar() {
	last=$(newest)
	must_fail ./vfio_client --device testdev --backing bar --size 32M \
		--iova 0x380000000000 &&
		found 1 "$(cause iova-too-wide "\$r.needs_bits == 46 and
			\$r.has_bits == 39 and
			(\$r.evidence | any(test(\"peer-to-peer\")))")"
}

test_narrow() {
	tap "narrow: an IOVA" narrow
	tap "narrow: a BAR" narrow_bar
}

# ---- interrupts are not remapped ----

no_remapping() {
	local group

	group=$(basename "$(readlink "/sys/bus/pci/devices/$EDU/iommu_group")")
	last=$(newest)
	must_fail ./vfio_client --device edu --backing base --size 1M &&
		found 1 "$(cause no-interrupt-remapping "\$r.errno == 1 and
			\$r.call == \"set_iommu\" and
			\$r.group == \"$group\"")"
}

test_no_remapping() {
	tap "no_remapping: EPERM" no_remapping
}

# ---- an IOMMU that is off ----

# Nobody can have the device, and why that is, is not the device's.
off_host() {
	ask 1 '.able == false and .causes[0].cause == "no-group" and
		any(.causes[]; .cause == "iommu-off") and
		(.causes[0].evidence | any(test("switches the IOMMU off")))' \
		host --device "$EDU"
}

test_off() {
	tap "off: host" off_host
}

# ---- iommufd ----

iommufd() {
	last=$(newest)
	IOVASCOPE_LAB=1 ./iommufd_test -t "$1" >/run/client 2>&1 && return
	cat /run/client
	return 1
}

# What is lost is named, and that memory is not.
iommufd_bar() {
	iommufd refused_bar && found 1 "$(cause bar-not-memory '
		map(.cause) == ["bar-not-memory"]') and
		(.[0].evidence | any(test(\"peer-to-peer\")))"
}

# The last of them is an unmap of what is not there, as QEMU makes it.
iommufd_iova() {
	iommufd refused_iova && found 1 "$(cause iova-taken '
		map(.cause) == ["iova-taken", "iova-reserved", "harmless"]') and
		.[2].cause == \"harmless\" and .[2].matters == false"
}

iommufd_limit() {
	iommufd refused_limit &&
		found 1 "$(cause memlock-user "\$r.limit_bytes == $((2 * M))")"
}

iommufd_device() {
	iommufd refused_device && found 1 '
		map(.call) == ["device_attach", "group_open"] and
		.[1].cause == "group-busy"'
}

test_iommufd() {
	modprobe iommufd
	tap "iommufd: a BAR by its address" iommufd_bar
	tap "iommufd: what is taken, reserved, not there" iommufd_iova
	tap "iommufd: the user's limit" iommufd_limit
	tap "iommufd: a device" iommufd_device
}

insmod ./iovascope.ko
modprobe vfio-pci
/lab/huge_pages.sh 128
EDU=$(device 0x1234:0x11e8)
[[ $machine == off ]] || give_to_vfio "$EDU"
"test_$machine"
tap "$machine: the module unloads" rmmod iovascope
tap_totals
