/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - the tracepoints: one event a call that has returned
 *
 * System `iovascope`, readable by trace-cmd, perf and bpftrace. Addresses and
 * lengths are in bytes, durations in ns; ret is 0 or -errno. Domains are named
 * by the id they have in debugfs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iovascope

#if !defined(IVS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IVS_TRACE_H

#include <linux/tracepoint.h>

#include "refused.h"

#ifndef IVS_TRACE_SHOW
#define IVS_TRACE_SHOW
#define ivs_show_backing(b)						\
	__print_symbolic(b, { 0, "base" }, { 1, "thp" },		\
			 { 2, "hugetlb_2m" }, { 3, "hugetlb_1g" },	\
			 { 4, "mmio" }, { 5, "mixed" }, { 6, "none" })
#define ivs_show_request(r)						\
	__print_symbolic(r, { 1, "map_dma" }, { 2, "unmap_dma" },	\
			 { 3, "ioas_map" }, { 4, "ioas_map_file" },	\
			 { 5, "ioas_copy" }, { 6, "ioas_unmap" },	\
			 { 7, "group_open" }, { 8, "group_status" },	\
			 { 9, "set_container" }, { 10, "set_iommu" },	\
			 { 11, "get_device" }, { 12, "device_open" },	\
			 { 13, "device_bind" }, { 14, "device_attach" })
#define ivs_show_step(s)						\
	__print_symbolic(s, { 0, "check" }, { 1, "group" },		\
			 { 2, "attach" }, { 3, "pin" }, { 4, "map" })
#endif

TRACE_EVENT(region,
	TP_PROTO(bool map, u64 iova, u64 vaddr, u64 bytes, u64 duration_ns,
		 int ret),
	TP_ARGS(map, iova, vaddr, bytes, duration_ns, ret),
	TP_STRUCT__entry(
		__field(bool, map)
		__field(u64, iova)
		__field(u64, vaddr)
		__field(u64, bytes)
		__field(u64, duration_ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->map = map;
		__entry->iova = iova;
		__entry->vaddr = vaddr;
		__entry->bytes = bytes;
		__entry->duration_ns = duration_ns;
		__entry->ret = ret;
	),
	TP_printk("map=%d iova=0x%llx vaddr=0x%llx bytes=%llu duration_ns=%llu ret=%d",
		  __entry->map, __entry->iova, __entry->vaddr, __entry->bytes,
		  __entry->duration_ns, __entry->ret)
);

DECLARE_EVENT_CLASS(ivs_pages,
	TP_PROTO(u64 iova, u64 bytes, unsigned int backing, u64 duration_ns,
		 int ret),
	TP_ARGS(iova, bytes, backing, duration_ns, ret),
	TP_STRUCT__entry(
		__field(u64, iova)
		__field(u64, bytes)
		__field(u64, pages)
		__field(unsigned int, backing)
		__field(u64, duration_ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->iova = iova;
		__entry->bytes = bytes;
		__entry->pages = bytes >> PAGE_SHIFT;
		__entry->backing = backing;
		__entry->duration_ns = duration_ns;
		__entry->ret = ret;
	),
	TP_printk("iova=0x%llx bytes=%llu pages=%llu backing=%s duration_ns=%llu ret=%d",
		  __entry->iova, __entry->bytes, __entry->pages,
		  ivs_show_backing(__entry->backing), __entry->duration_ns,
		  __entry->ret)
);

DEFINE_EVENT(ivs_pages, pin,
	TP_PROTO(u64 iova, u64 bytes, unsigned int backing, u64 duration_ns,
		 int ret),
	TP_ARGS(iova, bytes, backing, duration_ns, ret)
);

DEFINE_EVENT(ivs_pages, unpin,
	TP_PROTO(u64 iova, u64 bytes, unsigned int backing, u64 duration_ns,
		 int ret),
	TP_ARGS(iova, bytes, backing, duration_ns, ret)
);

DEFINE_EVENT(ivs_pages, teardown,
	TP_PROTO(u64 iova, u64 bytes, unsigned int backing, u64 duration_ns,
		 int ret),
	TP_ARGS(iova, bytes, backing, duration_ns, ret)
);

DECLARE_EVENT_CLASS(ivs_leaves,
	TP_PROTO(u64 domain, u64 iova, u64 bytes, const u64 *leaves,
		 u64 duration_ns, int ret),
	TP_ARGS(domain, iova, bytes, leaves, duration_ns, ret),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, iova)
		__field(u64, bytes)
		__field(u64, leaves_4k)
		__field(u64, leaves_2m)
		__field(u64, leaves_1g)
		__field(u64, duration_ns)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->iova = iova;
		__entry->bytes = bytes;
		__entry->leaves_4k = leaves[0];
		__entry->leaves_2m = leaves[1];
		__entry->leaves_1g = leaves[2];
		__entry->duration_ns = duration_ns;
		__entry->ret = ret;
	),
	TP_printk("domain=%llu iova=0x%llx bytes=%llu leaves_4k=%llu leaves_2m=%llu leaves_1g=%llu duration_ns=%llu ret=%d",
		  __entry->domain, __entry->iova, __entry->bytes,
		  __entry->leaves_4k, __entry->leaves_2m, __entry->leaves_1g,
		  __entry->duration_ns, __entry->ret)
);

DEFINE_EVENT(ivs_leaves, map,
	TP_PROTO(u64 domain, u64 iova, u64 bytes, const u64 *leaves,
		 u64 duration_ns, int ret),
	TP_ARGS(domain, iova, bytes, leaves, duration_ns, ret)
);

DEFINE_EVENT(ivs_leaves, unmap,
	TP_PROTO(u64 domain, u64 iova, u64 bytes, const u64 *leaves,
		 u64 duration_ns, int ret),
	TP_ARGS(domain, iova, bytes, leaves, duration_ns, ret)
);

TRACE_EVENT(refusal,
	TP_PROTO(const struct ivs_refusal *refusal),
	TP_ARGS(refusal),
	TP_STRUCT__entry(
		__field(unsigned int, request)
		__field(unsigned int, step)
		__field(int, error)
		__field(u64, domain)
		__field(u64, iova)
		__field(u64, vaddr)
		__field(u64, bytes)
		__array(char, target, IVS_TARGET_LEN)
	),
	TP_fast_assign(
		__entry->request = refusal->request;
		__entry->step = refusal->step;
		__entry->error = refusal->error;
		__entry->domain = refusal->domain;
		__entry->iova = refusal->iova;
		__entry->vaddr = refusal->vaddr;
		__entry->bytes = refusal->bytes;
		memcpy(__entry->target, refusal->target, IVS_TARGET_LEN);
	),
	TP_printk("call=%s step=%s errno=%d target=%s domain=%llu iova=0x%llx vaddr=0x%llx bytes=%llu",
		  ivs_show_request(__entry->request),
		  ivs_show_step(__entry->step), __entry->error,
		  __entry->target, __entry->domain, __entry->iova,
		  __entry->vaddr, __entry->bytes)
);

#endif /* IVS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
