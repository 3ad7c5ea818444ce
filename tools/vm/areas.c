// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's memory as its process has it mapped, from /proc/PID/smaps: how much of
 * it is there, of which pages, and what of it is a private copy of a page that
 * the file has as well.
 *
 * Of memfd and shmem, smaps counts copies as Anonymous. Of hugetlb it does not:
 * there pagemap tells, page by page. And such a page may be the only one there
 * is; what the file has is asked of the file itself, through map_files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "areas.h"
#include "base/alloc.h"
#include "base/leaf.h"
#include "base/system.h"
#include "why/task.h"

/* Of st_blocks, whatever the block size of the file. */
#define BLOCK_BYTES	512

/* Documentation/admin-guide/mm/pagemap.rst of the kernel. */
#define PAGEMAP_FILE	(1ull << 61)
#define PAGEMAP_PRESENT	(1ull << 63)

static bool area_begins(const char *line, struct area *area)
{
	struct area next = { 0 };
	uintmax_t start, end;
	char perms[8];

	if (sscanf(line, "%jx-%jx %7s %*s %*s %*s %255[^\n]", &start, &end,
		   perms, next.name) < 3 || end <= start)
		return false;
	next.start = start;
	next.end = end;
	next.writable = perms[1] == 'w';
	next.is_private = perms[3] == 'p';
	*area = next;
	return true;
}

static void area_take(const char *line, struct area *area)
{
	uintmax_t kb;
	char key[64];

	if (sscanf(line, "%63[^:]: %ju kB", key, &kb) != 2)
		return;
	if (!strcmp(key, "KernelPageSize")) {
		area->page_bytes = kb << 10;
	} else if (!strcmp(key, "Rss")) {
		area->resident_bytes += kb << 10;
	} else if (!strcmp(key, "Anonymous")) {
		area->anon_bytes = kb << 10;
	} else if (!strcmp(key, "Private_Hugetlb") ||
		   !strcmp(key, "Shared_Hugetlb")) {
		area->resident_bytes += kb << 10;
		area->hugetlb_bytes += kb << 10;
	}
}

bool area_is_memory_file(const struct area *area)
{
	return !strncmp(area->name, "/memfd:", 7) ||
	       !strncmp(area->name, "/dev/shm/", 9) ||
	       (*area->name == '/' && area->page_bytes > leaf_size(LEAF_4K));
}

static bool area_ask_file(uint64_t pid, struct area *area)
{
	char *link = alloc_print("/proc/%ju/map_files/%jx-%jx", (uintmax_t)pid,
				 (uintmax_t)area->start, (uintmax_t)area->end);
	char *path = system_path(link);
	struct stat file;
	bool found = !stat(path, &file);

	if (found)
		area->file_bytes = file.st_blocks * BLOCK_BYTES;
	free(path);
	free(link);
	return found;
}

/* One entry tells of a whole huge page. */
static bool area_count_anon(uint64_t pid, struct area *area)
{
	int fd = system_fd("/proc/%ju/pagemap", (uintmax_t)pid);
	uint64_t entry;

	if (fd < 0)
		return false;
	for (uint64_t at = area->start; at < area->end; at += area->page_bytes)
		if (system_word_at(fd, at >> 12, &entry) &&
		    entry & PAGEMAP_PRESENT && !(entry & PAGEMAP_FILE))
			area->anon_bytes += area->page_bytes;
	close(fd);
	return true;
}

/* All lines of the mapping have been read. */
static void areas_add(struct areas *areas, uint64_t pid, struct area *area)
{
	if (!area->writable || task_maps_device(area->name) ||
	    area->end - area->start < TASK_MEMORY_LEAST)
		return;
	if (area->is_private && area->hugetlb_bytes &&
	    area_is_memory_file(area))
		area->unknown = !area_count_anon(pid, area) ||
				!area_ask_file(pid, area);
	areas->area = alloc_more(areas->area, areas->nr + 1,
				 sizeof(*areas->area));
	areas->area[areas->nr++] = *area;
}

bool areas_read(uint64_t pid, struct areas *areas)
{
	FILE *smaps = system_open("/proc/%ju/smaps", (uintmax_t)pid);
	struct area area = { 0 }, next;
	char *line = NULL;
	size_t size = 0;

	*areas = (struct areas){ 0 };
	if (!smaps)
		return false;
	while (getline(&line, &size, smaps) > 0) {
		if (!area_begins(line, &next)) {
			area_take(line, &area);
			continue;
		}
		areas_add(areas, pid, &area);
		area = next;
	}
	areas_add(areas, pid, &area);
	free(line);
	fclose(smaps);
	return true;
}

void areas_free(struct areas *areas)
{
	free(areas->area);
}

uint64_t area_copies(const struct area *area)
{
	if (!area->is_private || !area_is_memory_file(area) || area->unknown)
		return 0;
	/* A copy of shmem is made of a page that the file keeps. */
	if (area->hugetlb_bytes && area->file_bytes < area->anon_bytes)
		return area->file_bytes;
	return area->anon_bytes;
}
