#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The bpftrace script that people time pins with: a line when a pin begins, a
# line when it ends, and a histogram. In the guest, in the mounted image.

# The script's own variables.
# shellcheck disable=SC2016
exec chroot /run/bpftrace bpftrace -e '
BEGIN { printf("ready\n"); }
kprobe:vfio_pin_pages_remote {
	@start[tid] = nsecs;
	$sec = strftime("%Y-%m-%dT%H:%M:%S", nsecs);
	$nsec = nsecs % 1000000000;
	printf("%s.%09dZ: vfio_pin_pages_remote(): vaddr=0x%lx npage=%lu size=%luB limit=%lu pid=%d\n",
	       $sec, $nsec, arg1, arg2, arg2 * 4096, arg4, pid);
}
kretprobe:vfio_pin_pages_remote {
	$d = (nsecs - @start[tid]) / 1000000;
	$sec = strftime("%Y-%m-%dT%H:%M:%S", nsecs);
	$nsec = nsecs % 1000000000;
	printf("%s.%09dZ: vfio_pin_pages_remote took %d ms\n", $sec, $nsec, $d);
	@hist = hist($d);
	delete(@start[tid]);
}'
