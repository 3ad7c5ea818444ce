# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# What PIDs and BDFs are called: the names are those of a made-up machine whose
# debugfs is read, and of no other.

named=$tmp/named.root
tree=$named/sys/kernel/debug/iovascope

# name_file FILE TEXT...: a line each.
name_file() {
	[[ $counting ]] && return
	mkdir -p "$named${1%/*}"
	printf '%s\n' "${@:2}" >"$named$1"
}

# name_process PID COMM NS CGROUP WORD...: a process that began NS after boot.
name_process() {
	local pid=$1 comm=$2 ticks=$(($3 / 10000000))

	name_file "/proc/$pid/comm" "$comm"
	name_file "/proc/$pid/cgroup" "0::$4"
	# 19 numbers lie between the name and the beginning.
	name_file "/proc/$pid/stat" \
		"$pid ($comm) S 1 $(seq -s ' ' 17) $ticks 0 0"
	[[ $counting ]] || printf '%s\0' "${@:5}" >"$named/proc/$pid/cmdline"
}

# name_device BDF VENDOR DEVICE NODE
name_device() {
	name_file "/sys/bus/pci/devices/$1/vendor" "$2"
	name_file "/sys/bus/pci/devices/$1/device" "$3"
	name_file "/sys/bus/pci/devices/$1/numa_node" "$4"
}

# a_named_machine: the recorded tree, read where debugfs is mounted.
a_named_machine() {
	[[ $counting ]] && return
	rm -rf "$named"
	name_file /proc/mounts "debugfs /sys/kernel/debug debugfs rw 0 0"
	name_file /sys/module/iovascope/refcnt 0
	name_file /proc/sys/kernel/hostname gpu-17
	mkdir -p "${tree%/*}"
	cp -r "$recorded" "$tree"
	sed -i 's/^2 pid=5151\(.*\) alive=0/2 pid=5151\1 alive=1/' "$tree/processes"
	name_file /usr/share/misc/pci.ids \
		"10de  NVIDIA Corporation" \
		$'\t2331  GH100 [H100 PCIe]' \
		"1002  Advanced Micro Devices, Inc. [AMD/ATI]" \
		$'\t73a1  Navi 21 [Radeon Pro V620]'
	name_device 0000:3b:00.0 0x10de 0x2331 1
	name_device 0000:3c:00.0 0x1002 0x73a1 -1
	name_device 0000:5e:00.0 0x10de 0x9999 0
}

# named NAME EXIT MATCH MUST_NOT ARG...: as check, of the machine.
named() {
	local name=$1 want=$2 match=$3 must_not=$4 problem

	shift 4
	only_count && return
	run env -u IOVASCOPE_DEBUGFS IOVASCOPE_SYSROOT="$named" \
		"$IOVASCOPE" "$@"
	problem=$(run_problem "$want")
	[[ $problem ]] || problem=$(match_problem "$match" "$must_not")
	report "names: $name" "$problem"
}

# named_json NAME FILTER ARG...
named_json() {
	local name=$1 filter=$2 problem

	shift 2
	only_count && return
	run env -u IOVASCOPE_DEBUGFS IOVASCOPE_SYSROOT="$named" \
		"$IOVASCOPE" "$@" --json
	problem=$(run_problem 0)
	[[ $problem ]] || jq -e "$filter" <"$tmp/out" >/dev/null 2>&1 ||
		problem="not so: $filter"
	report "names: $name" "$problem"
}

# vm_named NAME KEY=VALUE: what `processes` says of 4242.
vm_named() {
	named_json "$1" ".processes[\"1\"].${2%%=*} == \"${2#*=}\"" processes
}

started=$(sed -n 's/^1 pid=4242 .*start_ns=\([0-9]*\).*/\1/p' \
	"$recorded/processes")
id=$(printf '%064d' 7 | tr 0 a)

a_named_machine
name_process 4242 qemu-system-x86 "$started" \
	'/machine.slice/machine-qemu\x2d3\x2dweb\x2d1.scope/libvirt/emulator' \
	/usr/bin/qemu-system-x86_64 -name guest=web-1,debug-threads=on -S
vm_named "QEMU by libvirt" vm=web-1
vm_named "the domain of libvirt" libvirt=web-1
vm_named "the unit of systemd" 'unit=machine-qemu\\x2d3\\x2dweb\\x2d1.scope'
named "show: the VM in the place of the program" 0 \
	' 3 +web-1 \(4242\) +0000:3b:00\.0 \+1 NVIDIA H100' '' show
named "show: the stuck pin's too" 0 '^Stuck .* a pin of web-1 \(4242\) has' '' \
	show
named "a table can be filtered by them" 0 '^DOMAIN="3" VM="web-1" MODEL="NVIDIA H100 PCIe" NUMA="1"$' \
	'DOMAIN="5"' domains --filter 'web*' -P -o domain,vm,model,numa
named "inflight: too" 0 '4301\.1 +pin +web-1 \(4242\)' '' inflight
named "show: whose host it is, and when" 0 \
	'^Host gpu-17, [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} [+-][0-9]{4}\. The module has watched for ' \
	'' show
named_json "show: in JSON" '.host.name == "gpu-17" and .watched_ns > 0' show
named_json "a device's name and node" \
	'.domains["3"] | tostring | contains("\"name\":\"NVIDIA H100 PCIe\"")
	 and contains("\"numa_node\":1") and contains("AMD/ATI Radeon Pro V620")' \
	domains
named_json "a device that the list lacks has its node only" \
	'.domains["5"] | tostring | contains("\"numa_node\":0")
	 and (contains("\"name\"") | not)' domains
named_json "a snapshot keeps them" \
	'.domains["3"].vm == "web-1" and .domains["3"].pci["0000:3b:00.0"].numa_node == 1' \
	snapshot
[[ $counting ]] || cp "$tmp/out" "$tmp/named.json"
check "names: of a snapshot, wherever it is read" 0 ' 3 +web-1 \(4242\) ' '' \
	diff "$tmp/named.json" "$tmp/named.json"
check "names: files of another host have none" 0 'qemu-system-x86 \(4242\)' \
	'web-1|NVIDIA' show

name_process 4242 qemu-system-x86 "$((started + 10000000))" /x \
	/usr/bin/qemu-system-x86_64 -name other
named "another process has the PID now" 0 'qemu-system-x86 \(4242\)' 'other' \
	processes
name_process 4242 qemu-system-x86 4000000000000000 /x \
	/usr/bin/qemu-system-x86_64 -name other
named "and is younger than the domain" 0 'qemu-system-x86 \(4242\)' 'other' \
	domains
name_process 4242 qemu-system-x86 "$started" / \
	/usr/bin/qemu-system-x86_64 -name $'e\033[2Jv\nil',process=x
named "a name is cleaned" 0 ' e\?\[2Jv\?il \(4242\)' $'\033' show
name_process 4242 kvm "$started" / kvm -name a,,b
vm_named "a comma that is doubled ends no name" 'vm=a,b'
name_process 4242 kvm "$started" / kvm -name guest=a,,b
vm_named "nor one that is called guest" 'vm=a,b'
name_process 4242 cloud-hyperviso "$started" /system.slice/ch.service \
	/usr/bin/cloud-hypervisor --api-socket path=/run/ch/db.sock
vm_named "cloud-hypervisor: its socket" vm=db
vm_named "of a service" unit=ch.service
name_process 4242 firecracker "$started" / /usr/bin/firecracker --id fc-9
vm_named "Firecracker: its id" vm=fc-9
name_process 4242 firecracker "$started" / /usr/bin/firecracker --id=fc-9
vm_named "Firecracker: its id, in one word" vm=fc-9

uid=01234567-89ab-cdef-0123-456789abcdef
name_process 4242 dpdk-testpmd "$started" \
	"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid//-/_}.slice/cri-containerd-$id.scope" \
	dpdk-testpmd
vm_named "Kubernetes: the container's id" "container_id=$id"
vm_named "Kubernetes: the pod's" "pod_uid=${uid//-/_}"
named "Kubernetes: without a file it has no other name" 0 \
	'qemu-system-x86 \(4242\)' '' show
name_file "/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id/config.json" \
	'{ "annotations": { "io.kubernetes.cri.sandbox-name": "trainer-0",
	   "io.kubernetes.cri.sandbox-namespace": "team-a",
	   "io.kubernetes.cri.container-name": "main" } }'
vm_named "Kubernetes: the container by containerd" container=main
vm_named "Kubernetes: the namespace" namespace=team-a
named "Kubernetes: the pod" 0 ' 3 +team-a/trainer-0 \(4242\) ' '' show
[[ $counting ]] || rm -r "$named/run"
name_file "/run/containers/storage/overlay-containers/$id/userdata/config.json" \
	'{ "annotations": { "io.kubernetes.pod.name": "trainer-1",
	   "io.kubernetes.pod.namespace": "team-b" } }'
name_process 4242 qemu-system-x86 "$started" / /usr/bin/qemu-system-x86_64 \
	-name "sandbox-$id,debug-threads=on" -qmp "unix:/run/vc/vm/$id/qmp.sock"
vm_named "Kata: the sandbox" "sandbox=$id"
named "Kata: the pod of the sandbox, by CRI-O" 0 \
	' 3 +team-b/trainer-1 \(4242\) ' 'sandbox-' show
name_process 4242 cloud-hyperviso "$started" / cloud-hypervisor \
	--api-socket "/run/vc/vm/$id/clh-api.sock"
vm_named "Kata by cloud-hypervisor" "sandbox=$id"
[[ $counting ]] || : >"$named/usr/share/misc/pci.ids"
[[ $counting ]] || rm -r "$named/proc/4242"
named "a machine that tells nothing" 0 ' 3 +qemu-system-x86 \(4242\) +0000:3b' \
	'NVIDIA' show
tree=$recorded
