# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Memory that a device still reaches and that its process no longer has; and what
# looks like it and is none.

# stale_is BYTES UNKNOWN OPTION...: 8 MiB of which half is spoiled.
stale_is() {
	local bytes=$1 unknown=$2 code=$(($1 != 0)) first
	shift 2

	first="\$c.cause == \"stale\" and \$c.bytes == $bytes and
		\$c.iova == $IOVA"
	((bytes)) || first='.causes == []'
	hold ./why_client --size 8M "$@" &&
		answer_is "$code" "$first and .missing == [] and
			.stale_bytes == $bytes and
			.unknown_bytes == $unknown and
			.same_bytes == 8 * $M - $bytes - $unknown" \
			stale "$PID"
}

# In the middle of why, which looks at a few pages only.
stale_first() {
	stale_is $((4 * M)) 0 --then remap &&
		answer_is 1 "(.answer | test(\"^4.0 MiB stale\")) and
			any(.stale[]; .cause.bytes == 4 * $M)" why "$PID"
}

# Said of regions, not of the process: three of four are well.
stale_region() {
	stale_is $((4 * M)) 0 --chunk 2M --then refill
	answer_is 1 "[.stale[].stale_bytes] | sort ==
		[0, 0, 2 * $M, 2 * $M]" stale "$PID"
}

# Up to 6.1 memory that nobody has touched is pinned as the page of zeroes where
# it is mapped for reading only; nothing to be frightened of. Later it never is.
stale_read_only() {
	local bytes=0 first='.causes == []'

	[[ $(uname -r) != 6.1.* ]] || bytes=$((4 * M))
	((!bytes)) || first=$(cause stale-read-only "\$c.bytes == $bytes")
	hold ./why_client --size 8M --touch none --read-only --then write &&
		answer_is 0 "$first and .stale_read_only_bytes == $bytes and
			.stale_bytes == 0 and .missing == []" stale "$PID" &&
		answer_is either '.answer | test("stale") | not' why "$PID"
}

# Its process was killed while another has the container.
stale_of_the_dead() {
	hold ./why_client --size 8M &&
		answer_is 0 ".same_bytes == 8 * $M" stale "$EDU" || return
	client_end
	answer_is 0 '.stale == []' stale "$EDU"
}

# A container forgets all of it when its last group leaves.
dropped() {
	hold ./why_client --size 8M --then rejoin &&
		answer_is 0 "$(cause memory-dropped "
			\$c.dropped_bytes == 8 * $M and .mapped_bytes == 0")" \
			why "$PID"
}

# Its process has ended, and a child has the container.
orphaned() {
	local rc=0 heir

	hold ./why_client --size 8M --chunk 4M --then bequeath || return
	tail --pid="$PID" -f /dev/null
	heir=$(sed -n 's/^heir //p' /run/client)
	answer_is 1 ".mapped_bytes == 8 * $M and any(.causes[];
		.cause == \"orphaned\" and .pid == $PID and
		.orphan_regions == 2 and .orphan_bytes == 8 * $M)" \
		why "$EDU" || rc=1
	kill "$heir"
	tail --pid="$heir" -f /dev/null
	return $rc
}

stale_tests() {
	tap "stale: new memory at the address" stale_first
	tap "stale: given back and touched" stale_is $((4 * M)) 0 --then refill
	tap "stale: some regions" stale_region
	tap "not stale: given back, which may be anything" \
		stale_is 0 $((4 * M)) --then drop
	tap "not stale: nothing was done" stale_is 0 0
	tap "not stale: a child, and writes" stale_is 0 0 --then fork
	tap "not stale: hugetlb, a child, and writes" \
		stale_is 0 0 --backing hugetlb_2m --then fork
	tap "stale: a THP of which half was given back" \
		stale_is $((4 * M)) 0 --backing thp --then refill
	tap "stale: a client that is gone" stale_of_the_dead
	tap "stale-read-only" stale_read_only
	tap "memory-dropped" dropped
	tap "orphaned" orphaned
}
