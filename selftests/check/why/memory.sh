# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Causes that lie in the memory that is mapped, in its IOVA, or in how it is
# mapped: why is it not on 1 GiB leaves?

nothing_to_fix() {
	local id

	hold ./why_client "${GIB_FILE[@]}" &&
		answer_is 0 "$NOTHING_TO_FIX and .leaf_bytes[\"1g\"] == $G and
			.mapped_bytes == $G and .wanted_bytes == $G" \
			why "$PID" &&
		answer_is 0 ".vmas | any(.hugetlb_bytes == $G and
			.page_bytes == $G and .iommu_1g_bytes == $G)" \
			why "$PID" &&
		answer_is 0 "$NOTHING_TO_FIX and .target.kind == \"device\"" \
			why "$EDU" || return
	id=$(jq -r '.target.domains[0]' /run/answer)
	answer_is 0 "$NOTHING_TO_FIX and .target.kind == \"domain\" and
		.mapped_bytes == $G" why "domain:$id" &&
		answer_is 0 "$NOTHING_TO_FIX" why "$PID" &&
		./iovascope why "$PID" | sed -n 1p >/run/first &&
		jq -r .answer /run/answer | diff - /run/first
}

# The answer names an IOVA that would do. There it must be well.
not_congruent() {
	local good_iova

	hold ./why_client "${GIB_FILE[@]}" \
		--iova $((IOVA + 2 * M)) &&
		answer_is 1 "$(cause not-congruent "
			\$c.bytes == $G and \$c.used == \"2m\" and
			\$c.page_bytes == $G and .short_bytes == $G and
			(\$c.iova + \$c.shift_bytes) % $G == 0 and
			\$c.iova_would_do % $G == 0")" why "$PID" || return
	good_iova=$(jq '.causes[0].iova_would_do' /run/answer)
	hold ./why_client "${GIB_FILE[@]}" --iova "$good_iova" &&
		answer_is 0 "$NOTHING_TO_FIX" why "$PID"
}

not_congruent_by_4k() {
	hold ./why_client --backing hugetlb_2m --size 4M \
		--iova $((IOVA + 4096)) &&
		answer_is 1 "$(cause not-congruent "
			\$c.used == \"4k\" and \$c.page_bytes == 2 * $M and
			(\$c.iova + \$c.shift_bytes) % (2 * $M) == 0")" \
			why "$PID" --want 2m
}

# The memory of this VM is split in the middle of a GiB, so that what lies above
# 4 GiB is shifted by half a page.
not_congruent_vm() {
	hold_qemu -machine max-ram-below-4g=1536M -m 3G \
		-mem-path /dev/hugepages1G -device "vfio-pci,host=$NIC" &&
		answer_is 1 "$(cause not-congruent "
			\$c.bytes == $G + $G / 2 and \$c.iova == 4 * $G and
			\$c.shift_bytes == $G / 2 and \$c.used == \"2m\" and
			(\$c.fix | test(\"max-ram-below-4g\"))")" why "$PID"
}

joined_late() {
	hold ./why_client "${GIB_FILE[@]}" --chunk 2M &&
		answer_is 1 "$(cause joined-late "
			\$c.bytes == $G and \$c.used == \"2m\" and
			.causes == [\$c]")" why "$PID"
}

permission_split() {
	hold ./why_client "${GIB_FILE[@]}" --read-only &&
		answer_is 1 "$(cause permission-split "
			.short_bytes == $G and \$c.used == \"2m\" and
			([.causes[].bytes] | add) == $G")" why "$PID"
}

# The client leaves out 2 MiB in the middle of a 1 GiB page, for no reason.
hole() {
	hold ./why_client "${GIB_FILE[@]}" --hole 2M &&
		answer_is 1 "$(cause hole "
			\$c.bytes == $G - 2 * $M and \$c.fixable == true and
			\$c.hole_iova == $IOVA + $G / 2 and
			\$c.hole_bytes == 2 * $M")" why "$PID"
}

# A PC has a hole in its first GiB, which cannot be avoided, and none in the
# second.
hole_of_a_pc() {
	give_to_vfio "$NIC"
	hold_qemu -m 2G -mem-path /dev/hugepages1G \
		-device "vfio-pci,host=$NIC" &&
		answer_is 0 "$(cause hole "
			\$c.fixable == false and .fix_needed == false and
			\$c.bytes >= $G - 2 * $M and \$c.bytes <= $G and
			.wanted_bytes == $G")" why "$PID"
}

run_too_short() {
	hold ./why_client --backing hugetlb_2m --size 4M &&
		answer_is 0 "$(cause run-too-short "
			\$c.bytes == 4 * $M and \$c.used == \"2m\" and
			.fix_needed == false")" why "$PID" &&
		answer_is 0 "$NOTHING_TO_FIX" why "$PID" --want 2m
}

# fragmented BACKING SIZE WANT USED: pages that do not follow one another in
# physical memory.
fragmented() {
	hold ./why_client --backing "$1" --size "$2" --touch scattered &&
		answer_is 1 "$(cause fragmented "
			\$c.backing == \"$1\" and \$c.used == \"$4\" and
			\$c.bytes == .mapped_bytes and
			.causes == [\$c]")" why "$PID" --want "$3"
}

# Some kernels have huge pages smaller than 2 MiB.
fragmented_folios() {
	local thp=/sys/kernel/mm/transparent_hugepage rc=0

	echo never >$thp/hugepages-2048kB/enabled
	echo always >$thp/hugepages-64kB/enabled
	hold ./why_client --backing thp --size 4M --step 64K \
		--touch scattered &&
		answer_is 1 "$(cause fragmented "
			\$c.backing == \"thp\" and \$c.page_bytes == 65536 and
			\$c.bytes == 4 * $M and \$c.possible == \"2m\" and
			.causes == [\$c]")" why "$PID" --want 2m || rc=1
	echo never >$thp/hugepages-64kB/enabled
	echo inherit >$thp/hugepages-2048kB/enabled
	return $rc
}

disable_hugepages() {
	local file=/sys/module/vfio_iommu_type1/parameters/disable_hugepages
	local rc=0

	echo 1 >$file
	hold ./why_client --backing hugetlb_2m --size 4M &&
		answer_is 1 "$(cause disable-hugepages "
			\$c.bytes == 4 * $M and \$c.used == \"4k\"")" \
			why "$PID" --want 2m &&
		answer_is 1 'any(.causes[]; .cause == "disable-hugepages")' host ||
		rc=1
	echo 0 >$file
	return $rc
}

# hugepath's own parameter limits leaves. The module is unloaded at the end,
# because the tests that follow are about stock type1.
leaves_capped() {
	local parameters=/sys/module/iovascope_hugepath/parameters rc=0

	insmod ./iovascope_hugepath.ko takeover=1 leaf=2M &&
		hold ./why_client "${GIB_FILE[@]}" &&
		answer_is 1 "$(cause leaves-capped "
			\$c.bytes == $G and \$c.used == \"2m\" and
			\$c.possible == \"1g\" and .causes == [\$c]")" \
			why "$PID" &&
		answer_is 1 'any(.causes[]; .cause == "leaves-capped")' host &&
		echo 1G >$parameters/leaf &&
		hold ./why_client "${GIB_FILE[@]}" &&
		answer_is 0 "$NOTHING_TO_FIX" why "$PID" || rc=1
	client_end
	rmmod iovascope_hugepath || rc=1
	return $rc
}
