# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# What people are told: the text of each command on a recorded tree with two
# VMs, a stuck pin, an inexact domain, a missing probe and missed hits.

check "show: the first line is the incident" 0 \
	'^Stuck \(stuck-pin\): a pin of qemu-system-x86 \(4242\) has not returned for 65\.0 min \(call 4301\.1; iovascope why --start 4242\)\.$' \
	'' show
verify "show: and nothing stands before it" line_is 1 '^Stuck'
check "show: then comes the answer" 0 \
	'^~66.0 GiB mapped in 2 domains: ~64.0 GiB in 1G leaves, ~2.0 GiB in 2M' \
	'-nan|inf|\(null\)' show
verify "show: in the next line" line_is 2 'mapped in'
check "show: the stuck pin and its age" 0 \
	'4301\.1 +pin +qemu-system-x86 \(4242\) +65\.0 min' '' show
check "show: an exact domain has no mark" 0 \
	' 3 +qemu-system-x86 \(4242\) +0000:3b:00\.0 \+1 +type1 +64\.0 GiB' \
	'' show
check "show: an inexact domain has one" 0 \
	' 5 +CPU 0/KVM \(5151\) .* ~2\.0 GiB' '' show
check "show: a process that has gone" 0 '^CPU 0/KVM \(5151\) gone ' '' show
# 2684354560 ns for 64 GiB.
check "show: ns per 4 KiB page by backing" 0 \
	'^  hugetlb_1g +64 +0 +64\.0 GiB +2\.7 s +52\.0 ms +160$' '' show
check "show: no such figure where no bytes are" 0 \
	'^  none +1 +1 +0 B .* -$' '' show
check "show: backings without calls are left out" 0 '' 'hugetlb_2m' show
# (2677 - 281.9 - 734.0) / 2677 ms
check "show: the walk's share of the teardown" 0 \
	'10\.5 % was unmap, 27\.4 % unpin and 62\.1 % the walk' '' show
check "show: what the numbers lack" 0 \
	'^Quality: domain 5 inexact \(older,missed\), probe teardown missing' \
	'nothing missed' show
check "show: missed hits" 0 '^Quality: .* 3 probe_missed_calls;' '' show
check "show: own time" 0 'own time 412\.0 ms in 1180000 calls\.$' '' show
check "show: events that are no loss" 0 \
	'^Also seen: 1 split_leaf_calls\.$' '' show

# The most urgent stands first, and alone; each is taken away in turn.
new_tree urgent
[[ $counting ]] || {
	sed -i '/^4301/d' "$tree/inflight"
	printf 'format 1\n1 pid=4242 comm=qemu-system-x86 start_ns=1 request=map_dma backend=type1 step=check error=22 iova=0x0 bytes=4096 repeats=1 first_ns=4811000000000 last_ns=4811000000000\n' \
		>"$tree/refusals"
	sed -i '/^3 / s/verdict=equal/verdict=differs/' "$tree/check"
	sed -i '/^5 / s/live_4k_bytes=[0-9]*/live_4k_bytes=2147483648/' \
		"$tree/domains"
}
check "show: first a refusal" 0 '^Refused ' '^Differs|^Small' show --check
verify "show: in the first line" line_is 1 '^Refused '
[[ $counting ]] || echo 'format 1' >"$tree/refusals"
check "show: then a domain that differs" 0 \
	'^Differs: the IO page tables of domain 3, of qemu-system-x86 \(4242\), do not' \
	'^Small' show --check
verify "show: in the first line" line_is 1 '^Differs: '
check "show: then a VM at 4K" 0 \
	'^Small leaves: 2\.0 GiB of the 2\.0 GiB of CPU 0/KVM \(5151\) are in 4K leaves \(iovascope why 5151\)\.$' \
	'' show
verify "show: in the first line" line_is 1 '^Small leaves: '
[[ $counting ]] || sed -i '/^5 / s/live_4k_bytes=[0-9]*/live_4k_bytes=1073741823/' \
	"$tree/domains"
check "show: not of less than a GiB" 0 '^~66' '^Small' show
verify "show: then the sum" line_is 1 '^~66\.0 GiB mapped'
check "show: how long has been watched" 0 \
	'^The module has watched for [0-9.]+ min\.$' 'Host' show
tree=$recorded

check "show: what a process has mapped in all is not what it has mapped" 0 \
	'^PROCESS +ALL-TIME +1G ' '^PROCESS.* MAPPED' show

check "show --pid: only that process" 0 \
	'^64\.0 GiB mapped in 1 domain:' '5151|CPU 0' show --pid 4242
check "show --pid: its own cost" 0 \
	'^region_map +7 +1 +80\.0 GiB' '' show --pid 4242
check "show --pid: its walk" 0 '92\.0 % the walk' '' -p 4242 show
check "show --pid: a process nobody has seen" 1 \
	'process 1: not seen by the module' '' show --pid 1

check "domains: all of a domain" 0 '^live_1g_leaves +64$' '' domains --long
check "domains: several devices and groups" 0 \
	'group 17,18, devices 0000:3b:00\.0,0000:3c:00\.0$' '' domains -L
check "domains: one by its id" 0 '^domain 9: ' '^domain [35]' domains 9 --long
check "processes: by backing" 0 \
	'^  thp +10000 +0 +2\.0 GiB +524\.3 ms .* 1000$' '' \
	processes 5151 --long
check "processes: by name" 0 'CPU 0/KVM \(5151\)' '4242' processes 'CPU*'
check "processes: not by an id that is not shown" 2 '^iovascope: 2: no such key' \
	'' processes 2
check "every key must be there" 2 '^iovascope: 77: no such key' '' \
	domains 3 77
check "every pattern must choose something" 2 '^iovascope: foo: no such key' \
	'' counters pin_calls foo
for name in 3b:00.0 0000:3B:00.0 3B:00.0; do
	check "census: a device called $name" 0 '0000:3b:00\.0' '3c:00' \
		census "$name"
	check "runs: a device called $name" 0 '^0000:3b:00\.0: ' '' \
		runs "$name"
	json_exit "why: a device called $name" 1 \
		'.target.name == "0000:3b:00.0"' why --json "$name"
done
check "inflight: oldest first" 0 '' '^$' inflight
verify "inflight: and the youngest last" line_is '$' '41\.0 us'
check "counters: scaled" 0 '^pin_bytes +88\.0 GiB$' '' counters
check "counters: chosen by pattern" 0 '^pin_thp_bytes ' \
	'^(map|unpin)' counters 'pin_*'
check "counters: zeros are counted, not listed" 0 '^\(3 are 0\)$' \
	'^lost_(ranges|domains)' counters 'lost_r*' 'lost_d*'
check "errors: by name" 0 '^pin +1 +ENOMEM +Cannot allocate memory$' '' errors
check "hist: bounds" 0 \
	'64 calls, 50 % below 67\.1 ms, 99 % below 134\.2 ms' '' \
	hist 'pin_hugetlb_1g_*'
check "hist: bars" 0 '^  from +33\.6 ms below +67\.1 ms +32 \|#{40}$' '' hist 'pin_*'
check "probes: missing, and why" 0 '^teardown +missing ENOENT ' '' probes
check "schema: explains" 0 \
	'^added_4k_leaves +counter +leaves +4K leaves written$' '' schema
check "a key that does not exist" 2 \
	"xyz: no such key \(\`iovascope counters\` lists them\)" '' \
	counters xyz

# Recorded in the lab: a client on two 1G hugetlb pages, one on base pages, and
# one that has mapped and unmapped a 1 GiB BAR.
tree=$PWD/trees/lab
check "lab: the answer" 0 \
	'^2\.1 GiB mapped in 2 domains: 2\.0 GiB in 1G leaves, 0 B in 2M leaves, 64\.0 MiB in 4K leaves\.$' \
	'~' show
check "lab: a BAR's pin" 0 '^  mmio +1 +0 +1\.0 GiB +485\.5 ms .* 1852$' '' show
check "lab: nothing missed" 0 '^Quality: nothing missed, nothing lost;' \
	'Waiting' show
for command in domains processes inflight counters errors hist probes schema; do
	check "lab: $command" 0 '' 'nan|null' "$command"
done

tree=$PWD/trees/idle
check "idle: nothing mapped" 0 '^Nothing is mapped for VFIO\.$' 'DOMAIN' show
check "idle: probes wait for their module" 0 \
	'^Waiting for vfio_iommu_type1 to be loaded \(5 probes\)\.$' '' show
check "idle: which is no loss" 0 'nothing missed, nothing lost' 'probe ' show
check "idle: the module's note" 0 '^Note: no VT-d on this machine\.$' '' show
check "idle: no domain" 0 '^No domain has been used\.$' '' domains
check "idle: no process" 0 '^No process has used VFIO\.$' '' processes
check "idle: nothing in flight" 0 '^Every call has returned\.$' '' inflight
check "idle: no error" 0 '^No call failed\.$' '' errors
check "idle: every counter is zero" 0 '^\([0-9]+ are 0\)$' COUNTER counters
check "idle: every histogram is empty" 0 '^\([0-9]+ are 0\)$' 'calls,' hist

# Mapped before the module was loaded: its backend was never seen.
new_tree baseline
[[ $counting ]] || sed -i '/^3 / s/backend=type1/backend=none/' "$tree/domains"
check "a domain older than the module is VFIO's" 0 \
	'^~66\.0 GiB mapped in 2 domains:' 'Nothing is mapped' show

# Version 0 of a module: hardly a key is there.
new_tree bare
if [[ -z $counting ]]; then
	for file in counters domains processes inflight hist errors; do
		echo "format 1" >"$tree/$file"
	done
	echo "7 backend=type1 pid=1 comm=x" >>"$tree/domains"
	echo "7 pid=1 comm=x" >>"$tree/processes"
	echo "7.0" >>"$tree/inflight"
fi
check "absent keys print as -" 0 '^- mapped in 1 domain:' 'nan|null' show
check "absent keys of a domain" 0 '^ +7 +x \(1\) +- +type1 +-' '' show
check "absent keys of a process" 0 '^x \(1\) +- +- +-' '' show
check "absent keys of a call" 0 '^ +7\.0 +- +- +-' '' inflight
check "absent own time" 0 'own time - in - calls' '' show

# The two VMs on a module that tells flushes apart, of which they had
# 188.1 and 267.7 ms: (2677 - 281.9 - 734.0 - 455.8) / 2677 ms is the walk.
new_tree flushes
[[ $counting ]] || {
	printf 'flush_%s\n' "calls 371" "errors 0" "bytes 25769803776" \
		"ns 455800000" "max_ns 2100000" >>"$tree/counters"
	sed -n '/^unmap_/ s/^unmap_/flush_/p' "$recorded/schema" \
		>>"$tree/schema"
	sed -i -e '/^1 pid=4242 / s/$/ flush_ns=188100000/' \
		-e '/^2 pid=5151 / s/$/ flush_ns=267700000/' "$tree/processes"
}
check "show: flushes are in no walk" 0 \
	'^Of the teardown, 10\.5 % was unmap, 17\.0 % flush, 27\.4 % unpin and 45\.0 % the walk that finds the pages\.$' \
	'' show
json "show: nor in JSON" \
	'(.teardown | .flush_ns == 455800000 and .walk_ns == 1205296800)
	 and .cost.flush.total.ns == 455800000' show --json
check "show: what they cost" 0 \
	'^flush +371 +0 +24\.0 GiB +455\.8 ms +2\.1 ms +72\.4$' '' show
# (287 - 1.9 - 21.0 - 188.1) / 287 ms
check "show --pid: its own flushes" 0 \
	' 65\.5 % flush, .* and 26\.5 % the walk' '' --pid 4242 show
# More than the teardown has left: some were made by others.
[[ $counting ]] || sed -i 's/^flush_ns .*/flush_ns 1661096801/' "$tree/counters"
check "show: no shares where flushes do not fit in" 0 '' 'Of the teardown' show

# A name may hold anything: a terminal's commands, another process's number.
new_tree names
[[ $counting ]] || sed -i 's/comm=qemu-system-x86/comm=\\033[2Jx\\302\\233y/' \
	"$tree"/processes
check "control characters do not reach the terminal" 0 \
	'^\?\[2Jx\?y \(4242\)' $'\033|\302\233' show

# A row of its own, a text that runs backwards, a character cut in two.
new_tree forged
[[ $counting ]] || sed -i \
	's/comm=qemu-system-x86/comm=a\\0124\\040evil\\040(1)/' \
	"$tree"/{processes,domains,inflight}
for command in show inflight domains processes; do
	check "$command: a newline in a name makes no row" 0 \
		'a\?4 evil \(1\) \(4242\)' '^4 evil' "$command"
done
new_tree backwards
[[ $counting ]] || sed -i \
	's/comm=qemu-system-x86/comm=a\\342\\200\\256b\\342\\201\\246c/' \
	"$tree"/processes
check "a name cannot turn a line around" 0 '^a\?b\?c \(4242\)' \
	$'\342\200\256|\342\201\246' show
new_tree cut
[[ $counting ]] || sed -i \
	's/comm=qemu-system-x86/comm=abcdefghijklm\\342\\202/' \
	"$tree"/processes

is_utf8() {
	iconv -f UTF-8 -t UTF-8 "$tmp/out" >/dev/null
}

check "a name that is cut in a character" 0 \
	$'^abcdefghijklm\357\277\275\357\277\275 \\(4242\\)' '' show
verify "is valid UTF-8" is_utf8
tree=$recorded

new_tree one
[[ $counting ]] || {
	printf 'format 1\npin_duration_ns 1024=1\n' >"$tree/hist"
	sed -i 's/^self_calls .*/self_calls 1/' "$tree/counters"
}
check "one is one" 0 '^  1 call, 50 %' '' hist pin_duration_ns
check "one call of its own" 0 'own time .* in 1 call\.$' '' show
tree=$recorded

# A host whose IOMMU is not VT-d: the keys of leaves are absent.
new_tree no_leaves
[[ $counting ]] || {
	sed -i -E 's/ (live_(1g|2m|4k)|added|removed|table)_[a-z0-9_]+=[0-9]+//g' \
		"$tree"/{domains,processes}
	sed -i -E '/^((added|removed)_.._leaves|split_leaf_calls) /d' \
		"$tree/counters"
}
check "show: leaves that nobody knows" 0 \
	'^~66\.0 GiB mapped in 2 domains, in leaves that are not known\.$' \
	' in (1G|2M|4K) leaves' show
check "show: and none of them in a table" 0 \
	' 3 +qemu-system-x86 \(4242\) .* 64\.0 GiB +- +- +-$' '' show
tree=$recorded
