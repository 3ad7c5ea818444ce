// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of a recording: a line that names the format, then chunks, each with
 * a head that says what it is, how long, and its checksum. Numbers are those of
 * the machine that made it, which has VT-d: little endian.
 *
 * Whatever happens to who writes it, what has been written can be read: a
 * chunk is either there as a whole or not at all. A disk that gets full is no
 * reason to have no end: room for the last chunk is taken from the disk before
 * it is needed, so that it can say why it is the last. Where the file system
 * cannot set room aside, the end may be missing, and who reads says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "file.h"

#define MAGIC		"iovascope-rec 1\n"
#define MAGIC_LEN	(sizeof(MAGIC) - 1)

/* Room that is kept for the end, and by how much more is taken at once. */
#define END_ROOM	65536
#define STEP_ROOM	1048576

struct head {
	uint32_t kind;
	uint16_t ring;
	uint16_t cpu;
	uint32_t bytes;
	uint32_t sum;
};

/* CRC-32 as in Ethernet and zip, bit by bit of a nibble. */
static uint32_t crc32(uint32_t crc, const void *data, size_t bytes)
{
	static const uint32_t nibbles[] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const unsigned char *at = data;

	for (crc = ~crc; bytes; bytes--) {
		crc ^= *at++;
		crc = crc >> 4 ^ nibbles[crc & 15];
		crc = crc >> 4 ^ nibbles[crc & 15];
	}
	return ~crc;
}

static uint32_t sum_of(const struct head *head, const void *data)
{
	struct head blank = *head;

	blank.sum = 0;
	return crc32(crc32(0, &blank, sizeof(blank)), data, head->bytes);
}

/* ---- writing ---- */

/* Are there so many bytes, with those for the end, on the disk? */
static bool has_room(struct file_writer *file, size_t bytes)
{
	uint64_t want = file->bytes + bytes + END_ROOM;

	if (!file->regular || want <= file->reserved)
		return true;
	if (!fallocate(file->fd, FALLOC_FL_KEEP_SIZE, 0, want + STEP_ROOM)) {
		file->reserved = want + STEP_ROOM;
		return true;
	}
	/* Not a whole step, but what is needed now? */
	if (errno == ENOSPC &&
	    !fallocate(file->fd, FALLOC_FL_KEEP_SIZE, 0, want)) {
		file->reserved = want;
		return true;
	}
	file->error = errno;
	return errno == EOPNOTSUPP;
}

static bool write_all(struct file_writer *file, const void *data, size_t bytes)
{
	const char *from = data;

	while (bytes) {
		ssize_t done = write(file->fd, from, bytes);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			file->error = done ? errno : ENOSPC;
			return false;
		}
		from += done;
		bytes -= done;
	}
	return true;
}

static bool add(struct file_writer *file, const struct chunk *chunk)
{
	struct head head = {
		.kind = chunk->kind,
		.ring = chunk->ring,
		.cpu = chunk->cpu,
		.bytes = chunk->bytes,
	};

	head.sum = sum_of(&head, chunk->data);
	if (write_all(file, &head, sizeof(head)) &&
	    write_all(file, chunk->data, chunk->bytes)) {
		file->bytes += sizeof(head) + chunk->bytes;
		return true;
	}
	/* Half a chunk is none. */
	if (file->regular && !ftruncate(file->fd, file->bytes))
		lseek(file->fd, file->bytes, SEEK_SET);
	return false;
}

void file_create(struct file_writer *file, const char *path, uint64_t limit)
{
	struct stat stat;

	*file = (struct file_writer){ .path = path, .limit = limit };
	file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file->fd < 0 || fstat(file->fd, &stat))
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	file->regular = S_ISREG(stat.st_mode);
	/* One that was there before was perhaps for everybody. */
	if (file->regular && fchmod(file->fd, 0600))
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	if (!has_room(file, MAGIC_LEN) || !write_all(file, MAGIC, MAGIC_LEN))
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(file->error));
	file->bytes = MAGIC_LEN;
}

void file_add(struct file_writer *file, const struct chunk *chunk)
{
	size_t bytes = sizeof(struct head) + chunk->bytes;

	if (file->stop)
		return;
	if (file->bytes + bytes + END_ROOM > file->limit)
		file->stop = FILE_LIMIT;
	else if (!has_room(file, bytes) || !add(file, chunk))
		file->stop = FILE_FULL;
}

bool file_end(struct file_writer *file, const char *json)
{
	bool done = add(file, &(struct chunk){
		.kind = CHUNK_END, .data = json, .bytes = strlen(json),
	});

	/* What was set aside and not needed. */
	if (file->regular && ftruncate(file->fd, file->bytes))
		done = false;
	if (close(file->fd)) {
		file->error = errno;
		done = false;
	}
	return done;
}

/* ---- reading ---- */

bool file_take(struct file_reader *file, void *data, size_t bytes)
{
	file->data = data;
	file->bytes = bytes;
	file->at = MAGIC_LEN;
	file->cut = false;
	return bytes >= MAGIC_LEN && !memcmp(data, MAGIC, MAGIC_LEN);
}

static void *read_all(int fd, const char *path, size_t *bytes)
{
	size_t room = 0;
	char *data = NULL;
	ssize_t got;

	*bytes = 0;
	do {
		if (*bytes == room) {
			room = room ? 2 * room : 65536;
			data = alloc_more(data, room, 1);
		}
		got = read(fd, data + *bytes, room - *bytes);
		if (got < 0 && errno != EINTR)
			fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
		*bytes += got > 0 ? got : 0;
	} while (got);
	return data;
}

void file_open(struct file_reader *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t bytes;
	void *data;

	if (fd < 0)
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	data = read_all(fd, path, &bytes);
	close(fd);
	file->path = path;
	if (!file_take(file, data, bytes))
		fail(EXIT_FORMAT, "%s: not a recording that this tool knows (`iovascope record` makes them)",
		     path);
}

bool file_next(struct file_reader *file, struct chunk *chunk)
{
	const unsigned char *data = file->data + file->at + sizeof(struct head);
	size_t left = file->bytes - file->at;
	struct head head;

	if (!left || file->cut)
		return false;
	if (left < sizeof(head)) {
		file->cut = true;
		return false;
	}
	memcpy(&head, file->data + file->at, sizeof(head));
	if (head.bytes > left - sizeof(head) || sum_of(&head, data) != head.sum) {
		file->cut = true;
		return false;
	}
	*chunk = (struct chunk){ head.kind, head.ring, head.cpu, data,
				 head.bytes };
	file->at += sizeof(head) + head.bytes;
	return true;
}

void file_close(struct file_reader *file)
{
	free(file->data);
	file->data = NULL;
}
