/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.h - what is known of a call between its entry and its return
 */
#ifndef IVS_CALL_H
#define IVS_CALL_H

#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "../base/op.h"
#include "refused.h"

/**
 * struct ivs_call - one call between its entry and its return
 * @node: in the flight table
 * @bucket: of that
 * @exiting: its task was on its way out already when it began
 * @parent: the call of the same task that it runs in, or NULL
 * @task: compared only; NULL for a call of the DMA API, which may be anybody's
 * @born: when that task was made: its address comes back
 * @tid: thread, in the initial pid namespace
 * @pid: thread group
 * @comm: name of the thread
 * @op: what it is
 * @cmd: region of iommufd: which request
 * @backend: who makes it, taken from the parent where the call cannot tell
 * @start_ns: CLOCK_MONOTONIC of its entry, after our own work there
 * @iova: first IOVA, in bytes
 * @vaddr: what it maps, in the process, for region and pin
 * @bytes: bytes asked for
 * @phys: physical address, for map
 * @domain_id: map and unmap: of the domain's record, 0 for none
 * @object: what the return handler needs: the domain, the user's arguments or
 *	the address of a result
 * @index: pin of iommufd: of its first page, in the region
 * @faults: pin: page faults its task had taken when it began
 * @hugetlb_pages: pin: hugetlb memory its process had then, in 4K pages
 * @file: pin: the file that it pins pages of, NULL for memory by its address
 * @file_pages: and how many of its pages were in memory then, in 4K pages
 * @domain: region: the first one that it mapped into; compared only
 * @first_id: region: and the id of its record
 * @done_bytes: region: what was mapped or unmapped there so far
 * @released_bytes: teardown: bytes its unpins handed over so far
 * @backing: teardown: what those were made of; unpin: what it releases
 * @flush_ns: unmap: time in flushes inside it
 * @sampled: unpin: not all of its page frames were looked at
 * @partial: map: the core is rolling back what it had mapped
 * @request: what the process asked for; IVS_NO_REQUEST for a part of that
 * @flags: of the request
 * @ioas: and the IOAS of iommufd that it names
 * @space: the container or IOAS that it is about, compared only; 0 for unknown
 * @vaddr_only: request: gives or takes the memory's address, and maps nothing
 * @answer_is_no: it succeeded, and its answer is that there is no way
 * @pinned_bytes: request: bytes its pins got so far
 * @failed_error: errno of the innermost part that failed, 0 for none
 * @failed_step: which part that is
 * @failed_vaddr: and what it was to pin
 * @group: attach: id of the IOMMU group, plus 1; request: of the group that a
 *	backend would not have; 0 for none
 *
 * Memory of its own, from entry to return handler (flight.c); the instance of the
 * kretprobe only knows where.
 */
struct ivs_call {
	struct hlist_node node;
	u16 bucket;
	bool exiting;
	struct ivs_call *parent;
	struct task_struct *task;
	u64 born;
	pid_t tid;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	enum ivs_op op;
	unsigned int cmd;
	enum ivs_backend backend;
	u64 start_ns;
	u64 iova;
	u64 vaddr;
	u64 bytes;
	u64 phys;
	u64 domain_id;
	void *object;
	u64 index;
	u64 faults;
	u64 hugetlb_pages;
	const struct file *file;
	u64 file_pages;
	const void *domain;
	u64 first_id;
	u64 done_bytes;
	u64 released_bytes;
	u64 flush_ns;
	enum ivs_backing backing;
	bool sampled;
	bool partial;
	enum ivs_request request;
	u32 flags;
	u32 ioas;
	unsigned long space;
	bool vaddr_only;
	bool answer_is_no;
	u64 pinned_bytes;
	int failed_error;
	enum ivs_step failed_step;
	u64 failed_vaddr;
	u32 group;
};

/* What an instance of a kretprobe has room for: the pointer, or an attach. */
#define IVS_CALL_DATA (2 * sizeof(void *))

/* ivs_call_of - what a handler keeps from entry to return */
static inline struct ivs_call *ivs_call_of(struct kretprobe_instance *ri)
{
	return *(struct ivs_call **)ri->data;
}

#endif /* IVS_CALL_H */
