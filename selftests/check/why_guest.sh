#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: why_guest.sh MACHINE
#
# MACHINE is one that why.sh or opinion.sh boots: test_MACHINE below.
#
# In the lab: every cause that `iovascope why` and `iovascope host` know is
# brought about for real, by a client, a parameter, or the machine this was
# booted on, and the answer must name it with the right numbers. As many
# machines as there are kernel command lines and hardware to tell apart; what
# needs no machine of its own is tested on the able one.
#
# A test is a function. It holds a client (which dies with the test), asks, and
# says in jq what must be true of the answer.

set -uo pipefail
. ./tap.sh
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh

machine=$1
M=$((1 << 20))
G=$((1 << 30))
IOVA=$((64 * G))
# Memory of 1 GiB pages that outlives the client: only the first has to wait
# until it is zeroed.
GIB=(--backing hugetlb_1g --size 1G --file /dev/hugepages1G/gib)
SEVEN=(--device testdev --device testdev --device testdev --device testdev
	--device testdev --device testdev --device testdev)

EDU=$(device 0x1234:0x11e8 0)
IDLE=$(device 0x1234:0x11e8 1)
BAR=$(device 0x1b36:0x0005 0)
SMALL=$(device 0x1b36:0x0005 7)
NIC=$(device 0x8086:0x10d3 0)

let_go() {
	[[ -n ${PID:-} ]] || return 0
	kill "$PID" 2>/dev/null
	tail --pid="$PID" -f /dev/null
	PID=
}

# hold COMMAND...: start a client and wait until it holds what it maps. It ends
# with the test, which tap runs in a shell of its own.
hold() {
	let_go
	trap let_go EXIT
	"$@" >/run/client 2>&1 &
	PID=$!
	while ! grep -q -E '^(mapped|stuck)' /run/client; do
		if ! kill -0 "$PID"; then
			cat /run/client
			return 1
		fi
		sleep 0.1
	done
}

# hold_qemu OPTION...: a machine that is complete, and not running.
hold_qemu() {
	let_go
	trap let_go EXIT
	qemu-system-x86_64 -S -machine q35 -nodefaults -display none \
		-daemonize -pidfile /run/qemu.pid "$@" &&
		PID=$(</run/qemu.pid)
}

# asks EXIT FILTER ARG...: iovascope ARG... --json must end with EXIT, and the
# filter must hold of what it says. $c is the first cause. EXIT may be "told",
# where it depends on how fast the machine is: what the answer says itself.
# Of a start, phases add up to the total and causes to no more.
asks() {
	local want=$1 filter=$2 rc=0
	shift 2

	[[ " $* " != *" --start "* ]] || filter="($filter) and
		([.phases[]] | add) == .total_ns and
		([.causes[] | select(.cause != \"stuck-pin\").ns] | add // 0) <=
			.total_ns"
	./iovascope "$@" --json >/run/answer || rc=$?
	[[ $want != told ]] || want=$(jq .fix_needed /run/answer)
	((rc == want)) &&
		jq -e ".causes[0] as \$c | $filter" /run/answer >/dev/null &&
		return
	echo "iovascope $* ended with $rc, $want is right; must hold: $filter"
	jq 'del(.vmas) | .causes |= .[:4]' /run/answer
	return 1
}

# cause NAME FILTER: an answer whose first cause is NAME.
cause() {
	echo "\$c.cause == \"$1\" and ($2)"
}

all_is_well='.fix_needed == 0 and .short_bytes == 0 and .causes == [] and
	.missing == []'

# ---- why is this not mapped at 1 GiB ----

clean() {
	local id

	hold ./why_client "${GIB[@]}" &&
		asks 0 "$all_is_well and .leaf_bytes[\"1g\"] == $G and
			.mapped_bytes == $G and .wanted_bytes == $G" \
			why "$PID" &&
		asks 0 ".vmas | any(.hugetlb_bytes == $G and
			.page_bytes == $G and .iommu_1g_bytes == $G)" \
			why "$PID" &&
		asks 0 "$all_is_well and .target.kind == \"device\"" \
			why "$EDU" || return
	id=$(jq -r '.target.domains[0]' /run/answer)
	asks 0 "$all_is_well and .target.kind == \"domain\" and
		.mapped_bytes == $G" why "domain:$id" &&
		asks 0 "$all_is_well" why "$PID" &&
		./iovascope why "$PID" | sed -n 1p >/run/first &&
		jq -r .answer /run/answer | diff - /run/first
}

# What it says would do, must do.
not_congruent() {
	local iova

	hold ./why_client "${GIB[@]}" \
		--iova $((IOVA + 2 * M)) &&
		asks 1 "$(cause not-congruent "
			\$c.bytes == $G and \$c.used == \"2m\" and
			\$c.page_bytes == $G and .short_bytes == $G and
			(\$c.iova + \$c.shift_bytes) % $G == 0 and
			\$c.iova_would_do % $G == 0")" why "$PID" || return
	iova=$(jq '.causes[0].iova_would_do' /run/answer)
	hold ./why_client "${GIB[@]}" --iova "$iova" &&
		asks 0 "$all_is_well" why "$PID"
}

not_congruent_by_4k() {
	hold ./why_client --backing hugetlb_2m --size 4M \
		--iova $((IOVA + 4096)) &&
		asks 1 "$(cause not-congruent "
			\$c.used == \"4k\" and \$c.page_bytes == 2 * $M and
			(\$c.iova + \$c.shift_bytes) % (2 * $M) == 0")" \
			why "$PID" --want 2m
}

# A VM whose memory is split within a GiB: what lies above 4 GiB is shifted.
not_congruent_vm() {
	hold_qemu -machine max-ram-below-4g=1536M -m 3G \
		-mem-path /dev/hugepages1G -device "vfio-pci,host=$NIC" &&
		asks 1 "$(cause not-congruent "
			\$c.bytes == $G + $G / 2 and \$c.iova == 4 * $G and
			\$c.shift_bytes == $G / 2 and \$c.used == \"2m\" and
			(\$c.fix | test(\"max-ram-below-4g\"))")" why "$PID"
}

joined_late() {
	hold ./why_client "${GIB[@]}" --chunk 2M &&
		asks 1 "$(cause joined-late "
			\$c.bytes == $G and \$c.used == \"2m\" and
			.causes == [\$c]")" why "$PID"
}

permission_split() {
	hold ./why_client "${GIB[@]}" --read-only &&
		asks 1 "$(cause permission-split "
			.short_bytes == $G and \$c.used == \"2m\" and
			([.causes[].bytes] | add) == $G")" why "$PID"
}

# A hole that nobody needs, in the middle of one 1 GiB page.
hole() {
	hold ./why_client "${GIB[@]}" --hole 2M &&
		asks 1 "$(cause hole "
			\$c.bytes == $G - 2 * $M and \$c.fixable == 1 and
			\$c.hole_iova == $IOVA + $G / 2 and
			\$c.hole_bytes == 2 * $M")" why "$PID"
}

# The first GiB of a PC has a hole that it cannot be without; the second none.
hole_of_a_pc() {
	give_to_vfio "$NIC"
	hold_qemu -m 2G -mem-path /dev/hugepages1G \
		-device "vfio-pci,host=$NIC" &&
		asks 0 "$(cause hole "
			\$c.fixable == 0 and .fix_needed == 0 and
			\$c.bytes >= $G - 2 * $M and \$c.bytes <= $G and
			.wanted_bytes == $G")" why "$PID"
}

run_too_short() {
	hold ./why_client --backing hugetlb_2m --size 4M &&
		asks 0 "$(cause run-too-short "
			\$c.bytes == 4 * $M and \$c.used == \"2m\" and
			.fix_needed == 0")" why "$PID" &&
		asks 0 "$all_is_well" why "$PID" --want 2m
}

# fragmented BACKING SIZE WANT USED
fragmented() {
	hold ./why_client --backing "$1" --size "$2" --touch scattered &&
		asks 1 "$(cause fragmented "
			\$c.backing == \"$1\" and \$c.used == \"$4\" and
			\$c.bytes == .mapped_bytes and
			.causes == [\$c]")" why "$PID" --want "$3"
}

# Huge pages that are no 2 MiB, where a kernel has them.
fragmented_folios() {
	local thp=/sys/kernel/mm/transparent_hugepage rc=0

	echo never >$thp/hugepages-2048kB/enabled
	echo always >$thp/hugepages-64kB/enabled
	hold ./why_client --backing thp --size 4M --step 64K \
		--touch scattered &&
		asks 1 "$(cause fragmented "
			\$c.backing == \"thp\" and \$c.page_bytes == 65536 and
			\$c.bytes == 4 * $M and \$c.possible == \"2m\" and
			.causes == [\$c]")" why "$PID" --want 2m || rc=1
	echo never >$thp/hugepages-64kB/enabled
	echo inherit >$thp/hugepages-2048kB/enabled
	return $rc
}

bar_too_small() {
	hold ./vfio_client --device "$SMALL" --backing bar --size 256M \
		--hold 600 &&
		asks 0 "$(cause bar-too-small "
			\$c.device == \"$SMALL\" and
			\$c.bar_bytes == 256 * $M and \$c.bytes == 256 * $M and
			\$c.used == \"2m\" and .fix_needed == 0")" why "$PID"
}

bar_unaligned() {
	hold ./vfio_client --device "$BAR" --backing bar --size 1G \
		--offset 2M --hold 600 &&
		asks 1 "$(cause bar-unaligned "
			\$c.bytes == $G and \$c.used == \"2m\" and
			(\$c.iova + \$c.shift_bytes) % $G == 0")" why "$PID"
}

bar_is_well() {
	hold ./vfio_client --device "$BAR" --backing bar --size 1G --hold 600 &&
		asks 0 "$all_is_well" why "$PID"
}

# The page of an MSI-X table, in the middle of a BAR of 1 GiB or more.
hole_in_a_bar() {
	hold ./why_client --device "$BAR" --bars 1G --hole 4K &&
		asks 1 "$(cause hole "
			\$c.bytes == $G - 4096 and \$c.hole_bytes == 4096 and
			\$c.hole_iova == $G * 1024 + $G / 2 and
			\$c.device == \"$BAR\" and \$c.used == \"2m\" and
			(\$c.fix | test(\"MSI-X\")) and
			([.causes[].bytes] | add) == .short_bytes")" why "$PID"
}

disable_hugepages() {
	local file=/sys/module/vfio_iommu_type1/parameters/disable_hugepages
	local rc=0

	echo 1 >$file
	hold ./why_client --backing hugetlb_2m --size 4M &&
		asks 1 "$(cause disable-hugepages "
			\$c.bytes == 4 * $M and \$c.used == \"4k\"")" \
			why "$PID" --want 2m &&
		asks 1 'any(.causes[]; .cause == "disable-hugepages")' host ||
		rc=1
	echo 0 >$file
	return $rc
}

# The experimental backend's own switch. It goes again: what follows is stock.
leaves_capped() {
	local parameters=/sys/module/iovascope_hugepath/parameters rc=0

	insmod ./iovascope_hugepath.ko takeover=1 leaf=2M &&
		hold ./why_client "${GIB[@]}" &&
		asks 1 "$(cause leaves-capped "
			\$c.bytes == $G and \$c.used == \"2m\" and
			\$c.possible == \"1g\" and .causes == [\$c]")" \
			why "$PID" &&
		asks 1 'any(.causes[]; .cause == "leaves-capped")' host &&
		echo 1G >$parameters/leaf &&
		hold ./why_client "${GIB[@]}" &&
		asks 0 "$all_is_well" why "$PID" || rc=1
	let_go
	rmmod iovascope_hugepath || rc=1
	return $rc
}

identity() {
	echo identity >"/sys/bus/pci/devices/$IDLE/iommu_group/type" &&
		asks 1 "$(cause identity 'true')" why "$IDLE"
}

# ---- where did the seconds of a start go ----

# The seed's start: its memory is in order, its BARs take the time.
start_bars() {
	hold ./why_client "${SEVEN[@]}" "${GIB[@]}" \
		--bars 2G &&
		asks 1 "$(cause bar-lookup "
			.backings.mmio.bytes == 14 * $G and
			.backings.hugetlb_1g.bytes == $G and
			\$c.ns == .backings.mmio.ns and
			([.causes[].ns] | . == (sort | reverse)) and
			(\$c.evidence | any(test(\"no vfio_pci_mmap_huge_fault\"))) and
			(.answer | test(\"BAR\"))")" why --start "$PID" &&
		[[ $(./iovascope why --start "$PID" | sed -n 1p) == *BAR* ]]
}

# Time is judged here, by nanoseconds for each 4 KiB: on a machine whose time
# is the number of its instructions. On a kernel that resolves BARs by large
# steps, all is well with them.
start_bars_by_large_steps() {
	hold ./why_client --device "$BAR" --bars 128G &&
		asks 0 ".fix_needed == 0 and .missing == [] and
			.backings.mmio.bytes == 128 * $G and
			([.causes[].cause] | index(\"bar-lookup\") == null and
			index(\"bar-address\") == null)" why --start "$PID"
}

# By 2 MiB steps where their address allows no others, and the address that
# is said to do, does: see above.
start_bar_address() {
	hold ./why_client --device "$BAR" --bars 128G --bar-shift 2M &&
		asks 1 "$(cause bar-address "
			.backings.mmio.bytes == 128 * $G and
			\$c.ns == .backings.mmio.ns and
			\$c.askew_bytes == 128 * $G and
			\$c.va % $G == 2 * $M and
			(\$c.va + \$c.shift_bytes) % $G == 0 and
			(.answer | test(\"BAR\"))")" why --start "$PID" || return
	# Of one that is gone, nobody knows.
	kill "$PID"
	tail --pid="$PID" -f /dev/null
	asks 0 '(.missing | any(test("virtual addresses of BARs"))) and
		([.causes[].cause] | index("bar-address") == null)' \
		why --start "$PID"
}

# By no large steps at all: the address is part of the evidence.
start_bar_lookup_by_address() {
	hold ./why_client --device "$BAR" --bars 1028M --bar-shift 4K &&
		asks 1 "$(cause bar-lookup "
			.backings.mmio.bytes == 1028 * $M and
			\$c.askew_bytes == 1028 * $M and
			\$c.va % $G == 4096 and
			(\$c.evidence | any(test(\"has vfio_pci_mmap_huge\"))) and
			(\$c.fix | test(\"virtual addresses\"))")" why --start "$PID"
}

# Pins are fast where they are batched; entries remain, one for each 4 KiB.
start_map_entries() {
	hold ./why_client "${GIB[@]}" --iova $((IOVA + 4096)) &&
		asks 0 "$(cause map-entries "
			\$c.fixable == 0 and \$c.ns == .phases.map_ns and
			(\$c.evidence | any(test(\"262144 4K\")))")" \
			why --start "$PID"
}

# The same with 4 KiB memory that nobody has touched before.
start_first_touch() {
	hold ./why_client "${SEVEN[@]}" --backing base --size 512M \
		--touch none --bars 64M &&
		asks 1 "$(cause first-touch "
			.phases.first_touch_ns * 2 > .total_ns and
			.backings.base.bytes == 512 * $M and
			(.answer | test(\"BAR\") | not)")" why --start "$PID"
}

# And with 4 KiB memory that has been touched, which a 7.x pins in less time
# than is worth a fix.
start_base_pages() {
	hold ./why_client "${SEVEN[@]}" --backing base --size 512M \
		--bars 4M &&
		asks told "$(cause base-pages "
			(.fix_needed == 1) == (.total_ns >= 100000000) and
			.phases.first_touch_ns == 0 and
			.backings.base.bytes == 512 * $M and
			(.answer | test(\"BAR\") | not)")" why --start "$PID"
}

start_clean() {
	hold ./why_client "${GIB[@]}" &&
		asks 0 "$(cause pin-lookup "
			.fix_needed == 0 and .phases.first_touch_ns == 0 and
			.backings.hugetlb_1g.bytes == $G")" why --start "$PID"
}

# A process that is gone, and one of which only a recording is left.
start_teardown() {
	local pid walk

	hold ./why_client "${GIB[@]}" || return
	pid=$PID
	let_go
	walk="$(cause teardown-walk "\$c.fixable == 0 and \$c.ns > 0 and
		\$c.ns == .phases.walk_ns")"
	asks 0 "$walk" why --start "$pid" &&
		cp /run/answer /run/live &&
		./iovascope snapshot >/run/recording &&
		asks 0 "$walk" why --start "$pid" --from /run/recording &&
		cmp /run/live /run/answer
}

start_duplicates() {
	hold ./why_client "${SEVEN[@]}" --containers "${GIB[@]}" &&
		asks told "$(cause duplicate-pins "
			(.fix_needed == 1) == (.total_ns >= 100000000) and
			\$c.factor_percent == 700 and
			.backings.hugetlb_1g.bytes == 7 * $G")" \
			why --start "$PID"
}

# What was started long before the test, so that it is stuck for long enough.
start_stuck() {
	local pid start

	pid=$(sed -n 's/^stuck //p' /run/gated)
	start=$(cut -d' ' -f22 "/proc/$pid/stat")
	while (($(cut -d. -f1 /proc/uptime) < start / 100 + 12)); do
		sleep 1
	done
	asks 1 "$(cause stuck-pin "\$c.ns >= 10000000000 and
		\$c.tid == $pid and .phases.unfinished_ns >= \$c.ns and
		(.answer | test(\"does not go on\"))")" why --start "$pid"
}

# The module must not see pins, nor who attaches devices.
blind() {
	rmmod iovascope && insmod ./iovascope.ko skip=pin,attach
}

host_blind() {
	asks 1 '[.causes[] | select(.cause == "blind-probe") | .probe] ==
		["pin", "attach"]' host
}

start_blind() {
	hold ./why_client --backing base --size 512M --touch none &&
		asks 1 "$(cause blind-probe "
			\$c.probe == \"pin\" and
			\$c.ns == .phases.map_rest_ns and
			.phases.first_touch_ns == 0 and .backings == {} and
			.missing == [\"pin: the probe pin is off\"]")" \
			why --start "$PID" &&
		asks 1 '.missing | index("devices: the probe attach is off") !=
			null' why "$EDU" --want 2m
}

# ---- the machines ----

load() {
	insmod ./iovascope.ko && modprobe vfio-pci
}

host_without_backend() {
	asks 1 'any(.causes[]; .cause == "no-backend") and
		.backends.vfio_iommu_type1 == 0' host
}

host_able() {
	asks 0 '.fix_needed == 0 and .causes == [] and
		.units.dmar0.second_leaves == ["4k", "2m", "1g"] and
		.units.dmar0.translation == 1 and .hugetlb["1g"].total == 4 and
		(.cmdline | index("intel_iommu=on") != null) and
		.backends.vfio_iommu_type1 == 1' host
}

no_1g_pages() {
	asks 1 'any(.causes[]; .cause == "no-1g-pages") and
		.hugetlb["1g"].total == 0' host
}

# What is alike on every kernel.
every_kernel() {
	insmod ./iovascope.ko
	tap "host: no-backend, before VFIO is loaded" host_without_backend
	modprobe vfio-pci
	/lab/huge_pages.sh 512 || exit
	./why_client --device "$SMALL" --gated >/run/gated 2>&1 &
	gated=$!
	tap "host: an able machine" host_able
	tap "nothing to fix" clean
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
	tap "disable-hugepages" disable_hugepages
	tap "identity" identity
	tap "a BAR with nothing to fix" bar_is_well
	tap "bar-unaligned" bar_unaligned
	tap "hole in a BAR" hole_in_a_bar
	tap "start: stuck-pin" start_stuck
	kill "$gated"
	wait "$gated"
	tap "bar-too-small" bar_too_small
	tap "start: nothing to fix" start_clean
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

test_able() {
	every_kernel
	tap "leaves-capped" leaves_capped
	tap "start: bar-lookup, seven devices and 1 GiB pages" start_bars
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

sp_off() {
	hold ./why_client "${GIB[@]}" &&
		asks 1 "$(cause sp-off "
			\$c.bytes == $G and \$c.used == \"4k\" and
			.causes == [\$c]")" why "$PID"
}

test_sp_off() {
	load
	tap "sp-off" sp_off
	tap "host: sp-off" asks 1 'any(.causes[]; .cause == "sp-off")' host
}

# iommufd_no_huge HOW: what would have fit is not used, by a switch of the
# client's or by what it asked for.
iommufd_no_huge() {
	hold ./why_client --iommufd "$1" "${GIB[@]}" &&
		asks 1 "$(cause iommufd-no-huge "
			\$c.bytes == $G and \$c.used == \"4k\" and
			\$c.possible == \"1g\" and .causes == [\$c]")" why "$PID"
}

iommufd_clean() {
	hold ./why_client --iommufd v2 "${GIB[@]}" &&
		asks 0 "$all_is_well and .leaf_bytes[\"1g\"] == $G" why "$PID" &&
		asks 0 "$all_is_well" why "$EDU" &&
		./iovascope domains --json | jq -e '
			any(.domains[]; .backend == "iommufd")' >/dev/null
}

# An iommufd for each device: what the one has pinned, the other pins again.
iommufd_duplicates() {
	hold ./why_client --iommufd v2 --device edu --device edu --containers \
		"${GIB[@]}" &&
		asks told "any(.causes[]; .cause == \"duplicate-pins\" and
			.factor_percent == 200) and
			.backings.hugetlb_1g.bytes == 2 * $G" \
			why --start "$PID"
}

# On the kernel that the lab builds: opinion.sh.
test_iommufd() {
	load && modprobe iommufd
	tap "iommufd, well mapped" iommufd_clean
	tap "iommufd-no-huge: switched off" iommufd_no_huge small
	tap "iommufd-no-huge: v1" iommufd_no_huge v1
	tap "start: duplicate-pins, by two iommufds" iommufd_duplicates
}

# Hardware cannot be fixed: an answer, and no failure.
hw_no_1g() {
	hold ./why_client "${GIB[@]}" &&
		asks 0 "$(cause hw-no-1g "
			\$c.bytes == $G and \$c.used == \"2m\" and
			\$c.unit == \"dmar0\" and .fix_needed == 0 and
			\$c.evidence[0] ==
				\"its capability register is 0xd20084222f0606: bit 35 is 0\"")" \
			why "$PID" &&
		asks 0 "$all_is_well" why "$PID" --want 2m
}

test_no_1g() {
	load
	tap "hw-no-1g" hw_no_1g
	tap "host: hw-no-1g" asks 0 'any(.causes[]; .cause == "hw-no-1g") and
		.units.dmar0.second_leaves == ["4k", "2m"]' host
}

# Two units, of which dmar0 has no 1G leaves and only IDLE behind it. A kernel
# that asks all units gives dmar1's devices none, either.
other_unit() {
	hold ./why_client "${GIB[@]}" &&
		asks 0 "$(cause hw-no-1g "
			\$c.bytes == $G and \$c.used == \"2m\" and
			\$c.unit == \"dmar0\" and .fix_needed == 0 and
			(\$c.says | test(\"what all units have\")) and
			(\$c.evidence | any(test(\"dmar1, which serves\")))")" \
			why "$PID"
}

# One that asks the unit of the device.
own_unit() {
	hold ./why_client "${GIB[@]}" &&
		asks 0 "$all_is_well and .leaf_bytes[\"1g\"] == $G" why "$PID"
}

behind_the_weak_unit() {
	hold ./why_client --device "$IDLE" "${GIB[@]}" &&
		asks 0 "$(cause hw-no-1g "
			\$c.bytes == $G and \$c.unit == \"dmar0\" and
			(\$c.says | test(\"second-stage\")) and
			.causes == [\$c]")" why "$PID"
}

host_two_units() {
	asks 0 "$(cause hw-no-1g "\$c.unit == \"dmar0\" and .able == 0 and
		.units.dmar0.second_leaves == [\"4k\", \"2m\"] and
		.units.dmar1.second_leaves == [\"4k\", \"2m\", \"1g\"] and
		(.units | map(.translation) == [1, 1])")" host
}

# The other unit has no interrupt remapping, so that nobody has.
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

hw_no_2m() {
	hold ./why_client --backing hugetlb_2m --size 4M &&
		asks 0 "$(cause hw-no-2m "
			\$c.bytes == 4 * $M and \$c.used == \"4k\" and
			\$c.unit == \"dmar0\" and .fix_needed == 0")" \
			why "$PID" --want 2m
}

test_no_2m() {
	load
	/lab/huge_pages.sh 8 || exit
	tap "hw-no-2m" hw_no_2m
	tap "host: hw-no-2m" asks 1 'any(.causes[]; .cause == "hw-no-2m") and
		.units.dmar0.second_leaves == ["4k"]' host
	tap "host: no-1g-pages" no_1g_pages
}

test_off() {
	load
	tap "iommu-off" asks 1 "$(cause iommu-off true)" why "$EDU"
	tap "host: iommu-off" asks 1 "$(cause iommu-off true)" host
}

not_intel() {
	asks 0 "$(cause not-vtd "\$c.fixable == 0 and .fix_needed == 0 and
		(\$c.says | test(\"ivhd0\"))")" "$@"
}

# An IOMMU that is not Intel's.
test_amd() {
	load
	tap "not-vtd: another IOMMU" not_intel why "$EDU"
	tap "host: another IOMMU" not_intel host
}

test_none() {
	load
	tap "not-vtd" asks 1 "$(cause not-vtd true)" why "$EDU"
	tap "host: not-vtd" asks 1 "$(cause not-vtd true)" host
}

"test_$machine"
tap "$machine: the module unloads" rmmod iovascope
tap_totals
