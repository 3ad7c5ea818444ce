// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma.c - what of a process's memory is in the way of a pin
 *
 * Model. A pin that fails says EFAULT and not at which address, nor why. The
 * memory map says both: where there is nothing, what may not be written, which
 * file has ended, what is no memory, and which hugetlb pool had to give pages.
 * It is looked at in the return of the call that failed, because the process
 * may be gone a moment later, and its map with it.
 *
 * Locking: the map's lock is only tried, as a handler must not sleep; where
 * somebody holds it the answer is "unknown". The look is bounded in steps.
 */
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "vma.h"

/* Steps through the map of one look. A VM's memory is in a few of them. */
#define MAX_STEPS 64

#ifndef SECRETMEM_MAGIC
#define SECRETMEM_MAGIC 0x5345434d
#endif

const char *const ivs_vma_names[IVS_NR_VMA_KINDS] = {
	[IVS_VMA_UNKNOWN] = "unknown",
	[IVS_VMA_HOLE] = "hole",
	[IVS_VMA_NO_ACCESS] = "no_access",
	[IVS_VMA_READ_ONLY] = "read_only",
	[IVS_VMA_PAST_END] = "past_end",
	[IVS_VMA_SECRETMEM] = "secretmem",
	[IVS_VMA_FSDAX] = "fsdax",
	[IVS_VMA_PFNMAP] = "pfnmap",
	[IVS_VMA_HUGETLB] = "hugetlb",
	[IVS_VMA_SHMEM] = "shmem",
	[IVS_VMA_FILE] = "file",
	[IVS_VMA_ANON] = "anon",
};

/*
 * Where in memory the file ends that is mapped there; U64_MAX without one, and
 * for a device's, which has no size.
 */
static u64 vma_file_end(const struct vm_area_struct *vma)
{
	u64 size, offset = (u64)vma->vm_pgoff << PAGE_SHIFT;

	if (!vma->vm_file || !S_ISREG(file_inode(vma->vm_file)->i_mode))
		return U64_MAX;
	size = PAGE_ALIGN(i_size_read(file_inode(vma->vm_file)));
	return vma->vm_start + (size > offset ? size - offset : 0);
}

static unsigned long vma_magic(const struct vm_area_struct *vma)
{
	return vma->vm_file ? file_inode(vma->vm_file)->i_sb->s_magic : 0;
}

static enum ivs_vma_kind vma_kind(struct vm_area_struct *vma, u64 last,
				  bool write)
{
	if (vma->vm_flags & (VM_PFNMAP | VM_IO))
		return IVS_VMA_PFNMAP;
	if (!(vma->vm_flags & (VM_READ | VM_WRITE)))
		return IVS_VMA_NO_ACCESS;
	if (write && !(vma->vm_flags & VM_WRITE))
		return IVS_VMA_READ_ONLY;
	if (vma_magic(vma) == SECRETMEM_MAGIC)
		return IVS_VMA_SECRETMEM;
	if (vma_is_fsdax(vma))
		return IVS_VMA_FSDAX;
	if (!is_vm_hugetlb_page(vma) && last >= vma_file_end(vma))
		return IVS_VMA_PAST_END;
	if (is_vm_hugetlb_page(vma))
		return IVS_VMA_HUGETLB;
	if (vma_magic(vma) == TMPFS_MAGIC)
		return IVS_VMA_SHMEM;
	return vma->vm_file ? IVS_VMA_FILE : IVS_VMA_ANON;
}

static void vma_see_pool(struct vm_area_struct *vma, struct ivs_vma_pool *pool)
{
#ifdef CONFIG_HUGETLB_PAGE
	struct hstate *h = hstate_vma(vma);
	u64 page_bytes = huge_page_size(h);

	pool->page_bytes = page_bytes;
	pool->total_bytes = READ_ONCE(h->nr_huge_pages) * page_bytes;
	pool->free_bytes = READ_ONCE(h->free_huge_pages) * page_bytes;
	pool->reserved_bytes = READ_ONCE(h->resv_huge_pages) * page_bytes;
	pool->node = numa_node_id();
	pool->node_free_bytes =
		READ_ONCE(h->free_huge_pages_node[pool->node]) * page_bytes;
#endif
}

/* The part of [vaddr, end) that begins where the map is looked at. */
static void vma_see(struct vm_area_struct *vma, u64 vaddr, u64 end, bool write,
		    struct ivs_vma_seen *seen)
{
	u64 part_end = end;

	*seen = (struct ivs_vma_seen){ .kind = IVS_VMA_HOLE, .vaddr = vaddr };
	if (vma && vma->vm_start <= vaddr) {
		part_end = min_t(u64, end, vma->vm_end);
		seen->kind = vma_kind(vma, part_end - 1, write);
		seen->shared = vma->vm_flags & VM_SHARED;
		if (seen->kind == IVS_VMA_PAST_END)
			seen->vaddr = max(vaddr, vma_file_end(vma));
		if (seen->kind == IVS_VMA_HUGETLB)
			vma_see_pool(vma, &seen->pool);
	} else if (vma) {
		part_end = min_t(u64, end, vma->vm_start);
	}
	seen->bytes = part_end - seen->vaddr;
}

static bool vma_is_in_the_way(const struct ivs_vma_seen *seen)
{
	return seen->kind < IVS_VMA_HUGETLB;
}

static void vma_walk(struct mm_struct *mm, u64 vaddr, u64 end, bool write,
		     struct ivs_vma_seen *seen)
{
	struct ivs_vma_seen here;
	unsigned int step;
	u64 at = vaddr;

	for (step = 0; step < MAX_STEPS && at < end; step++) {
		vma_see(find_vma(mm, at), at, end, write, &here);
		if (!step || vma_is_in_the_way(&here))
			*seen = here;
		if (vma_is_in_the_way(&here))
			return;
		at = here.vaddr + here.bytes;
	}
}

/* ivs_vma_hugetlb_pages - hugetlb memory of the current process, in 4K pages */
u64 ivs_vma_hugetlb_pages(void)
{
#ifdef CONFIG_HUGETLB_PAGE
	if (current->mm)
		return atomic_long_read(&current->mm->hugetlb_usage);
#endif
	return 0;
}

/**
 * ivs_vma_look - what is in the way of pinning memory of the current process
 * @vaddr: from where
 * @bytes: how much
 * @write: the device may write to it
 * @seen: what was found
 *
 * Context: a return handler of a call that failed; must hold no lock of the
 * process's memory map.
 */
void ivs_vma_look(u64 vaddr, u64 bytes, bool write, struct ivs_vma_seen *seen)
{
	struct mm_struct *mm = current->mm;

	*seen = (struct ivs_vma_seen){ .kind = IVS_VMA_UNKNOWN };
	if (!mm || !bytes || vaddr + bytes < vaddr || !mmap_read_trylock(mm))
		return;
	vma_walk(mm, vaddr, vaddr + bytes, write, seen);
	mmap_read_unlock(mm);
}
