/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_CLIENT_H
#define IOVASCOPE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "memory.h"

#define CLIENT_MAX_DEVICES	16

struct client_device {
	const char *bdf;
	unsigned int group;
	int group_fd;
	int fd;
};

/*
 * A VFIO client. why: what went wrong last, for people; busy: since somebody
 * else has a device.
 */
struct client {
	const struct backend *backend;
	int fd;
	uint32_t ioas;
	size_t nr;
	struct client_device device[CLIENT_MAX_DEVICES];
	char why[192];
	bool busy;
};

/*
 * Who serves the client. All functions but close say in client->why what went
 * wrong when they return false.
 */
struct backend {
	const char *name;
	/* Of a container: its type, and the largest leaf of hugepath. */
	unsigned int type;
	uint64_t leaf;
	/* It maps a file, not an address. */
	bool wants_file;
	bool (*open)(struct client *client);
	bool (*map)(struct client *client, uint64_t iova,
		    const struct memory *memory, uint64_t offset,
		    uint64_t bytes);
	bool (*unmap)(struct client *client, uint64_t iova, uint64_t bytes);
};

bool client_open(struct client *client, const struct backend *backend,
		 char *const *devices, size_t nr);
void client_close(struct client *client);

/*
 * The largest BAR of a device of an open client, or the first @want bytes of
 * it, at @align plus @shift. To be freed before the client is closed.
 */
bool client_bar(struct client *client, size_t nr, struct memory *memory,
		uint64_t want, uint64_t align, uint64_t shift);

/* For backends: says what went wrong, and returns false. */
__printf(2, 3)
bool client_refuse(struct client *client, const char *fmt, ...);

#endif
