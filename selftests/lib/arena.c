// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pieces end where the first page of 1 GiB begins, and add up to whole
 * 2 MiB pages, so that each is as aligned as its kind wants it to be.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <scsi/sg.h>

#include <linux/memfd.h>
#include <linux/mman.h>

#include "arena.h"
#include "mem.h"
#include "must.h"

#define ARENA	((char *)0x100040000000UL)

#define SHARED_2M	(MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB)
#define PRIVATE_2M	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB)
#define SHARED_1G	(MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_1GB)
#define PRIVATE_1G	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_1GB)
#define PRIVATE		(MAP_PRIVATE | MAP_ANONYMOUS)

#define IO_DEVICE	"/dev/sg0"
#define IO_SIZE		(64 << 10)

const char *const piece_names[NR_PIECES] = {
	[PIECE_HOLE]		= "hole",
	[PIECE_NONE]		= "none",
	[PIECE_WRITEONLY]	= "writeonly",
	[PIECE_EXECONLY]	= "execonly",
	[PIECE_POISONED]	= "poisoned",
	[PIECE_IO]		= "io",
	[PIECE_READONLY]	= "readonly",
	[PIECE_ZERO]		= "zero",
	[PIECE_UNTOUCHED]	= "untouched",
	[PIECE_FILE_PRIVATE]	= "file_private",
	[PIECE_FILE_READONLY]	= "file_readonly",
	[PIECE_SCATTERED]	= "scattered",
	[PIECE_BASE]		= "base",
	[PIECE_THP]		= "thp",
	[PIECE_BAR]		= "bar",
	[PIECE_MEMFD]		= "memfd",
	[PIECE_2M_PRIVATE]	= "2m_private",
	[PIECE_2M_SHARED]	= "2m_shared",
	[PIECE_1G_SHARED]	= "1g_shared",
	[PIECE_1G_PRIVATE]	= "1g_private",
};

static const __u64 sizes[NR_PIECES] = {
	[PIECE_HOLE]		= 64 << 10,
	[PIECE_NONE]		= 64 << 10,
	[PIECE_WRITEONLY]	= 64 << 10,
	[PIECE_EXECONLY]	= 64 << 10,
	[PIECE_POISONED]	= 64 << 10,
	[PIECE_IO]		= IO_SIZE,
	[PIECE_READONLY]	= 192 << 10,
	[PIECE_ZERO]		= 192 << 10,
	[PIECE_UNTOUCHED]	= 448 << 10,
	[PIECE_FILE_PRIVATE]	= 192 << 10,
	[PIECE_FILE_READONLY]	= 128 << 10,
	[PIECE_SCATTERED]	= 512 << 10,
	[PIECE_BASE]		= 4 << 20,
	[PIECE_THP]		= 4 << 20,
	[PIECE_BAR]		= 4 << 20,
	[PIECE_MEMFD]		= 2 << 20,
	[PIECE_2M_PRIVATE]	= 4 << 20,
	[PIECE_2M_SHARED]	= 8 << 20,
	[PIECE_1G_SHARED]	= SZ_1G,
	[PIECE_1G_PRIVATE]	= SZ_1G,
};

static void map(struct piece *piece, int prot, int flags, int fd, __u64 offset)
{
	if (mmap(piece->va, piece->size, prot, flags | MAP_FIXED, fd,
		 offset) != piece->va)
		must_fail("no memory for the arena");
}

static void map_memory(struct piece *piece, int prot, int flags)
{
	map(piece, prot, flags, -1, 0);
	if (!(flags & MAP_HUGETLB))
		must_eq(madvise(piece->va, piece->size, MADV_NOHUGEPAGE), 0);
}

static void touch(struct piece *piece, __u64 step)
{
	__u64 at;

	for (at = 0; at < piece->size; at += step)
		((volatile char *)piece->va)[at] = 1;
}

/* Some file that is on a disk, or as close to one as the lab gets. */
static void map_file(struct piece *piece, int prot, int flags)
{
	int fd = open("/usr/bin/bash", O_RDONLY | O_CLOEXEC);

	must_op(fd, >=, 0);
	map(piece, prot, flags, fd, 0);
	close(fd);
}

static void on_poison(int sig)
{
	(void)sig;
}

/*
 * Two pages in the middle of what is all right. Newer kernels tell whoever has
 * them, by a signal that would kill.
 */
static void map_poisoned(struct piece *piece)
{
	sighandler_t before = signal(SIGBUS, on_poison);

	map_memory(piece, PROT_READ | PROT_WRITE, PRIVATE);
	touch(piece, SZ_4K);
	piece->there = !madvise(piece->va + piece->size / 2, 2 * SZ_4K,
				MADV_HWPOISON);
	signal(SIGBUS, before);
}

/*
 * The buffer of a SCSI generic device: ordinary pages, in the page table like
 * any, in a VMA that says that they are nobody's to pin.
 */
static int io_device_open(void)
{
	int fd, tries = 50, size = IO_SIZE;

	if (system("modprobe -q -a scsi_debug sg"))
		return -1;
	while ((fd = open(IO_DEVICE, O_RDWR | O_CLOEXEC)) < 0 && tries--)
		usleep(100000);
	if (fd >= 0)
		must_eq(ioctl(fd, SG_SET_RESERVED_SIZE, &size), 0);
	return fd;
}

static void map_io(struct piece *piece)
{
	int fd = io_device_open();

	piece->there = fd >= 0;
	if (!piece->there) {
		map(piece, PROT_NONE, PRIVATE, -1, 0);
		return;
	}
	map(piece, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	touch(piece, SZ_4K);
}

/* What is there already, and may then be used in one way only. */
static void map_only(struct piece *piece, int prot)
{
	map_memory(piece, PROT_READ | PROT_WRITE, PRIVATE);
	touch(piece, SZ_4K);
	must_eq(mprotect(piece->va, piece->size, prot), 0);
}

static int memfd(__u64 size)
{
	int fd = memfd_create("arena", MFD_CLOEXEC);

	must_op(fd, >=, 0);
	must_eq(ftruncate(fd, size), 0);
	return fd;
}

static void map_memfd(struct piece *piece)
{
	int fd = memfd(piece->size);

	map(piece, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	touch(piece, SZ_4K);
}

/* Pages in the reverse of the order in which the file got them. */
static void map_scattered(struct piece *piece)
{
	struct piece page = { piece->va, SZ_4K, 0 };
	int fd = memfd(piece->size);
	__u64 at;

	map(piece, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	touch(piece, SZ_4K);
	for (at = 0; at < piece->size; at += SZ_4K) {
		page.va = piece->va + at;
		map(&page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		    fd, piece->size - SZ_4K - at);
	}
	close(fd);
}

static void map_bar(struct arena *arena, struct piece *piece)
{
	__u64 offset, size;

	vfio_region(&arena->bar.dev[0], VFIO_PCI_BAR2_REGION_INDEX, &offset,
		    &size);
	must_op(piece->size, <=, size);
	map(piece, PROT_READ | PROT_WRITE, MAP_SHARED, arena->bar.dev[0].fd,
	    offset);
}

void arena_renew(struct arena *arena, enum piece_kind kind)
{
	struct piece *piece = &arena->piece[kind];

	piece->there = 1;
	switch (kind) {
	case PIECE_HOLE:
		munmap(piece->va, piece->size);
		break;
	case PIECE_NONE:
		map(piece, PROT_NONE, PRIVATE, -1, 0);
		break;
	case PIECE_WRITEONLY:
		map_only(piece, PROT_WRITE);
		break;
	case PIECE_EXECONLY:
		map_only(piece, PROT_EXEC);
		break;
	case PIECE_POISONED:
		map_poisoned(piece);
		break;
	case PIECE_IO:
		map_io(piece);
		break;
	case PIECE_READONLY:
		map_only(piece, PROT_READ);
		break;
	case PIECE_ZERO:
		map_memory(piece, PROT_READ, PRIVATE);
		break;
	case PIECE_UNTOUCHED:
		map_memory(piece, PROT_READ | PROT_WRITE, PRIVATE);
		break;
	case PIECE_FILE_PRIVATE:
		map_file(piece, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		break;
	case PIECE_FILE_READONLY:
		map_file(piece, PROT_READ, MAP_SHARED);
		break;
	case PIECE_SCATTERED:
		map_scattered(piece);
		break;
	case PIECE_BASE:
		map_memory(piece, PROT_READ | PROT_WRITE, PRIVATE);
		touch(piece, SZ_4K);
		break;
	case PIECE_THP:
		map(piece, PROT_READ | PROT_WRITE, PRIVATE, -1, 0);
		must_eq(madvise(piece->va, piece->size, MADV_HUGEPAGE), 0);
		touch(piece, SZ_2M);
		break;
	case PIECE_BAR:
		map_bar(arena, piece);
		break;
	case PIECE_MEMFD:
		map_memfd(piece);
		break;
	case PIECE_2M_PRIVATE:
		map_memory(piece, PROT_READ | PROT_WRITE, PRIVATE_2M);
		touch(piece, SZ_2M);
		break;
	case PIECE_2M_SHARED:
		map_memory(piece, PROT_READ | PROT_WRITE, SHARED_2M);
		touch(piece, SZ_2M);
		break;
	case PIECE_1G_SHARED:
		map_memory(piece, PROT_READ | PROT_WRITE, SHARED_1G);
		touch(piece, SZ_1G);
		break;
	case PIECE_1G_PRIVATE:
		map_memory(piece, PROT_READ | PROT_WRITE, PRIVATE_1G);
		must_eq(madvise(piece->va, piece->size, MADV_DONTFORK), 0);
		touch(piece, SZ_1G);
		break;
	default:
		must_fail("no piece %d", kind);
	}
}

void arena_open(struct arena *arena)
{
	char bdf[PCI_BDF_LEN], *va = ARENA;
	int kind;

	for (kind = 0; kind < PIECE_1G_SHARED; kind++)
		va -= sizes[kind];
	pci_find("testdev", 0, bdf);
	vfio_open(&arena->bar, VFIO_TYPE1v2_IOMMU, bdf);
	vfio_bus_master(&arena->bar.dev[0]);
	for (kind = 0; kind < NR_PIECES; kind++) {
		arena->piece[kind] = (struct piece){ va, sizes[kind], 0 };
		arena_renew(arena, kind);
		va += sizes[kind];
	}
}

void arena_close(struct arena *arena)
{
	int kind;

	for (kind = 0; kind < NR_PIECES; kind++)
		munmap(arena->piece[kind].va, arena->piece[kind].size);
	vfio_close(&arena->bar);
}
