/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_CONTAINER_H
#define IOVASCOPE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct memory;

/* For backends that are a container of VFIO: see struct backend. */
bool type1_open(struct client *client);
bool hugepath_open(struct client *client);
bool container_map(struct client *client, uint64_t iova,
		   const struct memory *memory, uint64_t offset,
		   uint64_t bytes);
bool container_unmap(struct client *client, uint64_t iova, uint64_t bytes);

#endif
