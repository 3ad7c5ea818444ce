// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files as files: modes, grammar, odd readers, every wrong thing one can do
 * to them, and to the module's parameters.
 */
#include <ctype.h>
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "lib/expect.h"
#include "lib/file.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)
#define NOBODY	65534

static const char *const files[] = {
	"info", "schema", "counters", "errors", "hist", "domains",
	"processes", "inflight", "refusals", "refused", "regions", "probes",
	"units", "census", "check",
};

#define NR_FILES (sizeof(files) / sizeof(files[0]))

static void path_of(const char *file, char path[128])
{
	snprintf(path, 128, STATS_ROOT "/%s", file);
}

static int open_file(const char *file, int flags)
{
	char path[128];
	int fd;

	path_of(file, path);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

FIXTURE(grammar)
{
	struct vfio vfio;
	struct mem mem;
};

/* Something in every file: mapped memory, histograms, an error. */
FIXTURE_SETUP(grammar)
{
	char bdf[PCI_BDF_LEN];

	kmod_must_be_loaded();
	pci_find("edu", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	mem_alloc(&self->mem, BACKING_THP, 4 * SZ_2M);
	vfio_map(&self->vfio, IOVA, self->mem.va, self->mem.size);
	vfio_unmap(&self->vfio, IOVA, self->mem.size);
	vfio_map(&self->vfio, IOVA + SZ_4K, self->mem.va, self->mem.size);
	ASSERT_EQ(-EINVAL, __vfio_map(&self->vfio, IOVA, self->mem.va, 1,
				      VFIO_RW));
}

FIXTURE_TEARDOWN(grammar)
{
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

TEST_F(grammar, modes)
{
	struct stat st;
	char path[128];
	size_t i;

	ASSERT_EQ(0, stat(STATS_ROOT, &st));
	EXPECT_EQ(S_IFDIR | 0700, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	for (i = 0; i < NR_FILES; i++) {
		path_of(files[i], path);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(S_IFREG | 0400, st.st_mode);
		EXPECT_EQ(0, st.st_uid);
	}
}

TEST_F(grammar, format_first)
{
	size_t i;

	for (i = 0; i < NR_FILES; i++) {
		char *text = file_readf(STATS_ROOT "/%s", files[i]);

		EXPECT_EQ(0, strncmp(text, "format 1\n", 9));
		EXPECT_EQ('\n', text[strlen(text) - 1]);
		free(text);
		json_object_put(stats_read(files[i]));
	}
}

/* Names and keys: small letters, digits, and what a record is called. */
static int plain_name(const char *name)
{
	for (; *name; name++)
		if (!islower(*name) && !isdigit(*name) && !strchr("_.:", *name))
			return 0;
	return 1;
}

TEST_F(grammar, names_are_plain)
{
	size_t i;

	for (i = 0; i < NR_FILES; i++) {
		struct json_object *file = stats_read(files[i]);

		json_object_object_foreach(file, name, value) {
			EXPECT_TRUE(plain_name(name));
			if (!json_object_is_type(value, json_type_object))
				continue;
			json_object_object_foreach(value, key, val) {
				(void)val;
				EXPECT_TRUE(plain_name(key));
			}
		}
		json_object_put(file);
	}
}

/* The whole of a file, read in pieces of a size. */
static char *read_in(const char *file, size_t piece)
{
	size_t room = 1 << 18, len = 0;
	char *text = malloc(room);
	int fd = open_file(file, O_RDONLY);
	ssize_t nr;

	must(text);
	must_op(fd, >=, 0);
	while ((nr = read(fd, text + len, piece)) > 0) {
		must_op((size_t)nr, <=, piece);
		len += nr;
		must_op(len + piece, <, room);
	}
	must_eq(nr, 0);
	/* And again: the end stays the end. */
	must_eq(read(fd, text + len, piece), 0);
	text[len] = '\0';
	close(fd);
	return text;
}

/* Keys whose values change with every reading. */
static int moves(const char *file)
{
	return !strcmp(file, "info");
}

static void blank_digits(char *text)
{
	for (; *text; text++)
		if (isdigit(*text))
			*text = '0';
}

/*
 * Pieces of any size make the same text. A record's own times change while the
 * host is busy, so a difference is looked at again, twenty times at the most.
 */
static int same_in_pieces(const char *file, size_t piece)
{
	int tries, same = 0;

	for (tries = 0; !same && tries < 20; tries++) {
		char *whole = read_in(file, 1 << 17);
		char *parts = read_in(file, piece);

		if (moves(file)) {
			blank_digits(whole);
			blank_digits(parts);
		}
		same = !strcmp(whole, parts);
		if (!same && tries == 19)
			printf("# %s in pieces of %zu\n", file, piece);
		free(whole);
		free(parts);
	}
	return same;
}

TEST_F_TIMEOUT(grammar, any_read_size, 120)
{
	const size_t pieces[] = { 1, 2, 7, 100, 4095, 4096, 4097 };
	size_t i, j;

	for (i = 0; i < NR_FILES; i++)
		for (j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++)
			EXPECT_TRUE(same_in_pieces(files[i], pieces[j]));
}

TEST_F(grammar, seeks)
{
	size_t i;

	for (i = 0; i < NR_FILES; i++) {
		int fd = open_file(files[i], O_RDONLY);
		char a[16], b[16];

		ASSERT_LE(0, fd);
		ASSERT_EQ(8, read(fd, a, 8));
		EXPECT_EQ(0, memcmp(a, "format 1", 8));
		/* back to the start, and into the middle of the first line */
		EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
		ASSERT_EQ(8, read(fd, b, 8));
		EXPECT_EQ(0, memcmp(a, b, 8));
		EXPECT_EQ(7, lseek(fd, 7, SEEK_SET));
		ASSERT_EQ(1, read(fd, b, 1));
		EXPECT_EQ('1', b[0]);
		ASSERT_EQ(8, pread(fd, b, 8, 0));
		EXPECT_EQ(0, memcmp(a, b, 8));
		/* past the end: nothing is there, also for a huge offset */
		EXPECT_EQ(0, pread(fd, b, 8, 1 << 24));
		EXPECT_EQ(0, pread(fd, b, 8, INT64_MAX - 8));
		EXPECT_EQ(-1, lseek(fd, -1, SEEK_SET));
		EXPECT_EQ(EINVAL, errno);
		close(fd);
	}
}

/* Nothing can be written, whoever asks and however. */
TEST_F(grammar, writes_are_refused)
{
	char garbage[256];
	size_t i;

	memset(garbage, 0xa5, sizeof(garbage));
	for (i = 0; i < NR_FILES; i++) {
		char *before = file_readf(STATS_ROOT "/%s", files[i]), *after;
		int fd;

		fd = open_file(files[i], O_WRONLY);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-1, write(fd, "0\n", 2));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, write(fd, garbage, sizeof(garbage)));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, write(fd, "", 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, ioctl(fd, _IO('~', 255), NULL));
		EXPECT_EQ(ENOTTY, errno);
		close(fd);
		fd = open_file(files[i], O_RDONLY);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-1, write(fd, "0\n", 2));
		EXPECT_EQ(EBADF, errno);
		close(fd);
		after = file_readf(STATS_ROOT "/%s", files[i]);
		blank_digits(before);
		blank_digits(after);
		EXPECT_EQ(0, strcmp(before, after));
		free(before);
		free(after);
	}
	EXPECT_EQ(-1, open(STATS_ROOT "/new", O_WRONLY | O_CREAT, 0600));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, unlink(STATS_ROOT "/counters"));
	EXPECT_EQ(EPERM, errno);
}

static int as_nobody(void)
{
	size_t i;

	must_eq(setgroups(0, NULL), 0);
	must_eq(setgid(NOBODY), 0);
	must_eq(setuid(NOBODY), 0);
	for (i = 0; i < NR_FILES; i++) {
		must_eq(open_file(files[i], O_RDONLY), -EACCES);
		must_eq(open_file(files[i], O_WRONLY), -EACCES);
	}
	must_eq(open(STATS_ROOT, O_RDONLY | O_DIRECTORY), -1);
	must_eq(errno, EACCES);
	return 0;
}

TEST_F(grammar, root_only)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(as_nobody());
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* A reader's buffer that is no memory gets EFAULT, and the file survives. */
TEST_F(grammar, bad_buffers)
{
	size_t i;

	for (i = 0; i < NR_FILES; i++) {
		int fd = open_file(files[i], O_RDONLY);

		ASSERT_LE(0, fd);
		EXPECT_EQ(-1, syscall(SYS_read, fd, 1L, 4096L));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(0, read(fd, NULL, 0));
		close(fd);
		json_object_put(stats_read(files[i]));
	}
}

/* "ffff" and twelve more hex digits: an address of the kernel. */
static int has_pointer(const char *text)
{
	for (; (text = strstr(text, "ffff")); text++) {
		size_t digits = strspn(text, "0123456789abcdefABCDEF");

		if (digits >= 16)
			return 1;
	}
	return 0;
}

TEST_F(grammar, no_kernel_pointers)
{
	size_t i;

	EXPECT_TRUE(has_pointer("x=0xffff888113cc89c0"));
	EXPECT_FALSE(has_pointer("x=0xffff88811"));
	for (i = 0; i < NR_FILES; i++) {
		char *text = file_readf(STATS_ROOT "/%s", files[i]);

		EXPECT_FALSE(has_pointer(text));
		free(text);
	}
}

/* Does the schema know this key, and that it is in this file? */
static int described(struct json_object *schema, const char *file,
		     const char *key)
{
	struct json_object *line;
	char *in, *rest, *word;
	int found = 0;

	if (!json_object_object_get_ex(schema, key, &line)) {
		printf("# %s: %s is not in schema\n", file, key);
		return 0;
	}
	in = strdup(stats_word(line, "in"));
	must(in);
	rest = in;
	while ((word = strsep(&rest, ",")))
		found |= !strcmp(word, file);
	free(in);
	if (!found)
		printf("# schema does not know %s in %s\n", key, file);
	return found;
}

/* What a record is about, beside its numbers. */
static int describes_record(const char *key)
{
	static const char *const keys[] = {
		"type", "backend", "group", "devices", "pid", "comm",
		"first_ns", "last_ns", "exact", "inexact", "baseline",
		"start_ns", "alive", "unit", "did", "levels", "table",
		"readable", "requester",
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(key, keys[i]))
			return 1;
	return 0;
}

static int all_described(const char *file_name, int nested)
{
	struct json_object *schema = stats_read("schema");
	struct json_object *file = stats_read(file_name);
	int good = 1;

	json_object_object_foreach(file, name, value) {
		if (!nested) {
			good &= described(schema, file_name, name);
			continue;
		}
		json_object_object_foreach(value, key, val) {
			(void)val;
			good &= describes_record(key) ||
				described(schema, file_name, key);
		}
	}
	json_object_put(schema);
	json_object_put(file);
	return good;
}

/* What a key counts is told of this key alone, not of its operation's bytes. */
TEST_F(grammar, schema_tells_of_one_key)
{
	struct json_object *schema = stats_read("schema");
	unsigned int nr = 0;

	json_object_object_foreach(schema, key, line) {
		const char *help = stats_word(line, "help");

		ASSERT_EQ(NULL, strstr(help, "; "))
			TH_LOG("%s: %s", key, help);
		nr++;
	}
	ASSERT_LE(100, nr);
	json_object_put(schema);
}

TEST_F(grammar, schema_covers_all)
{
	EXPECT_TRUE(all_described("counters", 0));
	EXPECT_TRUE(all_described("hist", 0));
	EXPECT_TRUE(all_described("domains", 1));
	EXPECT_TRUE(all_described("processes", 1));
	EXPECT_TRUE(all_described("census", 1));
}

/* The other way round: a file has all keys that schema names for it. */
TEST_F(grammar, schema_is_no_wish)
{
	struct json_object *schema = stats_read("schema");
	struct json_object *counters = stats_read("counters");
	struct json_object *hist = stats_read("hist");
	struct json_object *info = stats_read("info");

	json_object_object_foreach(schema, key, line) {
		const char *in = stats_word(line, "in");
		const char *kind = stats_word(line, "kind");

		EXPECT_NE(0, strlen(stats_word(line, "help")));
		EXPECT_NE(0, strlen(stats_word(line, "unit")));
		EXPECT_TRUE(!strcmp(kind, "counter") ||
			    !strcmp(kind, "gauge") || !strcmp(kind, "max") ||
			    !strcmp(kind, "hist"));
		if (strstr(in, "counters"))
			stats_member(counters, key);
		if (!strcmp(in, "hist"))
			stats_member(hist, key);
		if (!strcmp(in, "info"))
			stats_member(info, key);
	}
	json_object_put(schema);
	json_object_put(counters);
	json_object_put(hist);
	json_object_put(info);
}

static int all_end_after_they_began(const char *file_name)
{
	struct json_object *file = stats_read(file_name);
	int good = json_object_object_length(file) > 0;

	json_object_object_foreach(file, name, record) {
		(void)name;
		good &= stats_u64(record, "first_ns") <=
			stats_u64(record, "last_ns");
	}
	json_object_put(file);
	return good;
}

/* The only call of a process is also its first. */
TEST_F(grammar, records_end_after_they_began)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(__vfio_map(&self->vfio, IOVA, self->mem.va, 1,
				 VFIO_RW) != -EINVAL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(all_end_after_they_began("domains"));
	EXPECT_TRUE(all_end_after_they_began("processes"));
}

TEST_F(grammar, info)
{
	struct json_object *info = stats_read("info");

	EXPECT_LT(0, strlen(stats_word(info, "version")));
	EXPECT_LT(0, strlen(stats_word(info, "kernel")));
	EXPECT_LT(stats_u64(info, "loaded_ns"), stats_u64(info, "now_ns"));
	EXPECT_EQ(0, stats_u64(info, "dma_api"));
	EXPECT_EQ(1, stats_u64(info, "intel_iommu"));
	EXPECT_EQ(0, stats_u64(info, "unverified"));
	json_object_put(info);
}

TEST_F(grammar, probes)
{
	struct json_object *probes = stats_read("probes");

	json_object_object_foreach(probes, name, probe) {
		const char *state = stats_word(probe, "state");
		const char *module = stats_word(probe, "module");
		int lost = !strcmp(name, "flush") && !kernel_tells_flushes();
		/* The DMA API's own probe is not needed by default. */
		const char *expected = lost ? "missing" : !strcmp(name, "dma_map") ||
				       !strcmp(name, "unseen") ? "unused" :
			!strcmp(module, "iovascope_hugepath") ? "waiting" :
			"attached";

		EXPECT_LT(0, strlen(stats_word(probe, "symbol")));
		EXPECT_LT(0, strlen(module));
		EXPECT_LE(stats_u64(probe, "required"), 1);
		EXPECT_EQ(0, stats_u64(probe, "missed"));
		EXPECT_EQ(0, stats_u64(probe, "nested"));
		EXPECT_EQ(lost ? ENOENT : 0, stats_u64(probe, "errno"));
		EXPECT_EQ(0, strcmp(state, expected));
	}
	json_object_put(probes);
}

/* ---- parameters ---- */

FIXTURE(params)
{
	int dummy;
};

FIXTURE_SETUP(params)
{
	if (kmod_loaded())
		kmod_unload();
}

FIXTURE_TEARDOWN(params)
{
	if (!kmod_loaded())
		kmod_load("");
}

TEST_F(params, bad_values)
{
	static const char *const bad[] = {
		"dma_api=banana", "dma_api=2", "dma_api=", "dma_api=-1",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-EINVAL, __kmod_load(bad[i]));
		EXPECT_FALSE(kmod_loaded());
		EXPECT_NE(0, access(STATS_ROOT, F_OK));
	}
}

/* The kernel's rule for all modules: warned about, and ignored. */
TEST_F(params, unknown)
{
	char buf[8192];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int found = 0;
	ssize_t nr;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(0, __kmod_load("frobnicate=1"));
	EXPECT_TRUE(kmod_loaded());
	while ((nr = read(fd, buf, sizeof(buf) - 1)) > 0) {
		buf[nr] = '\0';
		found |= !!strstr(buf, "unknown parameter 'frobnicate'");
	}
	EXPECT_TRUE(found);
	close(fd);
}

#define PARAM "/sys/module/iovascope/parameters/dma_api"

TEST_F(params, dma_api)
{
	struct json_object *info;
	struct stat st;

	kmod_load("dma_api=1");
	info = stats_read("info");
	EXPECT_EQ(1, stats_u64(info, "dma_api"));
	json_object_put(info);
	/* It cannot be changed at run time. */
	ASSERT_EQ(0, stat(PARAM, &st));
	EXPECT_EQ(S_IFREG | 0444, st.st_mode);
	EXPECT_EQ(-EACCES, __file_write(PARAM, "0"));
}

static int counted(const char *key)
{
	struct json_object *counters = stats_read("counters");
	int has = json_object_object_get_ex(counters, key, NULL);

	json_object_put(counters);
	return has;
}

/*
 * What a row fed is in no file without it, also where the other backend has one
 * of its own, and where the first is part of the kernel (see the mutants).
 */
TEST_F(params, skip)
{
	kmod_load("skip=pin,unpin");
	EXPECT_FALSE(counted("pin_calls"));
	EXPECT_FALSE(counted("pin_faults"));
	EXPECT_FALSE(counted("unpin_calls"));
	EXPECT_TRUE(counted("map_calls"));
	EXPECT_TRUE(counted("teardown_calls"));
	kmod_unload();
	kmod_load("");
	EXPECT_TRUE(counted("pin_calls"));
	kmod_unload();
	EXPECT_EQ(-EINVAL, __kmod_load("skip=map"));
	EXPECT_EQ(-EINVAL, __kmod_load("skip=nothing_of_the_kind"));
}

TEST_F(params, loaded_twice)
{
	kmod_load("");
	EXPECT_EQ(-EEXIST, __kmod_load(""));
	EXPECT_TRUE(kmod_loaded());
}
