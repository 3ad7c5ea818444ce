# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Causes that only iommufd has, and others as they look with it.

# iommufd_no_huge HOW: large leaves would fit and are not used, because the
# client has switched them off (small) or has asked for type1 v1 (v1).
iommufd_no_huge() {
	hold ./why_client --iommufd "$1" "${GIB_FILE[@]}" &&
		answer_is 1 "$(cause iommufd-no-huge "
			\$c.bytes == $G and \$c.used == \"4k\" and
			\$c.possible == \"1g\" and .causes == [\$c]")" why "$PID"
}

iommufd_nothing_to_fix() {
	hold ./why_client --iommufd v2 "${GIB_FILE[@]}" &&
		answer_is 0 "$NOTHING_TO_FIX and .leaf_bytes[\"1g\"] == $G" why "$PID" &&
		answer_is 0 "$NOTHING_TO_FIX" why "$EDU" &&
		./iovascope domains --json | jq -e '
			any(.domains[]; .backend == "iommufd")' >/dev/null
}

# Each device has an iommufd of its own, so that the same memory is pinned twice.
iommufd_duplicates() {
	hold ./why_client --iommufd v2 --device edu --device edu --containers \
		"${GIB_FILE[@]}" &&
		answer_is either "any(.causes[]; .cause == \"duplicate-pins\" and
			.factor_percent == 200) and
			.backings.hugetlb_1g.bytes == 2 * $G" \
			why --start "$PID"
}
