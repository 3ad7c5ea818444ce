// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FUSE filesystem of one regular file, served by the test itself.
 *
 * What it is for: a pin that blocks for as long as the test likes. userfaultfd
 * cannot do that to type1 on 6.1, because pin_user_pages_remote() is called
 * without a `locked` argument and such a fault is refused with SIGBUS. A
 * private mapping of a file has to read the page first, and a read waits for
 * its server.
 *
 * The file is the root of the filesystem, mounted on a regular file: no
 * lookups, no directories, and OPEN may be answered with ENOSYS.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <linux/fuse.h>

#include "file.h"
#include "gate.h"
#include "must.h"

static void reply(struct gate *gate, __u64 unique, int error, const void *data,
		  size_t len)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + len,
		.error = error,
		.unique = unique,
	};
	struct iovec iov[] = {
		{ &out, sizeof(out) },
		{ (void *)data, len },
	};

	/* ENOENT: the one who asked is gone. */
	if (writev(gate->fd, iov, 2) < 0)
		must_eq(errno, ENOENT);
}

static void reply_init(struct gate *gate, __u64 unique)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_write = 1 << 16,
	};

	reply(gate, unique, 0, &init, sizeof(init));
}

static void reply_attr(struct gate *gate, __u64 unique)
{
	struct fuse_attr_out attr = {
		.attr_valid = 3600,
		.attr = {
			.ino = FUSE_ROOT_ID,
			.size = GATE_SIZE,
			.blocks = GATE_SIZE / 512,
			.mode = S_IFREG | 0600,
			.nlink = 1,
			.blksize = 4096,
		},
	};

	reply(gate, unique, 0, &attr, sizeof(attr));
}

/* Serve one request; 1 when it was a READ, which is left waiting. */
static int serve(struct gate *gate)
{
	static char buf[1 << 17];
	struct fuse_in_header *in = (void *)buf;
	struct fuse_read_in *read_in = (void *)(in + 1);
	ssize_t len = read(gate->fd, buf, sizeof(buf));

	/* ENOENT: the request was taken back; ENODEV: unmounted. */
	if (len < 0 && (errno == ENOENT || errno == EINTR || errno == ENODEV))
		return 0;
	must_op(len, >=, sizeof(*in));
	switch (in->opcode) {
	case FUSE_INIT:
		reply_init(gate, in->unique);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		reply_attr(gate, in->unique);
		break;
	case FUSE_READ:
		gate->unique = in->unique;
		gate->size = read_in->size;
		return 1;
	case FUSE_INTERRUPT:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		break;
	default:
		reply(gate, in->unique, -ENOSYS, NULL, 0);
	}
	return 0;
}

void gate_open(struct gate *gate)
{
	static const char *const load[] = { "modprobe", "fuse", NULL };
	char options[96];
	int fd;

	if (access("/dev/fuse", F_OK))
		must_eq(run(load), 0);
	snprintf(gate->path, sizeof(gate->path), "/run/gate.%d", getpid());
	fd = open(gate->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must_op(fd, >=, 0);
	close(fd);
	gate->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	must_op(gate->fd, >=, 0);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=100000,user_id=0,group_id=0", gate->fd);
	must_eq(mount("gate", gate->path, "fuse", MS_NOSUID | MS_NODEV,
		      options), 0);
}

void gate_wait_reader(struct gate *gate)
{
	while (!serve(gate))
		;
}

void gate_release(struct gate *gate)
{
	char *zero = calloc(1, gate->size);

	must(zero);
	reply(gate, gate->unique, 0, zero, gate->size);
	free(zero);
}

void gate_serve(struct gate *gate, int msec)
{
	struct pollfd poll_fd = { .fd = gate->fd, .events = POLLIN };

	while (poll(&poll_fd, 1, msec) == 1)
		if (serve(gate))
			gate_release(gate);
}

void gate_close(struct gate *gate)
{
	umount2(gate->path, MNT_DETACH);
	close(gate->fd);
	unlink(gate->path);
}
