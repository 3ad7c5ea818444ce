/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refused.h - what is kept of a call that failed
 */
#ifndef IVS_REFUSED_H
#define IVS_REFUSED_H

#include <linux/sched.h>
#include <linux/types.h>

#include "../base/op.h"
#include "vma.h"

/* What a process asks the kernel for: the calls that may be refused. */
enum ivs_request {
	IVS_NO_REQUEST,
	IVS_MAP_DMA,
	IVS_UNMAP_DMA,
	IVS_IOAS_MAP,
	IVS_IOAS_MAP_FILE,
	IVS_IOAS_COPY,
	IVS_IOAS_UNMAP,
	IVS_GROUP_OPEN,
	IVS_GROUP_STATUS,
	IVS_SET_CONTAINER,
	IVS_SET_IOMMU,
	IVS_GET_DEVICE,
	IVS_DEVICE_OPEN,
	IVS_DEVICE_BIND,
	IVS_DEVICE_ATTACH,
	IVS_NR_REQUESTS,
};

/* Which part of a call said no. */
enum ivs_step {
	/* None of those below: arguments, state, what iommufd may lock. */
	IVS_STEP_CHECK,
	/* The backend would not have the group: type1's or hugepath's checks. */
	IVS_STEP_GROUP,
	/* The IOMMU driver would not have the device in the domain. */
	IVS_STEP_ATTACH,
	IVS_STEP_PIN,
	IVS_STEP_MAP,
	IVS_NR_STEPS,
};

#define IVS_TARGET_LEN 24

/**
 * struct ivs_refusal - one call that failed, and what only that moment knew
 * @id: its number, from 1 on; 0 for a place that is free
 * @first_ns: CLOCK_MONOTONIC of its return
 * @last_ns: and of the last one that was the same
 * @wall_ns: CLOCK_REALTIME of its return
 * @overcome_ns: when the same call of the same process succeeded, 0 for never
 * @repeats: calls that were the same, this one included
 * @born: start time of the process, which tells it from others of its pid
 * @pid: thread group
 * @tid: thread
 * @comm: name of the process
 * @cgroup: id of its cgroup v2, 0 where there are none
 * @request: what it asked for
 * @backend: whom
 * @step: which part of the call failed
 * @error: positive errno; 0 for an answer that is no error and still means no
 * @target: group or device it is about, empty for none
 * @group: IOMMU group that a backend would not have, -1 for none
 * @domain: id of the domain that it would have changed, 0 for none
 * @aperture_last: last IOVA that this domain can have, 0 for unknown
 * @device: a device of it, whose reserved ranges are the domain's too
 * @has_device: there was one
 * @iova: first IOVA
 * @vaddr: memory of the process
 * @bytes: asked for
 * @done_bytes: pinned before it failed; of an unmap, what it did remove
 * @flags: of the request
 * @limit_bytes: RLIMIT_MEMLOCK of the process
 * @locked_bytes: charged to its memory map as locked, when it had failed
 * @pinned_bytes: charged to its memory map as pinned
 * @user_locked_bytes: charged to its user, by all processes
 * @ipc_lock: it has CAP_IPC_LOCK in effect: no limit
 * @memcg_max_bytes: memory.max of its cgroup, or of the one above that had the
 *	least room; U64_MAX for none
 * @memcg_bytes: charged to that one, when it had failed
 * @oom_victim: the kernel was ending the process for want of memory
 * @faulted_bytes: hugetlb memory that came into being in this call
 * @hugetlb_bytes: hugetlb memory of the process, then
 * @seen: the memory at @vaddr; where a pin failed, from there on
 * @overlap_iova: first IOVA of what was mapped there already
 * @overlap_bytes: how much, 0 for nothing
 */
struct ivs_refusal {
	u64 id;
	u64 first_ns;
	u64 last_ns;
	u64 wall_ns;
	u64 overcome_ns;
	u64 repeats;
	u64 born;
	pid_t pid;
	pid_t tid;
	char comm[TASK_COMM_LEN];
	u64 cgroup;
	enum ivs_request request;
	enum ivs_backend backend;
	enum ivs_step step;
	int error;
	char target[IVS_TARGET_LEN];
	int group;
	u64 domain;
	u64 aperture_last;
	struct ivs_bdf device;
	bool has_device;
	u64 iova;
	u64 vaddr;
	u64 bytes;
	u64 done_bytes;
	u32 flags;
	u64 limit_bytes;
	u64 locked_bytes;
	u64 pinned_bytes;
	u64 user_locked_bytes;
	bool ipc_lock;
	u64 memcg_max_bytes;
	u64 memcg_bytes;
	bool oom_victim;
	u64 faulted_bytes;
	u64 hugetlb_bytes;
	struct ivs_vma_seen seen;
	u64 overlap_iova;
	u64 overlap_bytes;
};

#endif /* IVS_REFUSED_H */
