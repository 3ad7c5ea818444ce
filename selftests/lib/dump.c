// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel prints one line a leaf: the page number of its IOVA, a bar, and
 * the entries on the way from level 5 down to the leaf, which is the last one
 * in the line. What has no entry at level 2 is a 1 GiB leaf, and so on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump.h"

#define DUMP_ROOT	"/sys/kernel/debug/iommu/intel"
/* VT-d spec, second-stage paging entries: write is bit 1 */
#define ENTRY_WRITE	(1ULL << 1)
#define ENTRY_ADDRESS	0x000ffffffffff000ULL

int dump_open(const char *bdf)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), DUMP_ROOT "/%s/domain_translation_struct",
		 bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* 1 a leaf, 0 a heading or nothing, -EBADMSG. */
static int parse_line(const char *line, struct dump_leaf *leaf)
{
	unsigned int columns = 0;
	unsigned long long entry = 0;
	char *end;

	if (!*line || !strncmp(line, "Device ", 7) ||
	    !strncmp(line, "IOVA_PFN", 8))
		return 0;
	leaf->iova = strtoull(line, &end, 16) << 12;
	if (end == line || strncmp(end, " |", 2))
		return -EBADMSG;
	for (end += 2; *end; columns++) {
		if (*end++ != '\t')
			return -EBADMSG;
		entry = strtoull(end, &end, 16);
	}
	if (columns < 3 || columns > 5)
		return -EBADMSG;
	leaf->shift = 12 + 9 * (5 - columns);
	leaf->phys = entry & ENTRY_ADDRESS & ~((1ULL << leaf->shift) - 1);
	leaf->write = !!(entry & ENTRY_WRITE);
	return 1;
}

long long dump_leaves(const char *bdf,
		      void (*leaf)(void *ctx, const struct dump_leaf *leaf),
		      void *ctx)
{
	struct dump_leaf one;
	long long nr = 0;
	char line[256];
	FILE *file;
	int fd, ret = 0;

	fd = dump_open(bdf);
	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	if (!file)
		return -errno;
	while (ret >= 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		ret = parse_line(line, &one);
		if (ret <= 0)
			continue;
		leaf(ctx, &one);
		nr++;
	}
	if (ferror(file))
		ret = -EIO;
	fclose(file);
	return ret < 0 ? ret : nr;
}

long long read_through(int fd, void *buffer, unsigned long size)
{
	long long sum = 0;
	ssize_t nr;

	while ((nr = read(fd, buffer, size)) > 0)
		sum += nr;
	return nr < 0 ? -errno : sum;
}
