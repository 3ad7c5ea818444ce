#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The demo, inside the lab: real VFIO clients one after another, and after each
# what iovascope saw of it. Nothing here knows the numbers beforehand; the last
# part only checks that what was shown hangs together, so that a demo that shows
# nonsense fails.
#
# usage: demo_guest.sh colour | plain
#
# Runs in /payload, beside say.sh, iovascope.ko, iovascope and vfio_client.
set -euo pipefail
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh
. ./say.sh

colour_use "$1"
PATH=$PATH:$PWD
ROOT=/sys/kernel/debug/iovascope
ASK=
TRACING=/sys/kernel/tracing

# Show a command as a person would type it, then run it.
run() {
	typed "$*"
	"$@"
}

# The same for a program that sometimes hangs before it has done anything:
# QEMU's nvme driver, when it opens a drive through stock type1 on an emulated
# processor.
run_patiently() {
	local try rc

	typed "$*"
	for try in 1 2 3 4 5 6; do
		rc=0
		timeout 20 "$@" || rc=$?
		((rc == 124)) || return "$rc"
		note "it hangs (try $try)"
	done
	return 1
}

find_device() {
	device "$1" && return
	echo "demo: no device $1 in this machine" >&2
	return 1
}

# One key of the newest record in domains or processes that a pid made.
field() {
	local file=$1 pid=$2 key=$3

	sed -n "s/^[0-9].* pid=$pid .* $key=\([0-9]*\).*/\1/p" "$ROOT/$file" |
		tail -n 1
}

mapped_bytes() {
	local bytes

	bytes=$(field domains "$1" live_bytes)
	echo "${bytes:-0}"
}

wait_mapped() {
	local pid=$1 bytes=$2 try

	for ((try = 0; try < 600; try++)); do
		if [ "$(mapped_bytes "$pid")" -ge "$bytes" ]; then
			return
		fi
		kill -0 "$pid" || return
		sleep 0.2
	done
	echo "demo: process $pid did not map $bytes bytes" >&2
	return 1
}

# The answer and the domains; the costs are shown at the end.
look() {
	typed 'iovascope show | head -n 4'
	iovascope show | sed -n 1,4p
}

# What is not as large as it could be is an answer, not a failure: exit code 1.
ask() {
	run iovascope why "$@" || [ $? -eq 1 ]
}

# Our own client, looked at while it holds its mapping.
client() {
	local pid

	typed "vfio_client $*"
	vfio_client "$@" --hold 60 &
	pid=$!
	wait_mapped "$pid" "$((1 << 30))"
	look
	[[ -z $ASK ]] || ask "$pid"
	kill -TERM "$pid"
	wait "$pid"
}

# QEMU leaves the terminal when its machine is complete, so what it has mapped
# by then is what a guest would start with.
vm() {
	local pidfile=/run/demo-vm.pid pid

	run qemu-system-x86_64 -S -m 2G -machine q35 -nodefaults \
		-display none -daemonize -pidfile "$pidfile" \
		-device "vfio-pci,host=$NIC" "$@"
	pid=$(cat "$pidfile")
	look
	run iovascope census "$NIC"
	run iovascope check
	ask "$pid"
	kill -TERM "$pid"
	tail --pid="$pid" -f /dev/null
}

# How long ftrace says the pin took, in microseconds: what people do today.
graph_start() {
	echo vfio_pin_pages_remote >"$TRACING/set_ftrace_filter"
	echo function_graph >"$TRACING/current_tracer"
}

graph_stop() {
	grep vfio_pin_pages_remote "$TRACING/trace" || true
	echo nop >"$TRACING/current_tracer"
	echo >"$TRACING/set_ftrace_filter"
}

# One start of the VM on memory that is there already: what its process spent
# in VFIO, and on which leaves it was.
start() {
	local backend=$1 pid

	qemu-system-x86_64 -S -m 2G -machine q35 -nodefaults -display none \
		-daemonize -pidfile /run/demo-vm.pid \
		-device "vfio-pci,host=$NIC" \
		-mem-path /dev/hugepages1G -mem-prealloc
	pid=$(cat /run/demo-vm.pid)
	kill -TERM "$pid"
	tail --pid="$pid" -f /dev/null
	LARGE+=("$(field processes "$pid" added_1g_leaves)")
	printf '   %-9s pin %9d us   map %6d us   teardown %9d us   leaves: 1G %d, 2M %d, 4K %d\n' \
		"$backend" "$(us "$pid" pin_ns)" "$(us "$pid" map_ns)" \
		"$(us "$pid" teardown_ns)" \
		"$(field processes "$pid" added_1g_leaves)" \
		"$(field processes "$pid" added_2m_leaves)" \
		"$(field processes "$pid" added_4k_leaves)"
}

us() {
	echo $(($(field processes "$@") / 1000))
}

modprobe vfio-pci
insmod ./iovascope.ko
EDU=$(find_device 0x1234:0x11e8)
BAR=$(find_device 0x1b36:0x0005)
NIC=$(find_device 0x8086:0x10d3)
NVME=$(find_device 0x1b36:0x0010)

say "What is listening, and what the hardware can do, on this stock $(uname -r)"
run iovascope probes
run iovascope units

say 'One GiB of memory, four ways: what it is made of decides the leaves'
/lab/huge_pages.sh 512
for backing in base thp hugetlb_2m hugetlb_1g; do
	client --device "$EDU" --backing "$backing" --size 1G --iova 0x40000000
done
/lab/huge_pages.sh 0

say 'The same 1 GiB page again, its IOVA shifted by 2 MiB: not congruent'
ASK=1 client --device "$EDU" --backing hugetlb_1g --size 1G --iova 0x40000000 \
	--offset 2M

say 'Unmodified qemu-io, real DMA to an NVMe drive through the mappings'
give_to_vfio "$NVME"
run_patiently qemu-io -f raw -c 'write -P 0x5a 0 1M' -c 'read -P 0x5a 0 1M' \
	"nvme://$NVME/1"

say 'Unmodified QEMU with a passed-through device, on 1 GiB hugetlb memory'
give_to_vfio "$NIC"
vm -mem-path /dev/hugepages1G
note 'GiB 0 has the holes of a PC below 1 MiB, so it cannot be one leaf;' \
	'GiB 1 can, and is.'

say 'The same QEMU on ordinary memory'
vm

say 'A 16 GiB BAR, as a GPU has: slow to start, without a GPU'
graph_start
run vfio_client --device "$BAR" --backing bar --size 16G --iova 0x400000000000
note "ftrace's function_graph says of the same call:"
graph_stop

say 'Where did the seconds of that start go?'
bar_pid=$(sed -n 's/^[0-9]* pid=\([0-9]*\) .*/\1/p' "$ROOT/processes" |
	tail -n 1)
ask --start "$bar_pid"

say 'Who mapped what at which leaf size, and what it cost'
note 'The first pin of fresh memory also fills it with zeroes: that is most of' \
	"QEMU's seconds. Times are emulated; compare them with each other."
run iovascope show

pages=$(($(field processes "$bar_pid" pin_mmio_bytes) / 4096))
leaves=$(field processes "$bar_pid" added_1g_leaves)
pin_ms=$(($(field processes "$bar_pid" pin_ns) / 1000000))
map_us=$(($(field processes "$bar_pid" map_ns) / 1000))

say 'The sentence that was missing'
note "bpftrace shows npage=$pages and one reads \"4 KiB pages\"." \
	"The IOMMU maps that BAR with $leaves leaves of 1 GiB. Writing them took" \
	"$map_us us; looking up $pages page frames on the CPU side took $pin_ms ms." \
	'Linux does use VT-d huge pages; the time goes elsewhere.'

LARGE=()
say 'An experiment: the same unmodified QEMU, stock and served by hugepath'
run insmod ./iovascope_hugepath.ko
start type1
run sh -c 'echo 1 >/sys/module/iovascope_hugepath/parameters/takeover'
start hugepath
run rmmod iovascope_hugepath
note 'The leaves are the same, but for two of 4K, with which type1 tries each new' \
	'domain. It looks at every 4 KiB page on the way in and on the way out,' \
	'hugepath at every huge page.'

[ "$leaves" -eq 16 ] && [ "$pages" -eq $((16 << 18)) ] &&
	[ "${LARGE[0]}" -gt 0 ] && [ "${LARGE[0]}" -eq "${LARGE[1]}" ]
rmmod iovascope
