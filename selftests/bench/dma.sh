#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Maps and unmaps, but not those of the host's own DMA: the domain's type, its
# first member, is looked at and nothing else is done for them. In the guest, in
# the mounted image.

exec chroot /run/bpftrace bpftrace -e '
BEGIN { printf("ready\n"); }
kprobe:iommu_map,kprobe:iommu_unmap_fast {
	if (*(uint32 *)arg0 == 1) { @calls = count(); }
}'
