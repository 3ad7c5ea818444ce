# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `p2p`: two devices of process 4242 in domain 3, each with a BAR of 16 MiB and
# one of 16 GiB; or each in a domain of its own. Which runs there are decides.

GIB=$((1 << 30))
MIB=$((1 << 20))
A=0000:3b:00.0
B=0000:3c:00.0

scene() {
	new_tree "p2p_$1"
	root=$tmp/p2p_$1.root
	id=0
	[[ $counting ]] && return
	export IOVASCOPE_SYSROOT=$root
	rm -rf "$root"
	put /sys/bus/pci/devices/$A/resource \
		"0x00000000fd000000 0x00000000fdffffff 0x40200" \
		"0x0000004000000000 0x00000043ffffffff 0x14220c" \
		"0x000000000000e000 0x000000000000efff 0x40101"
	put /sys/bus/pci/devices/$B/resource \
		"0x00000000fe000000 0x00000000feffffff 0x40200" \
		"0x0000005000000000 0x00000053ffffffff 0x14220c"
	put /sys/bus/pci/devices/0000:99:00.0/resource \
		"0x0000006000000000 0x000000600fffffff 0x14220c"
	cp -r "$tree/devices/$A" "$tree/devices/$B"
	echo "format 1" >"$tree/refusals"
	sed -i 's/state=missing/state=attached/' "$tree/probes"
	sed -i '/pid=5151/d' "$tree/domains"
	no_runs
}

no_runs() {
	[[ $counting ]] && return
	echo "format 1" >"$tree/devices/$A/runs"
	echo "format 1" >"$tree/devices/$B/runs"
}

# run_at DEVICE IOVA BYTES PHYS [MMIO]
run_at() {
	[[ $counting ]] ||
		printf '0x%x last=0x%x phys=0x%x leaves_4k=%d leaves_2m=0 leaves_1g=0 best_4k=0 best_2m=0 best_1g=0 write=1 mmio=%d torn=0\n' \
			"$2" $(($2 + $3 - 1)) "$4" $(($3 >> 12)) "${5:-1}" \
			>>"$tree/devices/$1/runs"
}

# bars DEVICE: memory, and all four BARs.
bars() {
	run_at "$1" 0 $((2 * GIB)) $((0x1000000000)) 0
	run_at "$1" $((0x80000000)) $((16 * MIB)) $((0xfd000000))
	run_at "$1" $((0x81000000)) $((16 * MIB)) $((0xfe000000))
	run_at "$1" $((0x4000000000)) $((16 * GIB)) $((0x4000000000))
	run_at "$1" $((0x5000000000)) $((16 * GIB)) $((0x5000000000))
}

# apart: a domain for each.
apart() {
	local line

	edit domains "s/devices=$A,$B/devices=$A/"
	[[ $counting ]] || line=$(grep '^3 ' "$tree/domains")
	[[ $counting ]] || echo "4 ${line#3 }" |
		sed "s/devices=$A /devices=$B /" >>"$tree/domains"
	edit census "s/^($B.* )table=1 /\\1table=7 /"
}

# refusal KEY=VALUE...: a map of a BAR that failed.
refusal() {
	id=$((id + 1))
	[[ $counting ]] ||
		echo "$id pid=4242 tid=4242 comm=vmm call=ioas_map step=pin errno=14 start_ns=900000000000 first_ns=1 last_ns=2 wall_ns=1 repeats=1 backend=iommufd device=$A iova=0x4000000000 vaddr=0x7f0000000000 memory_vaddr=0x7f0000000000 memory_bytes=4096 $*" \
			>>"$tree/refusals"
}

scene whole
bars $A
json "p2p: every BAR" ".question == \"p2p\" and .fix_needed == false and
	.causes == [] and .missing == [] and
	(.domains | length) == 1 and (.domains[0] | .domain == \"3\" and
	.pid == 4242 and .devices == [\"$A\", \"$B\"] and
	(.bars | length) == 4 and
	.bars[0] == {device: \"$A\", bar: 0, bar_bytes: (16 * $MIB),
		mapped_bytes: (16 * $MIB), peers: 1, state: \"mapped\",
		iova: 2147483648} and
	([.bars[] | .state] | unique == [\"mapped\"]))" p2p --json
check "p2p: in words" 0 \
	'^Peer-to-peer: all 4 BARs that peers could reach are mapped for them\.$' \
	'absent|refused' p2p 4242
verify "p2p: a BAR in words" line_is '1,$' \
	"^ +3  qemu-system-x86 \\(4242\\)  $A,$B +$B +1  16\\.0 GiB  16\\.0 GiB  mapped\$"
check "p2p: who has no device" 2 '5151: it has no domain with devices' '' p2p 5151
check "p2p: no number" 2 "p2p takes one PID: 'qemu'" '' p2p qemu
check "p2p: two processes" 2 "p2p takes one PID: '1'" '' p2p 4242 1

scene hole
run_at $A $((0x81000000)) $((15 * MIB)) $((0xfe000000))
run_at $A $((0x5000000000)) $((16 * GIB)) $((0x5000000000))
json "p2p: a hole, and the rest absent" '.fix_needed == false and
	([.domains[0].bars[] | .state] == ["absent", "absent", "partly", "mapped"])
	and (.causes | length) == 1 and .causes[0].cause == "bar-absent" and
	.causes[0].fixable == false and
	.causes[0].evidence == [
		"BAR 0 of 0000:3b:00.0 (16.0 MiB) is not in domain 3",
		"BAR 1 of 0000:3b:00.0 (16.0 GiB) is not in domain 3"]' p2p --json
check "p2p: absent, in words" 0 \
	'^Of 4 BARs that peers could reach 2 are not mapped, and nobody asked' '' \
	p2p

scene apart
apart
bars $A
bars $B
json "p2p: two domains" '.fix_needed == false and .causes == [] and
	([.domains[] | .domain] == ["3", "4"]) and
	([.domains[0].bars[] | .peers] == [0, 0, 1, 1]) and
	([.domains[1].bars[] | .peers] == [1, 1, 0, 0]) and
	(.answer | test("all 4 BARs"))' p2p --json
no_runs
bars $A
json "p2p: one of two domains" '.fix_needed == false and
	([.domains[1].bars[] | .state] | unique == ["absent"]) and
	.causes[0].evidence == [
		"BAR 0 of 0000:3b:00.0 (16.0 MiB) is not in domain 4",
		"BAR 1 of 0000:3b:00.0 (16.0 GiB) is not in domain 4"]' p2p --json
[[ $counting ]] || mv "$tree/devices/$B" "$tmp/gone"
json "p2p: a device that is gone" '([.domains[] | .bars | length] == [4, 0]) and
	any(.missing[]; . ==
	"which BARs are in domain 4: 0000:3c:00.0, whose table it is, is gone")' \
	p2p --json
[[ $counting ]] || mv "$tmp/gone" "$tree/devices/$B"
refusal memory=pfnmap bytes=$((16 * GIB)) overcome_ns=0 domain=4
json_exit "p2p: refused" 1 '(.answer |
	test("^Peer-to-peer is lost: of 4 BARs that peers could reach 1 were refused .bar-not-memory.")) and
	([.domains[1].bars[] | .state] ==
		["absent", "refused", "absent", "absent"]) and
	([.causes[].cause] == ["bar-not-memory", "bar-absent"]) and
	.domains[1].bars[1].refusal == "1"' p2p --json
check "p2p: refused, in words" 1 'refused$' '' p2p

# not_refused NAME KEY=VALUE...: such a refusal is none of a BAR that is missing.
not_refused() {
	[[ $counting ]] || echo "format 1" >"$tree/refusals"
	refusal "${@:2}"
	json "p2p: $1" '.fix_needed == false and
		([.causes[].cause] == ["bar-absent"])' p2p --json
}
not_refused "a refusal of memory" memory=hole bytes=$((16 * GIB)) overcome_ns=0
not_refused "a refusal of another size" memory=pfnmap bytes=$((8 * GIB)) \
	overcome_ns=0
not_refused "a refusal that was overcome" memory=pfnmap \
	bytes=$((16 * GIB)) overcome_ns=5
not_refused "a refusal of the other domain" memory=pfnmap \
	bytes=$((16 * GIB)) overcome_ns=0 domain=3
[[ $counting ]] || echo "format 1" >"$tree/refusals"
refusal memory=pfnmap bytes=$((15 * MIB)) overcome_ns=0
json_exit "p2p: the larger part of a BAR was refused" 1 \
	'[.domains[1].bars[] | .state] ==
		["refused", "absent", "absent", "absent"]' p2p --json

scene single
edit domains "s/devices=$A,$B/devices=$A/"
run_at $A $((0x4000000000)) $((16 * GIB)) $((0x4000000000))
json "p2p: one device" '.fix_needed == false and .causes == [] and
	(.answer | test("^No peers")) and
	[.domains[0].bars[] | .peers] == [0, 0] and
	[.domains[0].bars[] | .state] == ["absent", "mapped"]' p2p --json
check "p2p: one device in words" 0 'mapped, itself only$' '' p2p

scene foreign
bars $A
run_at $A $((0x6000000000)) $((2 * MIB)) $((0x6000000000))
run_at $A $((0x7000000000)) $((2 * MIB)) $((0x7000000000))
json "p2p: a BAR of somebody else's device, and what is none" \
	'(.domains[0].bars[4] | .device == "0000:99:00.0" and
	.state == "foreign" and .mapped_bytes == 2097152) and
	(.missing == ["what 2.0 MiB at IOVA 0x7000000000 of domain 3 are: MMIO, and no BAR of /sys/bus/pci/devices"])' \
	p2p --json

scene unreadable
edit census "s/readable=1/readable=0/"
json "p2p: a table that cannot be read" '.domains[0].bars == [] and
	(.missing == ["which BARs are in domain 3: its table cannot be read"])' \
	p2p --json
scene nobody
edit domains '2,$ d'
json "p2p: nobody" '.domains == [] and (.answer | test("^No peers"))' p2p --json

unset IOVASCOPE_SYSROOT
tree=$recorded
