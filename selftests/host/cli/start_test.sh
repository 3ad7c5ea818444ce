# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `why --start`: each cause from sums of a process made for it.

S=1000000000
start_root=$tmp/start.root

# began NAME KEY=VALUE...: process 4242 has these sums, and nothing is stuck.
began() {
	new_tree "$1"
	[[ $counting ]] && return
	rm -rf "$start_root"
	mkdir -p "$start_root/proc"
	export IOVASCOPE_SYSROOT=$start_root
	echo "format 1" >"$tree/inflight"
	sed -i 's/state=missing/state=attached/' "$tree/probes"
	printf '%s\n' "format 1" "7 pid=4242 comm=qemu start_ns=1 alive=1 first_ns=1 last_ns=2 ${*:2}" \
		>"$tree/processes"
	echo "format 1" >"$tree/devices/0000:3b:00.0/runs"
}

# Every nanosecond is in one phase, and has one cause at most. How long a pin
# has been stuck is no sum.
adds_up='([.phases[]] | add) == .total_ns
	and ([.causes[] | select(.cause != "stuck-pin").ns] | add // 0) <= .total_ns'

# tells NAME EXIT CAUSE NS [FILTER]: the first cause and its time.
tells() {
	json_exit "start: $1" "$2" \
		".question == \"start\" and .causes[0].cause == \"$3\"
		 and .causes[0].ns == $4 and (.fix_needed | if . then 1 else 0 end) == $2 and $adds_up
		 and (${5:-true})" why --start 4242 --json
}

began touch region_map_ns=$((10 * S)) pin_ns=$((9 * S)) map_ns=1000 \
	pin_hugetlb_1g_bytes=$((4 << 30)) pin_hugetlb_1g_ns=$((9 * S)) \
	pin_faults=4 pin_faulting_bytes=$((4 << 30)) pin_faulting_ns=$((8 * S))
tells "first-touch" 1 first-touch $((8 * S)) \
	'.causes[0].percent >= 79 and .total_ns == 10000000000
	 and .phases.first_touch_ns == 8000000000 and .missing == []
	 and .phases.pin_lookup_ns == 1000000000
	 and .phases.map_rest_ns == 999999000
	 and (.causes[1] | .cause == "pin-lookup" and .ns == 1000000000)'
check "start: the answer" 1 '^8\.0 s of 10\.0 s in VFIO calls \(first-touch\): ' \
	'' why --start 4242
verify "start: is the first line" line_is 1 'first-touch'

# smaps MODE ANONYMOUS: 4 GiB of a memfd, and how much of it is no file's.
smaps() {
	[[ $counting ]] && return
	mkdir -p "$start_root/proc/4242"
	printf '%s\n' "7f0000000000-7f0100000000 $1 00000000 00:01 7 /memfd:ram (deleted)" \
		"KernelPageSize:        4 kB" "Rss:            4194304 kB" \
		"Anonymous:      $2 kB" >"$start_root/proc/4242/smaps"
}

# A file that is mapped privately is copied, however often it was read before.
smaps rw-p 4194304
tells "private copies" 1 private-copies $((8 * S)) \
	'.causes[0].copied_bytes == 4294967296 and
	(.causes[0].fix | test("MAP_SHARED")) and
	(.causes[0].evidence[0] | test("4.0 GiB of the process. memory are copies"))'
smaps rw-p 4096
tells "a few copies are not why" 1 first-touch $((8 * S))
smaps rw-s 0
tells "nor is a file that is shared" 1 first-touch $((8 * S))

# Touched, and then refused: there are no bytes to divide by.
began touched_in_vain region_map_ns=$((10 * S)) pin_ns=$((9 * S)) \
	pin_faults=64 pin_faulting_bytes=0 pin_faulting_ns=$((8 * S))
tells "first-touch for nothing" 1 first-touch $((8 * S)) \
	'.causes[0].evidence == ["pins took 64 page faults in 8.0 s and then failed: nothing was pinned for it"]'

# vmstat LINE...: what the whole host has counted since it booted.
vmstat() {
	[[ $counting ]] || printf '%s\n' "$@" >"$start_root/proc/vmstat"
}

# Four GiB in 8 s are 7629 ns for each 4 KiB: more than zeroing takes.
touched() {
	began "$1" region_map_ns=$((9 * S)) pin_ns=$((9 * S)) pin_faults=4 \
		pin_base_bytes=$((4 << 30)) pin_base_ns=$((9 * S)) \
		pin_faulting_bytes=$((${2:-4} << 30)) pin_faulting_ns=$((8 * S))
}
touched stalls
vmstat "allocstall_dma32 1" "allocstall_normal 41" "compact_stall 7"
tells "first-touch on a host that reclaimed" 1 first-touch $((8 * S)) \
	'.missing | length == 1 and (.[0] |
	test("42 allocations reclaimed and 7 compacted first, whoever"))'
vmstat "allocstall_normal 0" "compact_stall 0" "pgmigrate_success 9"
tells "first-touch on a host that had memory" 1 first-touch $((8 * S)) \
	'.missing == []'
touched quick_touch 16
vmstat "allocstall_normal 42"
tells "first-touch that is as quick as zeroing" 1 first-touch $((8 * S)) \
	'.missing == []'

# A GiB is 262144 pages. An eighth of them have to have been moved.
looked_up() {
	began "$1" region_map_ns=$((3 * S)) pin_ns=$((3 * S)) \
		pin_faulting_ns=0 pin_base_calls=9 pin_base_ns=$((3 * S)) \
		pin_base_bytes=$((${2:-1} << 30)) "${@:3}"
}
looked_up moved
vmstat "pgmigrate_success 131072" "pgmigrate_fail 3"
tells "base-pages on a host that moved pages" 1 base-pages $((3 * S)) \
	'(.missing | length == 1 and (.[0] |
	test("131072 pages have been moved since boot, whoever"))) and
	(.causes[0].fix | test("hugetlb") and test("MADV_COLLAPSE"))'
vmstat "pgmigrate_success 32767"
tells "base-pages on a host that moved few" 1 base-pages $((3 * S)) \
	'.missing == [] and .causes[0].evidence ==
		["9 pins took 1.0 GiB of 4 KiB pages: 11444 ns for each"]'
looked_up quick_pins 16 added_4k_leaves=7
vmstat "pgmigrate_success 9000000"
tells "base-pages that are pinned quickly" 1 base-pages $((3 * S)) \
	'.missing == [] and .causes[0].evidence[1] == "7 4K leaves were written"'

began bars region_map_ns=$((5 * S)) pin_ns=$((5 * S)) pin_faulting_ns=0 \
	pin_mmio_calls=1 pin_mmio_bytes=$((128 << 30)) pin_mmio_ns=$((4 * S)) \
	pin_base_bytes=$((1 << 30)) pin_base_ns=$S
tells "bar-lookup" 1 bar-lookup $((4 * S)) \
	'.causes[0].ns_per_page == 119 and .backings.mmio.healthy_ns_per_page == 1
	 and .backings.base.ns_per_page == 3814'
began big_steps region_map_ns=$((2 * S)) pin_ns=$((2 * S)) pin_faulting_ns=0 \
	pin_mmio_bytes=$((1 << 40)) pin_mmio_ns=$S \
	pin_base_bytes=$((8 << 30)) pin_base_ns=$S
tells "BARs by large steps are no cause" 1 base-pages $S \
	'[.causes[].cause] | index("bar-lookup") == null'

# has_bar START BYTES OFFSET: where the process has the second BAR of a device.
has_bar() {
	[[ $counting ]] ||
		printf '%x-%x rw-s %x 00:11 114   anon_inode:[vfio-device]\n' \
			"$1" $(($1 + $2)) $(((1 << 40) + $3)) \
			>>"$start_root/proc/4242/maps"
}

# by_2m NAME: BARs took what steps of 2 MiB take.
by_2m() {
	began "$1" region_map_ns=$S pin_ns=$S pin_faulting_ns=0 \
		pin_mmio_bytes=$((128 << 30)) pin_mmio_ns=$((S / 2))
	[[ $counting ]] || mkdir -p "$start_root/proc/4242"
}

by_2m askew
has_bar 0x7f0000200000 $((128 << 30)) 0
has_bar 0x7e0000000000 $((2 << 30)) 0
tells "bar-address" 1 bar-address $((S / 2)) \
	'.causes[0].askew_bytes == 137438953472 and .missing == []
	 and .causes[0].va == 139637978824704
	 and .causes[0].shift_bytes == 1071644672 and .causes[0].ns_per_page == 14'
by_2m aligned
has_bar 0x7f0000000000 $((128 << 30)) 0
has_bar 0x7e0000200000 $((2 << 30)) $((2 << 20))
has_bar 0x7d0000001000 $((1 << 30)) $((1 << 20))
tells "BARs by steps smaller than their addresses allow" 1 bar-lookup \
	$((S / 2)) '.missing == [] and (.answer | test("smaller steps"))'
by_2m unknown
json "start: BARs at addresses that nobody knows" '.causes == []
	and (.missing | length == 1 and (.[0] | test("virtual addresses")))' \
	why --start 4242 --json

began base region_map_ns=$((3 * S)) pin_ns=$((3 * S)) \
	pin_faulting_ns=$S pin_base_bytes=$((1 << 30)) pin_base_ns=$((3 * S))
tells "base-pages" 1 base-pages $((2 * S))
began huge region_map_ns=$((3 * S)) pin_ns=$((3 * S)) pin_faulting_ns=0 \
	pin_hugetlb_1g_bytes=$((64 << 30)) pin_hugetlb_1g_ns=$((3 * S))
tells "pin-lookup is no setting's fault" 0 pin-lookup $((3 * S))
began teardown region_map_ns=$S region_unmap_ns=$((9 * S)) \
	teardown_ns=$((8 * S)) unmap_ns=$S unpin_ns=$S pin_faulting_ns=0
tells "teardown-walk" 0 teardown-walk $((6 * S)) \
	'.phases.unmap_rest_ns == 1000000000 and (.phases | has("flush_ns") | not)'
began flushes region_map_ns=$S region_unmap_ns=$((9 * S)) \
	teardown_ns=$((8 * S)) unmap_ns=$S unpin_ns=$S flush_ns=$((2 * S)) \
	pin_faulting_ns=0
[[ $counting ]] || echo "flush_ns in=processes kind=counter unit=ns help=time" \
	>>"$tree/schema"
tells "flushes are in no walk" 0 teardown-walk $((4 * S)) \
	'.phases.flush_ns == 2000000000 and .phases.walk_ns == 4000000000
	 and .phases.unmap_rest_ns == 1000000000'
check "start: flushes have a phase" 0 '^flush +2\.0 s$' '' why --start 4242
began blind region_map_ns=$((9 * S)) map_ns=$S pin_faulting_ns=0
[[ $counting ]] || sed -i -E 's/^(pin .*)state=attached/\1state=off/' "$tree/probes"
tells "blind-probe" 1 blind-probe $((8 * S)) '.causes[0].probe == "pin"
	and .missing == ["pin: the probe pin is off"]'
began blind_unpin region_unmap_ns=$((9 * S)) teardown_ns=$((8 * S)) \
	pin_faulting_ns=0
[[ $counting ]] || sed -i -E 's/^(unpin .*)state=attached/\1state=off/' "$tree/probes"
tells "blind-probe in teardown" 1 blind-probe $((8 * S)) \
	'[.causes[].cause] | index("teardown-walk") == null'
began beginner
[[ $counting ]] || {
	echo "format 1" >"$tree/processes"
	echo "4242.0 op=pin pid=4242 comm=q age_ns=$((11 * S)) iova=0x0 bytes=4096" >>"$tree/inflight"
}
tells "stuck-pin in the first call" 1 stuck-pin $((11 * S))
began entries region_map_ns=$((3 * S)) map_ns=$((3 * S)) pin_faulting_ns=0
tells "map-entries of maps that failed" 0 map-entries $((3 * S)) \
	'.causes[0].evidence == ["nothing was mapped for it: the calls failed, or were not counted"]'
began entries_of region_map_ns=$((3 * S)) map_ns=$((3 * S)) \
	pin_faulting_ns=0 map_bytes=8192 map_calls=2 added_4k_leaves=2
tells "map-entries" 0 map-entries $((3 * S)) '.causes[0].evidence ==
	["2 calls mapped 8.0 KiB by 2 4K, 0 2M and 0 1G leaves"]'
began quick region_map_ns=90000000 pin_ns=90000000 pin_faulting_ns=90000000
tells "nothing to fix" 0 first-touch 90000000
check "start: nothing to fix: the answer" 0 \
	'^Nothing to fix: its VFIO calls took 90\.0 ms in all\.$' '' \
	why --start 4242

began twice region_map_ns=$((4 * S)) pin_ns=$((4 * S)) pin_faulting_ns=0 \
	pin_bytes=$((2 << 30)) pin_hugetlb_1g_bytes=$((2 << 30)) \
	pin_hugetlb_1g_ns=$((4 * S))
[[ $counting ]] || echo "0x0 last=0x3fffffff phys=0x1000000000 leaves_1g=1 write=1 mmio=0" \
	>>"$tree/devices/0000:3b:00.0/runs"
tells "duplicate-pins" 1 duplicate-pins $((2 * S)) \
	'.causes[0] | .factor_percent == 200 and .pinned_bytes == 2147483648
	 and .distinct_bytes == 1073741824'
[[ $counting ]] || "$IOVASCOPE" snapshot --debugfs "$tree" >"$tmp/start.json"
check "start: from a recording" 0 \
	'^Not known: whether memory was pinned twice: a recording' '' \
	why --start 4242 --from "$tmp/start.json"

# stuck STATE AGE: a pin that does not return, and what its task does.
stuck() {
	began stuck region_map_ns=0 pin_ns=0 pin_faulting_ns=0
	[[ $counting ]] && return
	echo "4301.1 op=pin pid=4242 comm=q age_ns=$2 iova=0x1000 bytes=0" \
		>>"$tree/inflight"
	mkdir -p "$start_root/proc/4301"
	echo "4301 (q) x) $1 1 1" >"$start_root/proc/4301/stat"
}

stuck D $((30 * S))
tells "stuck-pin" 1 stuck-pin $((30 * S)) '.causes[0].tid == 4301'
check "start: stuck-pin: the fix" 1 'fix: .*cat /proc/4301/stack' '' \
	why --start 4242
stuck R $((30 * S))
check "start: a pin that runs is not stuck" 0 \
	'^Not known: what a pin spends its time on that is still running, for 30\.0 s' \
	'stuck' \
	why --start 4242
stuck D $((9 * S))
check "start: nor is one that has just begun" 0 '' 'stuck' why --start 4242

# under_way ID OP AGE: process 4242 is in the middle of it.
under_way() {
	[[ $counting ]] ||
		echo "$1 op=$2 pid=4242 comm=q age_ns=$3 iova=0x1000 bytes=0" \
			>>"$tree/inflight"
}

# Asked in the middle: the call around the pins has no sum yet.
began middle pin_ns=$((20 * S)) pin_faulting_ns=$((19 * S)) map_ns=$S \
	pin_hugetlb_1g_bytes=$((64 << 30)) pin_hugetlb_1g_ns=$((20 * S)) \
	pin_faulting_bytes=$((64 << 30)) pin_faults=64
under_way 4301.0 region_map $((30 * S))
under_way 4301.1 pin $((8 * S))
tells "in the middle of a start" 1 first-touch $((19 * S)) \
	'.total_ns == 30000000000 and .phases.unfinished_ns == 8000000000
	 and .phases.map_rest_ns == 1000000000
	 and (.missing | any(test("still running, for 8.0 s")))'
began first_bar pin_faulting_ns=0
under_way 4301.0 region_map $((3 * S))
under_way 4301.1 pin $((2 * S))
check "start: most of it is in a pin that has not returned" 0 \
	'^Not finished: 2\.0 s of 3\.0 s in VFIO calls are in one that has not returned\.$' \
	'^Nothing' why --start 4242
began leaving pin_faulting_ns=0 unmap_ns=$S unpin_ns=$S
under_way 4301.0 region_unmap $((9 * S))
under_way 4301.1 teardown $((8 * S))
tells "in the middle of an end" 0 teardown-walk $((6 * S)) \
	'.total_ns == 9000000000 and .phases.unmap_rest_ns == 1000000000'
# Attaching a device to a container that maps already is no region.
began attach pin_ns=$((4 * S)) map_ns=$((2 * S)) pin_faulting_ns=0 \
	pin_base_bytes=$((1 << 30)) pin_base_ns=$((4 * S))
tells "pins outside of regions" 1 base-pages $((4 * S)) \
	'.total_ns == 6000000000 and .causes[0].percent == 66'
began locked region_map_ns=$((9 * S)) pin_ns=$S pin_faulting_ns=0 \
	pin_base_bytes=$((1 << 30)) pin_base_ns=$S
tells "a gap is named" 1 base-pages $S \
	'.missing == ["what 8.0 s of map_rest_ns were: in the calls, but in none of their parts (waiting for a lock, or accounting)"]'
# What takes most cannot be fixed, but what comes next can.
began second region_map_ns=$((3 * S)) pin_ns=$((3 * S)) pin_faulting_ns=0 \
	pin_base_bytes=$((1 << 30)) pin_base_ns=$((3 * S)) \
	teardown_ns=$((9 * S))
tells "there is something to fix behind what cannot be" 1 teardown-walk \
	$((9 * S)) '.answer | test("9.0 s of 12.0 s.*teardown-walk.*; 3.0 s can be fixed .base-pages.")'

# Which of the two things is missing that a kernel needs for BARs.
slow_bars() {
	began "$1" region_map_ns=$((5 * S)) pin_ns=$((5 * S)) pin_faulting_ns=0 \
		pin_mmio_calls=1 pin_mmio_bytes=$((128 << 30)) \
		pin_mmio_ns=$((5 * S))
	[[ $counting ]] ||
		printf 'ffffffffc0 t %s\t[vfio_pci_core]\n' other "${@:2}" \
			>"$start_root/proc/kallsyms"
}

slow_bars no_module
tells "a kernel of which nothing is known" 1 bar-lookup $((5 * S)) \
	'.causes[0].evidence | any(test("vfio-pci")) | not'
slow_bars no_huge_fault vfio_pci_mmap_fault
tells "a vfio-pci that maps by 4 KiB" 1 bar-lookup $((5 * S)) \
	'.causes[0].evidence | any(test("maps BARs by 4 KiB pages"))'
slow_bars no_steps vfio_pci_mmap_huge_fault
tells "nobody knows where BARs were: nobody is blamed" 1 bar-lookup \
	$((5 * S)) '.causes[0] | (.fix | test("huge pfnmaps")) and
	 (.evidence | any(test("can map BARs by large pages")))'
put_bars() {
	[[ $counting ]] || mkdir -p "$start_root/proc/4242"
	has_bar "$1" $((128 << 30)) 0
}
put_bars 0x7f0000000000
tells "a type1 that steps by 4 KiB" 1 bar-lookup $((5 * S)) \
	'.causes[0] | (.fix | test("Use mapping page mask")) and
	 (.evidence | any(test("vfio_iommu_type1 that does not step")))'
slow_bars again vfio_pci_mmap_fault
[[ $counting ]] || mkdir -p "$start_root/proc/4242"
has_bar 0x7f0000000000 $((32 << 30)) 0
tells "one BAR, four times" 1 bar-lookup $((5 * S)) \
	'.causes[0] | .distinct_bytes == 34359738368 and
	 (.says | test("^BARs of 32.0 GiB were resolved 4.00 times, one 4 KiB"))'
slow_bars small_ones vfio_pci_mmap_fault
[[ $counting ]] || mkdir -p "$start_root/proc/4242"
has_bar 0x7f0000000000 $((1 << 30)) 0
for bar in {1..254}; do
	has_bar $((0x7e0000000000 - bar * (1 << 30))) $((512 << 20)) 0
done
tells "many small BARs once" 1 bar-lookup $((5 * S)) \
	'.causes[0] | has("distinct_bytes") | not'
slow_bars bad_address vfio_pci_mmap_huge_fault
put_bars 0x7f0000001000
tells "an address that allows steps of 4 KiB" 1 bar-lookup $((5 * S)) \
	'.causes[0] | (.fix | test("aligned to 1 GiB .QEMU 9.2")) and
	 (.evidence | any(test("steps of 4K at most")))'

began older region_map_ns=$((3 * S)) pin_ns=$((3 * S)) \
	pin_base_bytes=$((1 << 30)) pin_base_ns=$((3 * S))
check "start: a module that does not count first touches" 1 \
	'^Not known: first touch: this module does not count it' '' \
	why --start 4242
check "start: no such process" 2 '77: no such process' '' why --start 77
check "start: another argument" 2 'takes no other argument' '' \
	why --start 4242 3
check "start: no leaf size" 2 'does not take --want' '' \
	why --start 4242 --want 2m
check "start: no such recording" 1 'No such file' '' \
	why --start 4242 --from /nowhere

# Evidence of nothing is none: no "0 B", and no "0 ns for each".
for sums in "pin_ns=$S pin_faulting_ns=$S pin_faults=3" \
	"map_ns=$S" "teardown_ns=$S region_unmap_ns=$S" \
	"pin_ns=$S pin_base_ns=$S pin_base_bytes=4096"; do
	# shellcheck disable=SC2086 # several sums
	began nothing region_map_ns=$S $sums
	check "start: no evidence of nothing: $sums" \
		"$([[ $sums == pin* ]] && echo 1 || echo 0)" \
		'^  evidence: ' '^  evidence: .*(\b0 B\b|\b0 ns\b|^0 )' why --start 4242
done
unset IOVASCOPE_SYSROOT
