# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016 # variables of jq
#
# From exec to exit: "iovascope record", and what "iovascope timeline" makes of
# it, against what the module has counted by itself and what is known to have
# happened.

# Where the lab has it; a machine that has it elsewhere has a link there.
TRACING=/sys/kernel/tracing

# recorded OPTION...: record, and tell it in JSON.
recorded() {
	rm -f /run/rec
	if ! ./iovascope record --file /run/rec "$@" >/run/rec.out \
		2>/run/rec.err; then
		cat /run/rec.out /run/rec.err
		return 1
	fi
	./iovascope timeline --json --all /run/rec >/run/timeline
}

# timeline_is FILTER [OPTION...]: it adds up, and this is so. Leaves of the tree
# with a name are named(NAME).
timeline_is() {
	local told=0

	jq -e "${@:2}" 'def adds: if has("parts") then
			.ns == ([.parts[].ns] | add // 0) and all(.parts[]; adds)
		else true end;
		def named($name): [.phases[] | .. | objects |
			select(.phase? == $name and (has("parts") | not))];
		.wall_ns == ([.phases[].ns] | add) and all(.phases[]; adds) and
		('"$1"')' /run/timeline >/run/is || told=1
	((!told)) || jq -c '.phases, .recording, .missing' /run/timeline
	return $told
}

# A recorder has armed what it looks by, which takes a while here.
recorder_is_ready() {
	local on

	for ((i = 0; i < 600; i++)); do
		on=$(compgen -G "$TRACING/instances/iovascope_record_*_calls/tracing_on") &&
			[[ $(<"$on") == 1 ]] && return
		sleep 0.1
	done
	return 1
}

# Nobody else records here.
nothing_stays() {
	! compgen -G "$TRACING/instances/iovascope_record_*" &&
		! grep iovascope_record "$TRACING/kprobe_events"
}

# What it tells of calls is what the module counts of that process, to the
# nanosecond; devices are told by name; and a reset by way of D3hot takes the
# 10 ms, twice, that the kernel gives it. Outside of requests there are the maps
# by which type1 tries a new domain.
record_is_counted() {
	recorded -- ./vfio_client --device e1000e --backing base --size 16M ||
		return
	[[ $(stat -c %a /run/rec) == 600 ]] || return
	nothing_stays || return
	./iovascope processes --json "$(jq .process.pid /run/timeline)" \
		>/run/counted || return
	timeline_is '. as $all | ([$counted[0].processes[]][0]) as $sums |
		def all_of($name; $key): [named($name)[][$key]] | add;
		.recording.end == "exit" and .recording.exit_code == 0 and
		.recording.lost_events == 0 and
		.process.exec_seen and .process.exit_seen and
		all(("pin", "map", "unmap", "unpin") as $op | [$op, "calls", "ns"],
			[$op, "ns", "ns"]; . as [$op, $key] |
			($all | all_of($op; $key)) == $sums["\($op)_\($key)"]) and
		all_of("pin"; "bytes") == $sums.pin_bytes and
		([.phases[] | select(.phase == "mapping").ns] | add |
			. >= $sums.region_map_ns and
			. <= $sums.region_map_ns + $sums.map_ns) and
		(.phases[] | select(.phase == "devices").parts |
			any(.[]; .device == $nic and
				any(.parts[]; .phase == "open") and
				any(.parts[]; .phase == "close"))) and
		all_of("reset"; "ns") >= 20000000' \
		--slurpfile counted /run/counted --arg nic "$NIC"
}

# What is asked of it is of the same seconds. A reset by way of D3hot takes the
# 10 ms that the kernel gives it, twice.
record_says_why() {
	recorded -- ./vfio_client --device e1000e --backing base --size 1M ||
		return
	./iovascope why --start /run/rec --json >/run/why || return
	jq -e '.wall_ns == .total_ns + .outside_ns + .not_seen_ns and
		.wall_ns == ([.phases[]] | add) and .not_seen_ns == 0 and
		any(.causes[]; .cause == "device-reset" and .ns >= 20000000)' \
		/run/why && return
	jq -c 'del(.missing)' /run/why
	return 1
}

# Three seconds in which the client waits are in no call, and it sleeps in them,
# but for what the emulated processor takes to put it to sleep and wake it up.
record_finds_a_pause() {
	recorded -- ./vfio_client --backing base --size 1M --hold 3 || return
	timeline_is '([named("asleep")[].ns] | add) >= 2500000000 and
		([.phases[] | select(.phase == "vmm").ns] | add) >= 3000000000 and
		([.phases[] | select(.phase != "vmm").ns] | add) < 2000000000'
}

# One that runs already: how much of it is not there is known.
record_comes_late() {
	hold ./why_client --backing base --size 16M || return
	(
		recorder_is_ready
		kill "$PID"
	) &
	recorded --pid "$PID" || return
	timeline_is '([named("before-recording")[].ns] | add) >= 100000000 and
		.process.exec_seen == false and .recording.end == "exit" and
		([named("walk")[].calls] | add) >= 1 and
		any(.missing[]; test("ran already"))'
}

# recorder_waits PID: is it looking for who comes next?
recorder_waits() {
	local i on

	for ((i = 0; i < 600; i++)); do
		on=$TRACING/instances/iovascope_record_$1_next/events/sched/sched_process_exec/enable
		[[ -e $on && $(<"$on") == 1 ]] && return
		sleep 0.1
	done
	return 1
}

# One that somebody else starts: the others that come before have other names.
# Of its time next to nothing is missing, and who waits in vain says so.
record_the_next() {
	local pid end=0

	rm -f /run/rec
	cp vfio_client /run/a_vfio_client
	./iovascope record --next a_vfio_client --file /run/rec 2>/run/rec.err &
	pid=$!
	recorder_waits "$pid" || return
	/bin/true
	/run/a_vfio_client --device e1000e --backing base --size 1M --hold 1 ||
		return
	wait "$pid" || return
	grep -q 'waiting for the next process that is called a_vfio_client' \
		/run/rec.err || return
	./iovascope timeline --json --all /run/rec >/run/timeline || return
	timeline_is '.recording.end == "exit" and .process.exec_seen and
		.process.comm == "a_vfio_client" and
		([named("before-recording")[].ns] | add) < .wall_ns / 4 and
		([named("pin")[].calls] | add) >= 1' || return
	./iovascope record --next nobody --file /run/rec 2>/run/rec.err &
	pid=$!
	recorder_waits "$pid" || return
	kill -INT "$pid"
	wait "$pid" || end=$?
	cat /run/rec.err
	((end == 1)) && [[ ! -e /run/rec ]] && nothing_stays &&
		grep -q 'no process called nobody came' /run/rec.err
}

# A disk that gets full, and a module that goes, are an end that can be read.
record_ends_well() {
	local end=0

	mkdir -p /run/small
	mount -t tmpfs -o size=192k none /run/small || return
	./iovascope record --file /run/small/rec -- ./vfio_client --backing base \
		--size 64M --chunk 64K 2>/run/rec.err
	./iovascope timeline --json /run/small/rec >/run/timeline || end=1
	umount /run/small
	((!end)) || return
	timeline_is '.recording.end == "full"' || return
	(
		recorder_is_ready
		sleep 1
		rmmod iovascope
	) &
	recorded -- sleep 20
	end=$?
	wait
	[[ -e /sys/module/iovascope ]] || insmod ./iovascope.ko
	((!end)) && timeline_is '.recording.end == "unloaded"' && nothing_stays
}
