// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables from first principles: one leaf at a time, and the tables that it
 * hangs in. Nothing of the module is used but the record that its interface
 * promises.
 */
#include <fcntl.h>

#include "census.h"
#include "file.h"
#include "must.h"
#include "stats.h"

/* Leaves come in ascending order: a table is new or it is the last one. */
static void tables_add(struct tables *tables, __u64 iova, __u64 leaf)
{
	unsigned int level = leaf == SZ_4K ? 1 : leaf == SZ_2M ? 2 : 3;
	unsigned int levels = mode_levels();

	for (; level < levels; level++) {
		__u64 index = (iova >> (12 + 9 * level)) + 1;

		tables->nr += tables->seen[level] != index;
		tables->seen[level] = index;
	}
}

static __u64 best_leaf(__u64 pgsizes, __u64 iova, __u64 phys, __u64 size)
{
	const __u64 leaves[] = { SZ_1G, SZ_2M };
	unsigned int i;

	for (i = 0; i < 2; i++)
		if ((pgsizes & leaves[i]) && size >= leaves[i] &&
		    !((iova | phys) & (leaves[i] - 1)))
			return leaves[i];
	return SZ_4K;
}

static void count_leaf(struct leaves *leaves, __u64 leaf)
{
	leaves->nr_4k += leaf == SZ_4K;
	leaves->nr_2m += leaf == SZ_2M;
	leaves->nr_1g += leaf == SZ_1G;
}

static void add_record(struct table *table, __u64 iova, __u64 phys, __u64 leaf,
		       __u32 flags)
{
	struct iovascope_pagemap *last = table->nr ?
					 &table->records[table->nr - 1] : NULL;
	__u32 shift = leaf == SZ_4K ? 12 : leaf == SZ_2M ? 21 : 30;

	if (last && last->iova + last->bytes == iova &&
	    last->phys + last->bytes == phys && last->leaf_shift == shift &&
	    last->flags == flags) {
		last->bytes += leaf;
		return;
	}
	if (!(table->nr & (table->nr - 1))) {
		table->records = realloc(table->records,
					 (2 * table->nr + 1) * sizeof(*last));
		must(table->records);
	}
	table->records[table->nr++] = (struct iovascope_pagemap){
		.iova = iova,
		.phys = phys,
		.bytes = leaf,
		.leaf_shift = shift,
		.flags = flags,
	};
}

void table_init(struct table *table, __u64 pgsizes, unsigned int tried)
{
	memset(table, 0, sizeof(*table));
	table->pgsizes = pgsizes;
	table->tried = tried;
	if (tried)
		tables_add(&table->tables, 0, SZ_4K);
}

void table_free(struct table *table)
{
	free(table->records);
	table->records = NULL;
}

void table_add_run(struct table *table, __u64 iova, __u64 phys, __u64 size,
		   __u64 chunk, __u32 flags)
{
	__u64 at, leaf;

	for (at = 0; at < size; at += leaf) {
		__u64 left = chunk ? chunk - at % chunk : size;

		if (left > size - at)
			left = size - at;
		leaf = best_leaf(table->pgsizes, iova + at, phys + at, left);
		count_leaf(&table->leaves, leaf);
		tables_add(&table->tables, iova + at, leaf);
		add_record(table, iova + at, phys + at, leaf, flags);
	}
	for (at = 0; at < size; at += leaf) {
		leaf = best_leaf(table->pgsizes, iova + at, phys + at,
				 size - at);
		count_leaf(&table->best, leaf);
		tables_add(&table->best_tables, iova + at, leaf);
	}
	for (at = 0; at < size; at += leaf) {
		leaf = best_leaf(table->pgsizes & ~SZ_1G, iova + at, phys + at,
				 size - at);
		tables_add(&table->at_2m_tables, iova + at, leaf);
	}
	table->bytes += size;
	table->runs++;
	if (!(flags & PAGEMAP_WRITE))
		table->ro_bytes += size;
	if (flags & PAGEMAP_MMIO)
		table->mmio_bytes += size;
}

struct region {
	struct table *table;
	__u64 iova;
	__u32 flags;
};

static void add_run(void *ctx, __u64 offset, __u64 phys, __u64 size)
{
	struct region *region = ctx;

	table_add_run(region->table, region->iova + offset, phys, size, 0,
		      region->flags);
}

void table_add(struct table *table, __u64 iova, const void *va, __u64 size,
	       __u32 flags)
{
	struct region region = { table, iova, flags };

	memory_runs(va, size, add_run, &region);
}

int mode_scalable(void)
{
	return !!getenv("IOVASCOPE_STAGE");
}

const char *mode_stage(void)
{
	const char *stage = getenv("IOVASCOPE_STAGE") ?: "second";

	must(!strcmp(stage, "second") || !strcmp(stage, "first"));
	return stage;
}

unsigned int mode_levels(void)
{
	const char *levels = getenv("IOVASCOPE_LEVELS");

	return levels ? atoi(levels) : 4;
}

struct json_object *census_line(struct json_object *census, const char *bdf)
{
	return stats_member(census, bdf);
}

static unsigned int differs(const char *what, __u64 wanted, __u64 seen)
{
	if (seen == wanted)
		return 0;
	printf("# %s: wanted %llu (0x%llx), seen %llu (0x%llx)\n", what, wanted,
	       wanted, seen, seen);
	return 1;
}

static unsigned int wrong(struct json_object *line, const char *key,
			  __u64 wanted)
{
	return differs(key, wanted, stats_u64(line, key));
}

static unsigned int leaves_wrong(struct json_object *line, const char *prefix,
				 const struct leaves *leaves)
{
	return differs("4k leaves", leaves->nr_4k,
		       stats_u64f(line, "%s4k_leaves", prefix)) +
	       differs("2m leaves", leaves->nr_2m,
		       stats_u64f(line, "%s2m_leaves", prefix)) +
	       differs("1g leaves", leaves->nr_1g,
		       stats_u64f(line, "%s1g_leaves", prefix));
}

unsigned int census_wrong(const char *bdf, const struct table *t)
{
	struct json_object *census = stats_read("census");
	struct json_object *line = census_line(census, bdf);
	unsigned int bad = 0;

	bad += !!strcmp(stats_word(line, "type"), mode_stage());
	bad += wrong(line, "levels", mode_levels()) + wrong(line, "readable", 1);
	bad += wrong(line, "torn", 0) + wrong(line, "garbage", 0);
	bad += leaves_wrong(line, "", &t->leaves);
	bad += leaves_wrong(line, "best_", &t->best);
	bad += wrong(line, "bytes", t->bytes);
	bad += wrong(line, "4k_bytes", t->leaves.nr_4k * SZ_4K);
	bad += wrong(line, "2m_bytes", t->leaves.nr_2m * SZ_2M);
	bad += wrong(line, "1g_bytes", t->leaves.nr_1g * SZ_1G);
	bad += wrong(line, "ro_bytes", t->ro_bytes);
	bad += wrong(line, "rw_bytes", t->bytes - t->ro_bytes);
	bad += wrong(line, "mmio_bytes", t->mmio_bytes);
	bad += wrong(line, "ram_bytes", t->bytes - t->mmio_bytes);
	bad += wrong(line, "runs", t->runs);
	bad += wrong(line, "tables", t->tables.nr + 1);
	bad += wrong(line, "table_bytes", (t->tables.nr + 1) * SZ_4K);
	bad += wrong(line, "empty_tables", !!t->tried);
	bad += wrong(line, "best_table_bytes",
		     (t->best_tables.nr + 1) * SZ_4K);
	bad += wrong(line, "at_2m_table_bytes",
		     (t->at_2m_tables.nr + 1) * SZ_4K);
	json_object_put(census);
	return bad;
}

/* Each key of the device's line in census, with the same value; no other. */
unsigned int summary_wrong(const char *bdf)
{
	struct json_object *census = stats_read("census"), *summary;
	struct json_object *line = census_line(census, bdf);
	unsigned int bad = 0, nr = 0;
	char path[64];

	snprintf(path, sizeof(path), "devices/%s/summary", bdf);
	summary = stats_read(path);
	json_object_object_foreach(line, key, value) {
		/* Which of all tables it is: nothing that one device knows. */
		if (!strcmp(key, "table"))
			continue;
		nr++;
		if (!strcmp(stats_word(summary, key),
			    json_object_get_string(value)))
			continue;
		printf("# summary: %s is %s, in census %s\n", key,
		       stats_word(summary, key), json_object_get_string(value));
		bad++;
	}
	bad += differs("keys of summary", nr,
		       json_object_object_length(summary));
	json_object_put(summary);
	json_object_put(census);
	return bad;
}

/* One line against the records that make the run up. */
static unsigned int run_wrong(const struct table *t, unsigned int *next,
			      const char *name, struct json_object *line)
{
	const struct iovascope_pagemap *first = &t->records[*next], *r;
	__u64 iova = strtoull(name, NULL, 16), at = iova, sum[3] = {};
	unsigned int bad = 0;

	must_op(*next, <, t->nr);
	for (; *next < t->nr; ++*next) {
		r = &t->records[*next];
		if (r->iova != at || r->phys - first->phys != at - iova ||
		    r->flags != first->flags)
			break;
		sum[(r->leaf_shift - 12) / 9] += r->bytes >> r->leaf_shift;
		at += r->bytes;
	}
	bad += differs("iova", first->iova, iova);
	bad += wrong(line, "last", at - 1);
	bad += wrong(line, "phys", first->phys);
	bad += wrong(line, "leaves_4k", sum[0]);
	bad += wrong(line, "leaves_2m", sum[1]);
	bad += wrong(line, "leaves_1g", sum[2]);
	bad += wrong(line, "write", !!(first->flags & PAGEMAP_WRITE));
	bad += wrong(line, "mmio", !!(first->flags & PAGEMAP_MMIO));
	return bad + wrong(line, "torn", 0);
}

unsigned int runs_wrong(const char *bdf, const struct table *t)
{
	unsigned int bad = 0, next = 0, nr = 0;
	struct leaves best = {};
	struct json_object *runs;
	char path[64];

	snprintf(path, sizeof(path), "devices/%s/runs", bdf);
	runs = stats_read(path);
	json_object_object_foreach(runs, name, line) {
		bad += run_wrong(t, &next, name, line);
		best.nr_4k += stats_u64(line, "best_4k");
		best.nr_2m += stats_u64(line, "best_2m");
		best.nr_1g += stats_u64(line, "best_1g");
		nr++;
	}
	json_object_put(runs);
	return bad + differs("runs", t->runs, nr) +
	       differs("best 4k", t->best.nr_4k, best.nr_4k) +
	       differs("best 2m", t->best.nr_2m, best.nr_2m) +
	       differs("best 1g", t->best.nr_1g, best.nr_1g);
}

int __device_open(const char *bdf, const char *file)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), STATS_ROOT "/devices/%s/%s", bdf, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int device_open_file(const char *bdf, const char *file)
{
	int fd = __device_open(bdf, file);

	if (fd < 0) {
		errno = -fd;
		must_fail("cannot open %s of %s", file, bdf);
	}
	return fd;
}

unsigned int pagemap_wrong(const char *bdf, const struct table *t)
{
	size_t size = (t->nr + 1) * sizeof(*t->records), used = 0;
	struct iovascope_pagemap *seen = malloc(size);
	int fd = device_open_file(bdf, "pagemap");
	unsigned int bad, i;
	ssize_t nr;

	must(seen);
	while ((nr = read(fd, (char *)seen + used, size - used)) > 0)
		used += nr;
	/* No room for a record is an error, and no end. */
	must(!nr || (errno == EINVAL && size == used));
	close(fd);
	bad = differs("records", t->nr, used / sizeof(*seen));
	for (i = 0; !bad && i < t->nr; i++)
		if (memcmp(&seen[i], &t->records[i], sizeof(*seen)))
			bad = differs("record at", t->records[i].iova,
				      seen[i].iova) + 1;
	free(seen);
	return bad;
}

unsigned int table_wrong(const char *bdf, const struct table *table)
{
	return census_wrong(bdf, table) + summary_wrong(bdf) +
	       runs_wrong(bdf, table) + pagemap_wrong(bdf, table);
}

unsigned int check_not(const char *verdict)
{
	struct json_object *check = stats_read("check");
	unsigned int nr = 0, bad = 0;

	json_object_object_foreach(check, id, line) {
		nr++;
		if (!strcmp(stats_word(line, "verdict"), verdict))
			continue;
		printf("# domain %s: %s\n", id,
		       json_object_to_json_string(line));
		bad++;
	}
	json_object_put(check);
	return nr ? bad : 1;
}
