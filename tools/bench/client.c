// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VFIO client, as small as measuring needs it: devices, and a way to map and
 * unmap memory for them. What serves it is a backend, one row of backend.c.
 *
 * Nobody makes the device a bus master, so it does no DMA whatever is mapped.
 * Its BAR is mapped but never read: a register may do something when it is.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "client.h"

bool client_refuse(struct client *client, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(client->why, sizeof(client->why), fmt, args);
	va_end(args);
	return false;
}

bool client_open(struct client *client, const struct backend *backend,
		 char *const *devices, size_t nr)
{
	memset(client, 0, sizeof(*client));
	client->backend = backend;
	client->fd = -1;
	for (size_t i = 0; i < nr; i++)
		client->device[i] = (struct client_device){
			.bdf = devices[i], .group_fd = -1, .fd = -1
		};
	client->nr = nr;
	if (backend->open(client))
		return true;
	client_close(client);
	return false;
}

/* The last group that goes takes with it what is still mapped. */
void client_close(struct client *client)
{
	for (size_t i = 0; i < client->nr; i++) {
		if (client->device[i].fd >= 0)
			close(client->device[i].fd);
		if (client->device[i].group_fd >= 0)
			close(client->device[i].group_fd);
	}
	if (client->fd >= 0)
		close(client->fd);
	client->nr = 0;
	client->fd = -1;
}

static bool bar_info(struct client *client, size_t nr, unsigned int bar,
		     struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){
		.argsz = sizeof(*info),
		.index = VFIO_PCI_BAR0_REGION_INDEX + bar,
	};
	return !ioctl(client->device[nr].fd, VFIO_DEVICE_GET_REGION_INFO, info) &&
	       info->flags & VFIO_REGION_INFO_FLAG_MMAP;
}

bool client_bar(struct client *client, size_t nr, struct memory *memory,
		uint64_t want, uint64_t align, uint64_t shift)
{
	struct vfio_region_info info, best = { .size = 0 };

	for (unsigned int bar = 0; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++)
		if (bar_info(client, nr, bar, &info) && info.size > best.size)
			best = info;
	if (!best.size)
		return client_refuse(client, "%s has no BAR that can be mapped",
				     client->device[nr].bdf);
	return memory_map(memory, client->device[nr].fd, best.offset,
			  best.size < want ? best.size : want, align, shift) ||
	       client_refuse(client, "BAR %u of %s: %s", best.index,
			     client->device[nr].bdf, memory->why);
}
