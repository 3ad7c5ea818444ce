/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_AREAS_H
#define IOVASCOPE_AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct area - one mapping of a process, as its smaps tell
 * @start: first address
 * @end: behind the last one
 * @name: of its file, or what the kernel calls it
 * @writable: may be written
 * @is_private: mapped with MAP_PRIVATE
 * @page_bytes: the page size of the mapping; above 4 KiB only of hugetlb
 * @resident_bytes: what is there, hugetlb pages included
 * @hugetlb_bytes: of that, hugetlb pages
 * @anon_bytes: of that, pages that belong to no file: of a private mapping of a
 *		file, its copies
 * @file_bytes: what its file has in memory
 * @unknown: of a private mapping of huge pages either of these could not be read
 */
struct area {
	uint64_t start;
	uint64_t end;
	char name[256];
	bool writable;
	bool is_private;
	uint64_t page_bytes;
	uint64_t resident_bytes;
	uint64_t hugetlb_bytes;
	uint64_t anon_bytes;
	uint64_t file_bytes;
	bool unknown;
};

struct areas {
	struct area *area;
	size_t nr;
};

/* Those that are a VM's memory; false (errno) when smaps cannot be read. */
bool areas_read(uint64_t pid, struct areas *areas);
void areas_free(struct areas *areas);

/* Is the file one that is nowhere but in memory? */
bool area_is_memory_file(const struct area *area);

/* Copies of pages that its file has as well. */
uint64_t area_copies(const struct area *area);

#endif
