// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two backends, one sequence of calls.
 *
 * Random calls go to two containers, each with devices of its own: one is
 * stock type1, the other what is under test. After every call both must have
 * said the same (return value, errno, every byte that was written back), have
 * charged the same to the memory limit of whoever called, and translate the
 * same addresses to the same memory through the same leaves. Stock type1
 * against itself comes first: it shows that the test itself is fair.
 *
 * An epoch is a new pair of containers and a few hundred calls, all drawn from
 * one number, and after it nothing may be left: no pin, no charge. When the two
 * differ, the epoch's calls are printed, and
 *
 *	IOVASCOPE_DIFFER_SEED     begins there (20261122)
 *	IOVASCOPE_DIFFER_EPOCHS   how many (30); 1 repeats one
 *	IOVASCOPE_DIFFER_OPS      calls in an epoch (200)
 *
 * The memory is the arena's: whatever there is, side by side. Calls come from
 * two processes; the other one is a fork of this one, and dies now and then, or
 * executes this program anew and has then none of the arena's memory.
 *
 * What depends on who is first (threads of one container, a userfaultfd that
 * comes while memory is mapped) no two sequences can be held against each other
 * for; hugepath_test.c has it, for both backends.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include <linux/capability.h>

#include "kselftest_harness.h"

#include "lib/arena.h"
#include "lib/census.h"
#include "lib/client.h"
#include "lib/file.h"
#include "lib/hugepath.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/vfio.h"
#include "lib/vmstat.h"

static const char *disturbs = "serves all clients of VFIO by hugepath";

#define MAX_OPS		1000
#define MAX_REGIONS	512
#define MAX_RECORDS	16384
#define NR_GROUPS	2
#define MAX_ERRNO	134
#define BUFFER		256
#define MIGRATION_SIZE	sizeof(struct vfio_iommu_type1_info_cap_migration)
#define IOVA		(64 * SZ_1G)
#define MSI		0xfee00000ULL
#define APERTURE	(1ULL << 48)

enum { STOCK, TESTED, NR_SIDES };
enum { MAIN, OTHER, NR_PROCS };

/* ---- what is called ---- */

enum kind {
	CHECK_EXTENSION,
	SET_IOMMU,
	GROUP_SET,
	GROUP_UNSET,
	GET_INFO,
	MAP,
	UNMAP,
	UNKNOWN_IOCTL,
	/* What follows happens to both sides at once. */
	RENEW,
	TOUCH,
	OTHER_DIES,
	OTHER_EXECS,
	NR_KINDS,
};

static const char *const kind_names[NR_KINDS] = {
	"check_extension", "set_iommu", "group_set", "group_unset", "get_info",
	"map", "unmap", "unknown_ioctl", "renew", "touch", "other_dies",
	"other_execs",
};

enum where {
	BUFFER_GOOD,
	BUFFER_TRUNCATED,	/* its last bytes are not there */
	BUFFER_READONLY,
	BUFFER_NONE,
};

/* One call, with everything that was drawn for it. */
struct op {
	enum kind kind;
	int proc;
	enum where where;
	unsigned int cut;	/* bytes that are missing */
	__u32 argsz, flags;
	__u64 iova, size, vaddr;
	__u64 bitmap[3];	/* page size, size, address */
	unsigned long arg;	/* extension, ioctl, group, piece */
	long headroom;		/* pages left under the limit; -1: no limit */
};

struct result {
	long ret;
	int err;
	__u8 out[BUFFER];
};

struct request {
	struct op op;
	int fd, group_fd;
	struct result result;
};

static void op_print(const struct op *op)
{
	printf("#   %s: %s", op->proc == MAIN ? "main" : "other",
	       kind_names[op->kind]);
	switch (op->kind) {
	case MAP:
		printf(" argsz=%u flags=0x%x vaddr=0x%llx iova=0x%llx size=0x%llx",
		       op->argsz, op->flags, op->vaddr, op->iova, op->size);
		break;
	case UNMAP:
		printf(" argsz=%u flags=0x%x iova=0x%llx size=0x%llx",
		       op->argsz, op->flags, op->iova, op->size);
		break;
	case GET_INFO:
		printf(" argsz=%u", op->argsz);
		break;
	default:
		printf(" %lu", op->arg);
		break;
	}
	if (op->where)
		printf(" buffer=%d cut=%u", op->where, op->cut);
	if (op->headroom >= 0)
		printf(" headroom=%ld", op->headroom);
	printf("\n");
}

/* ---- how it is called ---- */

static void ipc_lock(int on)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	must_eq(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	if (on)
		data[0].effective |= data[0].permitted & 1U << CAP_IPC_LOCK;
	must_eq(syscall(SYS_capset, &header, data), 0);
}

static void limit_set(long headroom)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (headroom < 0)
		return;
	limit.rlim_cur = locked_bytes(getpid()) + headroom * SZ_4K;
	must_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	ipc_lock(0);
}

static void limit_lift(long headroom)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (headroom < 0)
		return;
	ipc_lock(1);
	must_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
}

/* What the kernel is given, and how much of it there is. */
static size_t argument(const struct op *op, __u8 *arg)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = op->argsz, .flags = op->flags, .vaddr = op->vaddr,
		.iova = op->iova, .size = op->size,
	};
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = op->argsz, .flags = op->flags, .iova = op->iova,
		.size = op->size,
	};

	memset(arg, 0xa5, BUFFER);
	switch (op->kind) {
	case MAP:
		memcpy(arg, &map, sizeof(map));
		return sizeof(map);
	case UNMAP:
		memcpy(arg, &unmap, sizeof(unmap));
		memcpy(arg + sizeof(unmap), op->bitmap, sizeof(op->bitmap));
		return sizeof(unmap) + (op->flags &
			VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP ?
			sizeof(op->bitmap) : 0);
	default:
		memcpy(arg, &op->argsz, sizeof(op->argsz));
		return BUFFER;
	}
}

/* An ioctl whose argument lies where the call wants it. */
static void call_with_buffer(const struct op *op, int fd, unsigned long cmd,
			     struct result *result)
{
	static char *page;
	char *at;
	size_t len;

	if (!page) {
		page = mmap(NULL, 2 * SZ_4K, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(page != MAP_FAILED);
		must_eq(mprotect(page + SZ_4K, SZ_4K, PROT_NONE), 0);
	}
	len = argument(op, result->out);
	at = op->where == BUFFER_TRUNCATED ? page + SZ_4K - len + op->cut :
					     page;
	memcpy(at, result->out, op->where == BUFFER_TRUNCATED ?
				len - op->cut : BUFFER);
	if (op->where == BUFFER_READONLY)
		must_eq(mprotect(page, SZ_4K, PROT_READ), 0);
	errno = 0;
	result->ret = ioctl(fd, cmd, op->where == BUFFER_NONE ? NULL : at);
	result->err = errno;
	if (op->where == BUFFER_READONLY)
		must_eq(mprotect(page, SZ_4K, PROT_READ | PROT_WRITE), 0);
	memset(result->out, 0, BUFFER);
	memcpy(result->out, at, op->where == BUFFER_TRUNCATED ?
				len - op->cut : BUFFER);
}

static void call(struct request *request)
{
	const struct op *op = &request->op;
	struct result *result = &request->result;

	memset(result, 0, sizeof(*result));
	limit_set(op->headroom);
	errno = 0;
	switch (op->kind) {
	case CHECK_EXTENSION:
		result->ret = ioctl(request->fd, VFIO_CHECK_EXTENSION, op->arg);
		break;
	case SET_IOMMU:
		result->ret = ioctl(request->fd, VFIO_SET_IOMMU, op->arg);
		break;
	case GROUP_SET:
		result->ret = ioctl(request->group_fd, VFIO_GROUP_SET_CONTAINER,
				    &request->fd);
		break;
	case GROUP_UNSET:
		result->ret = ioctl(request->group_fd,
				    VFIO_GROUP_UNSET_CONTAINER);
		break;
	case GET_INFO:
		call_with_buffer(op, request->fd, VFIO_IOMMU_GET_INFO, result);
		break;
	case MAP:
		call_with_buffer(op, request->fd, VFIO_IOMMU_MAP_DMA, result);
		break;
	case UNMAP:
		call_with_buffer(op, request->fd, VFIO_IOMMU_UNMAP_DMA, result);
		break;
	case UNKNOWN_IOCTL:
		call_with_buffer(op, request->fd,
				 _IO(VFIO_TYPE, VFIO_BASE + op->arg), result);
		break;
	case TOUCH:
		*(volatile char *)op->vaddr = 1;
		break;
	default:
		break;
	}
	if (result->ret < 0 && !result->err)
		result->err = errno;
	limit_lift(op->headroom);
}

/* ---- who calls ---- */

struct side {
	const char *name;
	enum hugepath_door door;
	int fd;
	int group_fd[NR_GROUPS];
	char bdf[NR_GROUPS][PCI_BDF_LEN];
	__s64 locked[NR_PROCS];
	struct iovascope_pagemap *records;
	unsigned int nr;
};

struct world {
	struct arena arena;
	struct side side[NR_SIDES];
	struct request *request;	/* shared with the other process */
	int request_fd;
	struct client other;
	int other_lives, other_executed, apart;
	__u64 random;
	/* What the stock side must look like by now. */
	int type, set, group[NR_GROUPS];
	struct region {
		__u64 iova, size;
	} region[MAX_REGIONS];
	unsigned int nr_regions;
	struct op op[MAX_OPS];
	unsigned int nr_ops;
	struct vmstat pins;
	/* What has been seen: kinds by errno, tables, stretches by leaf. */
	unsigned long seen[NR_KINDS][MAX_ERRNO];
	__u64 compared, leaves[3], readonly, mmio;
};

static struct request *request_map(int fd)
{
	void *request = mmap(NULL, sizeof(struct request),
			     PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(request != MAP_FAILED);
	return request;
}

static int other_body(struct client *client, void *fd)
{
	struct request *request = request_map((long)fd);

	for (;;) {
		client_step(client);
		if (request->op.kind == OTHER_EXECS)
			client_exec(client, other_body, (long)fd);
		call(request);
	}
	return 0;
}

static void other_start(struct world *w)
{
	if (w->other_lives)
		return;
	client_start(&w->other, "other", other_body,
		     (void *)(long)w->request_fd);
	client_wait(&w->other);
	w->other_lives = 1;
	w->other_executed = 0;
}

/* What was charged to it is gone with its memory. */
static void other_forgets(struct world *w)
{
	int i;

	for (i = 0; i < NR_SIDES; i++)
		w->side[i].locked[OTHER] = 0;
}

static void other_dies(struct world *w)
{
	if (!w->other_lives)
		return;
	client_kill(&w->other);
	w->other_lives = 0;
	other_forgets(w);
}

static void call_as(struct world *w, int proc)
{
	if (proc == MAIN) {
		call(w->request);
		return;
	}
	client_go(&w->other);
	client_wait(&w->other);
}

/* What it has mapped stays, its memory goes. */
static void other_execs(struct world *w)
{
	w->request->op.kind = OTHER_EXECS;
	call_as(w, OTHER);
	w->other_executed = 1;
	other_forgets(w);
}

static __u64 charged(struct world *w, int proc)
{
	if (proc == OTHER && !w->other_lives)
		return 0;
	return locked_bytes(proc == MAIN ? getpid() : w->other.pid);
}

/* One call on one side, and what it did to both processes' memory limits. */
static struct result call_side(struct world *w, const struct op *op,
			       struct side *side)
{
	struct request *request = w->request;
	__u64 before[NR_PROCS];
	int i;

	request->op = *op;
	request->fd = side->fd;
	request->group_fd = op->kind == GROUP_SET || op->kind == GROUP_UNSET ?
			    side->group_fd[op->arg] : -1;
	if (op->kind == SET_IOMMU)
		request->op.arg = hugepath_type(side->door, op->arg);
	for (i = 0; i < NR_PROCS; i++)
		before[i] = charged(w, i);
	if (op->kind == SET_IOMMU)
		hugepath_enter(side->door);
	call_as(w, op->proc);
	if (op->kind == SET_IOMMU) {
		hugepath_leave(side->door);
		/* Type1 against itself is another variant. */
		if (side->door != DOOR_STOCK && !request->result.ret)
			must_eq(hugepath_containers(), 1);
	}
	for (i = 0; i < NR_PROCS; i++)
		side->locked[i] += charged(w, i) - before[i];
	return request->result;
}

/* ---- are they alike? ---- */

/* What a capability is made of, its list of ranges included. */
static size_t cap_size(const __u8 *cap)
{
	struct vfio_info_cap_header header;
	__u32 nr;

	memcpy(&header, cap, sizeof(header));
	switch (header.id) {
	case VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE:
		memcpy(&nr, cap + sizeof(header), sizeof(nr));
		return sizeof(struct vfio_iommu_type1_info_cap_iova_range) +
		       nr * sizeof(struct vfio_iova_range);
	case VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL:
		return sizeof(struct vfio_iommu_type1_info_dma_avail);
	default:
		return MIGRATION_SIZE;
	}
}

/*
 * hugepath does not claim to track dirty pages, so it has one capability less.
 * Take that one out of the chain, or its size out of the size that type1 asks
 * for.
 */
static void forget_migration(const struct side *side, const struct op *op,
			     struct result *result)
{
	struct vfio_iommu_type1_info *info = (void *)result->out;
	__u8 chain[BUFFER] = {}, *to = chain;
	__u32 at;

	/* Written in part when the end of the buffer is not there. */
	if (op->kind != GET_INFO || !(info->flags & VFIO_IOMMU_INFO_CAPS))
		return;
	if (info->argsz != op->argsz) {
		if (side->door == DOOR_STOCK)
			info->argsz -= MIGRATION_SIZE;
		return;
	}
	for (at = result->ret ? 0 : info->cap_offset; at;) {
		struct vfio_info_cap_header header;
		__u8 *cap = result->out + at;
		size_t size = cap_size(cap);

		memcpy(&header, cap, sizeof(header));
		at = header.next;
		if (header.id == VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION)
			continue;
		header.next = 0;
		memcpy(cap, &header, sizeof(header));
		memcpy(to, cap, size);
		to += size;
	}
	if (to == chain)
		return;
	memset(info + 1, 0, BUFFER - sizeof(*info));
	memcpy(info + 1, chain, to - chain);
}

static int complain(const char *what, __s64 stock, __s64 tested)
{
	if (stock == tested)
		return 0;
	printf("# %s: stock %lld (0x%llx), tested %lld (0x%llx)\n", what,
	       stock, stock, tested, tested);
	return 1;
}

static int bytes_differ(const __u8 *stock, const __u8 *tested)
{
	unsigned int i;

	for (i = 0; i < BUFFER; i++)
		if (stock[i] != tested[i]) {
			printf("# byte %u of the argument: stock 0x%02x, tested 0x%02x\n",
			       i, stock[i], tested[i]);
			return 1;
		}
	return 0;
}

static int results_differ(struct world *w, const struct result *stock,
			  const struct result *tested)
{
	struct side *s = w->side;
	int bad = 0;

	bad += complain("returns", stock->ret, tested->ret);
	bad += complain("errno", stock->err, tested->err);
	bad += bytes_differ(stock->out, tested->out);
	bad += complain("charged to main", s[STOCK].locked[MAIN],
			s[TESTED].locked[MAIN]);
	bad += complain("charged to the other", s[STOCK].locked[OTHER],
			s[TESTED].locked[OTHER]);
	return bad;
}

static void records_read(struct side *side, const char *bdf)
{
	int fd = device_open_file(bdf, "pagemap");
	size_t used = 0, size = MAX_RECORDS * sizeof(*side->records);
	ssize_t got;

	while ((got = read(fd, (char *)side->records + used,
			   size - used)) > 0)
		used += got;
	must_eq(got, 0);
	must_op(used, <, size);
	close(fd);
	side->nr = used / sizeof(*side->records);
}

/* The tables of a group that both sides have. */
static int tables_differ(struct world *w, int group)
{
	struct side *a = &w->side[STOCK], *b = &w->side[TESTED];
	struct iovascope_pagemap *x, *y;
	unsigned int i;

	records_read(a, a->bdf[group]);
	records_read(b, b->bdf[group]);
	for (i = 0; i < a->nr && i < b->nr; i++) {
		x = &a->records[i];
		y = &b->records[i];
		if (!memcmp(x, y, sizeof(*x)))
			continue;
		printf("# leaves differ: stock iova 0x%llx phys 0x%llx bytes 0x%llx leaf 2^%u flags %u\n",
		       x->iova, x->phys, x->bytes, x->leaf_shift, x->flags);
		printf("#               tested iova 0x%llx phys 0x%llx bytes 0x%llx leaf 2^%u flags %u\n",
		       y->iova, y->phys, y->bytes, y->leaf_shift, y->flags);
		return 1;
	}
	return complain("stretches of leaves", a->nr, b->nr);
}

static __u64 table_bytes(struct world *w)
{
	const struct side *side = &w->side[STOCK];
	__u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < side->nr; i++) {
		const struct iovascope_pagemap *record = &side->records[i];

		bytes += record->bytes;
		w->leaves[(record->leaf_shift - 12) / 9]++;
		w->readonly += !(record->flags & PAGEMAP_WRITE);
		w->mmio += !!(record->flags & PAGEMAP_MMIO);
	}
	return bytes;
}

static __u64 region_bytes(struct world *w)
{
	__u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < w->nr_regions; i++)
		bytes += w->region[i].size;
	return bytes;
}

/* And the stock side must be what we believe it is. */
static int tables_wrong(struct world *w)
{
	int group, bad = 0;

	for (group = 0; group < NR_GROUPS; group++) {
		if (!w->set || !w->group[group])
			continue;
		bad += tables_differ(w, group);
		bad += complain("bytes in regions and in tables",
				region_bytes(w), table_bytes(w));
		w->compared++;
		/* Another group has the same table, unless it was told not to. */
		if (!w->apart)
			break;
	}
	return bad;
}

/* ---- what the stock side has become ---- */

static void regions_remove(struct world *w, __u64 first, __u64 last)
{
	unsigned int i, kept = 0;

	for (i = 0; i < w->nr_regions; i++)
		if (w->region[i].iova < first || w->region[i].iova > last)
			w->region[kept++] = w->region[i];
	w->nr_regions = kept;
}

/*
 * Before v2 a range that begins inside a region removes nothing, and on many
 * kernels neither does one that ends with the last address of all.
 */
static void region_unmapped(struct world *w, const struct op *op)
{
	const struct region *r = w->region;
	unsigned int i;

	if (op->flags & VFIO_DMA_UNMAP_FLAG_ALL) {
		w->nr_regions = 0;
		return;
	}
	if (op->iova + op->size == 0 && kernel_ranges_wrap())
		return;
	for (i = 0; i < w->nr_regions; i++)
		if (r[i].iova < op->iova && op->iova - r[i].iova < r[i].size)
			return;
	regions_remove(w, op->iova, op->iova + op->size - 1);
}

static void remember(struct world *w, const struct op *op,
		     const struct result *result)
{
	w->seen[op->kind][result->err]++;
	/* What could not be reported has happened all the same. */
	if (op->kind == UNMAP && result->err == EFAULT &&
	    op->where == BUFFER_READONLY && w->set)
		region_unmapped(w, op);
	if (result->ret)
		return;
	switch (op->kind) {
	case MAP:
		must_op(w->nr_regions, <, MAX_REGIONS);
		w->region[w->nr_regions++] =
			(struct region){ op->iova, op->size };
		break;
	case UNMAP:
		region_unmapped(w, op);
		break;
	case SET_IOMMU:
		w->set = 1;
		break;
	case GROUP_SET:
		w->group[op->arg] = 1;
		break;
	case GROUP_UNSET:
		w->group[op->arg] = 0;
		if (w->group[!op->arg])
			break;
		w->set = 0;
		w->nr_regions = 0;
		break;
	default:
		break;
	}
}

/* ---- what to call next ---- */

static __u64 draw(struct world *w, __u64 below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (w->random >> 11) % below;
}

/* True once in so many times. */
static int once_in(struct world *w, unsigned int times)
{
	return !draw(w, times);
}

static void draw_vaddr(struct world *w, struct op *op)
{
	enum piece_kind kind = draw(w, NR_PIECES);
	const struct piece *piece;
	__u64 page;

	/* The large are slow, and mappings of them few. */
	if (kind >= PIECE_1G_SHARED && !once_in(w, 3))
		kind = PIECE_BASE + draw(w, PIECE_1G_SHARED - PIECE_BASE);
	piece = &w->arena.piece[kind];
	switch (draw(w, 4)) {
	case 0:
		page = 0;
		break;
	case 1:
		page = piece->size / SZ_4K - 1 - draw(w, 4);
		break;
	case 2:
		page = draw(w, piece->size / SZ_4K) & ~511ULL;
		break;
	default:
		page = draw(w, piece->size / SZ_4K);
		break;
	}
	op->vaddr = (unsigned long)piece->va + page * SZ_4K;
}

static __u64 draw_size(struct world *w)
{
	switch (draw(w, 16)) {
	case 0:
		return SZ_4K;
	case 1:
		return SZ_2M;
	case 2:
		return (1 + draw(w, 6)) * SZ_2M;
	case 3:
		return (1 + draw(w, 4096)) * SZ_4K;
	case 4:
		return once_in(w, 8) ? SZ_1G : SZ_2M;
	case 5:
		return (1 + draw(w, 600)) * SZ_4K;
	default:
		return (1 + draw(w, 64)) * SZ_4K;
	}
}

static const struct region *draw_region(struct world *w)
{
	return w->nr_regions ? &w->region[draw(w, w->nr_regions)] : NULL;
}

/* Mostly room for large leaves, sometimes an edge of what there is. */
static __u64 draw_iova(struct world *w, const struct op *op)
{
	const __u64 edges[] = { 0, MSI - SZ_2M, MSI, MSI + 0x100000,
				APERTURE - SZ_2M, APERTURE - SZ_4K, APERTURE,
				0ULL - SZ_2M };
	const struct region *region = draw_region(w);

	switch (draw(w, 8)) {
	case 0:
		return edges[draw(w, sizeof(edges) / sizeof(edges[0]))] +
		       draw(w, 4) * SZ_4K;
	case 1:
		return region ? region->iova + region->size : IOVA;
	case 2:
		return region ? region->iova : IOVA;
	case 3:
	case 4:
		return IOVA + draw(w, 64 * 512) * SZ_4K;
	default:
		return IOVA + draw(w, 16) * SZ_1G + op->vaddr % SZ_1G;
	}
}

static void draw_buffer(struct world *w, struct op *op)
{
	if (!once_in(w, 60))
		return;
	/* Whoever does not know the bitmap does not read it either. */
	if (op->kind == UNMAP &&
	    (op->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP))
		return;
	op->where = 1 + draw(w, 3);
	op->cut = 1 + draw(w, 24);
}

/* One field is not what it should be. */
static void spoil_map(struct world *w, struct op *op)
{
	switch (draw(w, 11)) {
	case 0:
		op->argsz = draw(w, sizeof(struct vfio_iommu_type1_dma_map));
		break;
	case 1:
		op->argsz += 1 + draw(w, 100);
		break;
	case 2:
		op->flags |= 8U << draw(w, 29);
		break;
	case 3:
		op->flags = 0;
		break;
	case 4:
		op->size = 0;
		break;
	case 5:
		op->size |= 1 + draw(w, SZ_4K - 1);
		break;
	case 6:
		op->iova |= 1 + draw(w, SZ_4K - 1);
		break;
	case 7:
		op->vaddr |= 1 + draw(w, SZ_4K - 1);
		break;
	case 8:
		op->size = 0ULL - draw(w, 4) * SZ_4K;
		break;
	case 9:
		op->size = 0ULL - op->iova;
		break;
	default:
		op->vaddr = 0ULL - (1 + draw(w, 8)) * SZ_4K;
		break;
	}
}

/* A page of 1 GiB where it can be one leaf, and what lies around it. */
static void draw_whole(struct world *w, struct op *op)
{
	const struct piece *piece = &w->arena.piece[PIECE_1G_SHARED];
	__u64 before = draw(w, 4) * SZ_2M, behind = draw(w, 3) * SZ_2M;

	op->vaddr = (unsigned long)piece->va - before;
	op->size = before + piece->size + behind;
	op->iova = IOVA + (32 + 4 * draw(w, 4)) * SZ_1G - before;
}

static void draw_map(struct world *w, struct op *op)
{
	op->argsz = sizeof(struct vfio_iommu_type1_dma_map);
	op->flags = draw(w, 4) ? VFIO_RW : 1 + draw(w, 3);
	draw_vaddr(w, op);
	op->size = draw_size(w);
	op->iova = draw_iova(w, op);
	if (once_in(w, 200))
		draw_whole(w, op);
	if (once_in(w, 8))
		op->headroom = draw(w, 3) ? draw(w, 64) :
					    op->size / SZ_4K - draw(w, 2);
	if (once_in(w, 8))
		spoil_map(w, op);
	draw_buffer(w, op);
}

static void spoil_unmap(struct world *w, struct op *op)
{
	switch (draw(w, 10)) {
	case 0:
		op->argsz = draw(w, sizeof(struct vfio_iommu_type1_dma_unmap));
		break;
	case 1:
		op->flags = 8U << draw(w, 29);
		break;
	case 2:
		op->flags = VFIO_DMA_UNMAP_FLAG_ALL;
		break;
	case 3:
		op->flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP |
			    draw(w, 2) * VFIO_DMA_UNMAP_FLAG_ALL;
		op->argsz += draw(w, 2) * sizeof(op->bitmap);
		op->bitmap[0] = SZ_4K << draw(w, 10);
		op->bitmap[1] = draw(w, 3) ? op->size >> 15 : draw(w, 1 << 30);
		op->bitmap[2] = draw(w, 2) ? 0ULL - SZ_4K : 0;
		break;
	case 4:
		op->size = 0;
		break;
	case 5:
		op->size |= 1 + draw(w, SZ_4K - 1);
		break;
	case 6:
		op->iova |= 1 + draw(w, SZ_4K - 1);
		break;
	case 7:
		op->size = 0ULL - draw(w, 4) * SZ_4K;
		break;
	case 8:
		op->size = 0ULL - op->iova;
		break;
	default:
		op->argsz += 1 + draw(w, 100);
		break;
	}
}

/* A range that begins inside a region shall cover no other. */
static void cut_only_one(struct world *w, struct op *op)
{
	const struct region *r = w->region;
	unsigned int i;

	for (i = 0; i < w->nr_regions; i++) {
		__u64 from = op->iova - r[i].iova;

		if (from && from < r[i].size && op->size > r[i].size - from)
			op->size = r[i].size - from;
	}
}

static void draw_unmap(struct world *w, struct op *op)
{
	const struct region *region = draw_region(w);

	op->argsz = sizeof(struct vfio_iommu_type1_dma_unmap);
	op->iova = region ? region->iova : draw_iova(w, op);
	op->size = region ? region->size : draw_size(w);
	switch (draw(w, 12)) {
	case 0:
		op->iova += draw(w, op->size / SZ_4K) * SZ_4K;
		break;
	case 1:
		op->size = (1 + draw(w, op->size / SZ_4K)) * SZ_4K;
		break;
	case 2:
		op->size += draw(w, 64) * SZ_4K;
		break;
	case 3:
		op->iova -= op->iova ? SZ_4K : 0;
		op->size += 2 * SZ_4K;
		break;
	case 4:
		op->iova &= ~(SZ_1G - 1);
		op->size = SZ_1G;
		break;
	case 5:
		op->iova = draw_iova(w, op);
		op->size = draw_size(w);
		break;
	}
	if (once_in(w, 10))
		spoil_unmap(w, op);
	if (w->type == VFIO_TYPE1_IOMMU && kernel_unmaps_in_tree_order())
		cut_only_one(w, op);
	draw_buffer(w, op);
}

static void draw_get_info(struct world *w, struct op *op)
{
	/* No size that is enough for one of the two only. */
	const __u32 sizes[] = { 0, 15, 16, 17, 20, 23, 24, 64, 128, 160, 200,
				BUFFER };

	op->argsz = sizes[draw(w, sizeof(sizes) / sizeof(sizes[0]))];
	draw_buffer(w, op);
	/* What would be written must be there, or be missed. */
	if (op->where == BUFFER_TRUNCATED)
		op->cut = BUFFER - draw(w, 28);
}

/* Extensions that the two are agreed to differ in. */
static int agreed(unsigned long extension)
{
	return extension == VFIO_UPDATE_VADDR ||
	       extension == VFIO_TYPE1_NESTING_IOMMU ||
	       extension == IOVASCOPE_HUGEPATH_IOMMU;
}

static unsigned long draw_extension(struct world *w)
{
	unsigned long extension;

	do {
		extension = draw(w, 16) ? draw(w, 16) : draw(w, 1ULL << 32);
	} while (agreed(extension));
	return extension;
}

static unsigned long draw_unknown(struct world *w)
{
	const unsigned int unknown[] = { 3, 11, 15, 16, 18, 19, 20, 99 };

	return unknown[draw(w, sizeof(unknown) / sizeof(unknown[0]))];
}

static enum kind draw_kind(struct world *w)
{
	/* No driver, nothing to talk to: almost always mend that first. */
	if (!w->set && !once_in(w, 10)) {
		if (w->group[0] || w->group[1])
			return SET_IOMMU;
		return GROUP_SET;
	}
	switch (draw(w, 256)) {
	case 0 ... 135:
		return MAP;
	case 136 ... 227:
		return UNMAP;
	case 228 ... 233:
		return GET_INFO;
	case 234 ... 240:
		return CHECK_EXTENSION;
	case 241:
		return SET_IOMMU;
	case 242:
		return UNKNOWN_IOCTL;
	case 243 ... 246:
		return GROUP_SET;
	case 247 ... 248:
		return GROUP_UNSET;
	case 249 ... 250:
		return RENEW;
	case 251 ... 253:
		return TOUCH;
	case 254:
		return OTHER_EXECS;
	default:
		return OTHER_DIES;
	}
}

static const enum piece_kind renewable[] = {
	PIECE_READONLY, PIECE_ZERO, PIECE_UNTOUCHED, PIECE_FILE_PRIVATE,
	PIECE_SCATTERED, PIECE_BASE, PIECE_THP, PIECE_MEMFD, PIECE_2M_PRIVATE,
	PIECE_2M_SHARED,
};

static const enum piece_kind writable[] = {
	PIECE_UNTOUCHED, PIECE_FILE_PRIVATE, PIECE_BASE, PIECE_THP, PIECE_MEMFD,
	PIECE_2M_PRIVATE,
};

static void draw_touch(struct world *w, struct op *op)
{
	size_t nr = sizeof(writable) / sizeof(writable[0]);
	const struct piece *piece = &w->arena.piece[writable[draw(w, nr)]];

	op->vaddr = (unsigned long)piece->va +
		    draw(w, piece->size / SZ_4K) * SZ_4K;
}

static struct op draw_op(struct world *w)
{
	struct op op = { .headroom = -1, .kind = draw_kind(w) };

	if (op.kind >= CHECK_EXTENSION && op.kind <= UNKNOWN_IOCTL)
		op.proc = once_in(w, 4) ? OTHER : MAIN;
	if ((op.kind == MAP || op.kind == UNMAP) && kernel_only_mapper_unmaps())
		op.proc = MAIN;
	switch (op.kind) {
	case CHECK_EXTENSION:
		op.arg = draw_extension(w);
		break;
	case SET_IOMMU:
		op.arg = once_in(w, 20) ? draw(w, 2) * 1000 : (__u64)w->type;
		break;
	case GROUP_SET:
	case GROUP_UNSET:
		op.arg = draw(w, NR_GROUPS);
		break;
	case GET_INFO:
		draw_get_info(w, &op);
		break;
	case MAP:
		draw_map(w, &op);
		break;
	case UNMAP:
		draw_unmap(w, &op);
		break;
	case UNKNOWN_IOCTL:
		op.arg = draw_unknown(w);
		break;
	case RENEW:
		op.arg = renewable[draw(w, sizeof(renewable) /
					   sizeof(renewable[0]))];
		break;
	case TOUCH:
		op.proc = draw(w, NR_PROCS);
		draw_touch(w, &op);
		break;
	case OTHER_EXECS:
		op.proc = OTHER;
		break;
	default:
		break;
	}
	return op;
}

/* ---- one epoch ---- */

static int step(struct world *w, const struct op *op)
{
	struct result result[NR_SIDES];
	int i, bad;

	if (op->proc == OTHER)
		other_start(w);
	switch (op->kind) {
	case RENEW:
		arena_renew(&w->arena, op->arg);
		return 0;
	case TOUCH:
		/* The arena is not there any more. */
		if (op->proc == OTHER && w->other_executed)
			return 0;
		w->request->op = *op;
		call_as(w, op->proc);
		return 0;
	case OTHER_DIES:
		other_dies(w);
		return 0;
	case OTHER_EXECS:
		other_execs(w);
		return 0;
	default:
		break;
	}
	for (i = 0; i < NR_SIDES; i++) {
		result[i] = call_side(w, op, &w->side[i]);
		forget_migration(&w->side[i], op, &result[i]);
	}
	remember(w, op, &result[STOCK]);
	bad = results_differ(w, &result[STOCK], &result[TESTED]);
	return bad ? bad : tables_wrong(w);
}

static void side_open(struct side *side)
{
	int i;

	side->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	must_op(side->fd, >=, 0);
	for (i = 0; i < NR_GROUPS; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/vfio/%d",
			 pci_group(side->bdf[i]));
		side->group_fd[i] = open(path, O_RDWR | O_CLOEXEC);
		must_op(side->group_fd[i], >=, 0);
	}
	memset(side->locked, 0, sizeof(side->locked));
}

static void side_close(struct side *side)
{
	int i;

	for (i = 0; i < NR_GROUPS; i++)
		close(side->group_fd[i]);
	close(side->fd);
}

static void epoch_open(struct world *w, __u64 seed)
{
	unsigned int limit;

	w->random = seed * 0x9e3779b97f4a7c15ULL + 1;
	draw(w, 2);
	w->type = hugepath_has_v1(w->side[TESTED].door) && once_in(w, 3) ?
		  VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU;
	limit = once_in(w, 3) ? 2 + draw(w, 6) : MAX_REGIONS;
	hugepath_entry_limit(limit);
	w->set = 0;
	w->nr_regions = 0;
	w->nr_ops = 0;
	memset(w->group, 0, sizeof(w->group));
	vmstat_take(&w->pins);
	side_open(&w->side[STOCK]);
	side_open(&w->side[TESTED]);
}

/* Whatever is still mapped goes with the container. */
static int epoch_close(struct world *w)
{
	struct vmstat now;
	int bad = 0, i;

	other_dies(w);
	for (i = 0; i < NR_SIDES; i++) {
		__u64 before = charged(w, MAIN);

		side_close(&w->side[i]);
		w->side[i].locked[MAIN] += charged(w, MAIN) - before;
		bad += complain("still charged", 0, w->side[i].locked[MAIN]);
	}
	vmstat_take(&now);
	bad += complain("pins left", 0,
			now.acquired - w->pins.acquired -
			(now.released - w->pins.released));
	return bad;
}

static int epoch(struct world *w, __u64 seed, unsigned int ops)
{
	int bad = 0;
	unsigned int i;

	epoch_open(w, seed);
	while (!bad && w->nr_ops < ops) {
		w->op[w->nr_ops] = draw_op(w);
		bad = step(w, &w->op[w->nr_ops++]);
	}
	bad += epoch_close(w);
	if (!bad)
		return 0;
	printf("# %s and %s differ; IOVASCOPE_DIFFER_SEED=%llu IOVASCOPE_DIFFER_EPOCHS=1 IOVASCOPE_DIFFER_OPS=%u, type %d:\n",
	       w->side[STOCK].name, w->side[TESTED].name, seed, w->nr_ops,
	       w->type);
	for (i = 0; i < w->nr_ops; i++)
		op_print(&w->op[i]);
	return bad;
}

/* ---- the test ---- */

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : otherwise;
}

FIXTURE(differ)
{
	struct world world;
};

FIXTURE_VARIANT(differ)
{
	enum hugepath_door door;
	/* Each group has a table of its own, into which all is replayed. */
	int apart;
};

FIXTURE_VARIANT_ADD(differ, type1)
{
	.door = DOOR_STOCK,
};

FIXTURE_VARIANT_ADD(differ, extension)
{
	.door = DOOR_EXTENSION,
};

FIXTURE_VARIANT_ADD(differ, takeover)
{
	.door = DOOR_TAKEOVER,
};

FIXTURE_VARIANT_ADD(differ, apart)
{
	.door = DOOR_TAKEOVER,
	.apart = 1,
};

FIXTURE_SETUP(differ)
{
	struct world *w = &self->world;
	int side, i;

	kmod_must_be_loaded();
	w->side[STOCK].name = "stock";
	w->side[STOCK].door = DOOR_STOCK;
	w->side[TESTED].name = hugepath_door_names[variant->door];
	w->side[TESTED].door = variant->door;
	if (variant->door != DOOR_STOCK)
		hugepath_reload(variant->apart ? "share_domains=0" : "");
	w->apart = variant->apart;
	for (side = 0; side < NR_SIDES; side++) {
		for (i = 0; i < NR_GROUPS; i++) {
			pci_find("edu", side + i * NR_SIDES,
				 w->side[side].bdf[i]);
			pci_bind_vfio(w->side[side].bdf[i]);
		}
		w->side[side].records =
			malloc(MAX_RECORDS * sizeof(struct iovascope_pagemap));
		ASSERT_NE(NULL, w->side[side].records);
	}
	w->request_fd = memfd_create("request", MFD_CLOEXEC);
	ASSERT_LE(0, w->request_fd);
	ASSERT_EQ(0, ftruncate(w->request_fd, sizeof(*w->request)));
	w->request = request_map(w->request_fd);
	arena_open(&w->arena);
}

FIXTURE_TEARDOWN(differ)
{
	struct world *w = &self->world;

	arena_close(&w->arena);
	hugepath_entry_limit(65535);
	if (variant->door != DOOR_STOCK)
		hugepath_unload();
}

/* One line a kind: how often it ended how. */
static unsigned long report(const struct world *w)
{
	unsigned long calls = 0;
	int kind, err;

	for (kind = 0; kind <= UNKNOWN_IOCTL; kind++) {
		printf("# %-16s", kind_names[kind]);
		for (err = 0; err < MAX_ERRNO; err++) {
			if (!w->seen[kind][err])
				continue;
			printf(" %s=%lu", err ? strerrorname_np(err) : "good",
			       w->seen[kind][err]);
			calls += w->seen[kind][err];
		}
		printf("\n");
	}
	for (kind = 0; kind < NR_PIECES; kind++)
		if (!w->arena.piece[kind].there)
			printf("# this kernel has no memory of the kind %s\n",
			       piece_names[kind]);
	printf("# stretches of 4k %llu, 2m %llu, 1g %llu, read-only %llu, mmio %llu\n",
	       w->leaves[0], w->leaves[1], w->leaves[2], w->readonly, w->mmio);
	return calls;
}

TEST_F_TIMEOUT(differ, random_calls, 3600)
{
	struct world *w = &self->world;
	unsigned long seed = setting("IOVASCOPE_DIFFER_SEED", 20261122);
	unsigned long epochs = setting("IOVASCOPE_DIFFER_EPOCHS", 30);
	unsigned long ops = setting("IOVASCOPE_DIFFER_OPS", 200), i;

	ASSERT_GE(MAX_OPS, ops);
	for (i = 0; i < epochs; i++)
		ASSERT_EQ(0, epoch(w, seed + i, ops));
	printf("# seed %lu: %lu calls on each side, %llu tables compared\n",
	       seed, report(w), w->compared);
	if (epochs < 30)
		return;

	/* A sequence in which nothing happens proves nothing. */
	EXPECT_NE(0, w->seen[MAP][0]);
	EXPECT_NE(0, w->seen[MAP][EINVAL]);
	EXPECT_NE(0, w->seen[MAP][EFAULT]);
	EXPECT_NE(0, w->seen[MAP][EEXIST]);
	EXPECT_NE(0, w->seen[MAP][ENOMEM]);
	EXPECT_NE(0, w->seen[MAP][ENOSPC]);
	EXPECT_NE(0, w->seen[UNMAP][0]);
	EXPECT_NE(0, w->seen[UNMAP][EINVAL]);
	EXPECT_NE(0, w->seen[UNMAP][EFAULT]);
	EXPECT_NE(0, w->leaves[0]);
	EXPECT_NE(0, w->leaves[1]);
	EXPECT_NE(0, w->leaves[2]);
	EXPECT_NE(0, w->readonly);
	EXPECT_NE(0, w->mmio);
}
