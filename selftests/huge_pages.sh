#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: huge_pages.sh N
#
# Have N hugetlb pages of 2 MiB, or say how many there are instead, and fail.
#
# A program of its own because a shell with children is the wrong one to ask for
# them: the kernel stops making pages when a signal comes, SIGCHLD included, and
# calls that a success. This one has no children.

pool=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages

# have N: are there as many after asking for them?
have() {
	local nr

	echo "$1" >$pool && read -r nr <$pool && ((nr == $1))
}

have "$1" && exit
# There may be memory enough, in pieces.
echo 1 >/proc/sys/vm/compact_memory
have "$1" && exit
echo "huge_pages.sh: wanted $1 pages of 2 MiB, there are $(<$pool)" >&2
exit 1
