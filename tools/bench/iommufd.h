/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_IOMMUFD_H
#define IOVASCOPE_IOMMUFD_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct memory;

/* Does iommufd answer for this container of VFIO? */
bool iommufd_serves(int container);

/* The backend: see struct backend. */
bool iommufd_open(struct client *client);
bool iommufd_map(struct client *client, uint64_t iova,
		 const struct memory *memory, uint64_t offset, uint64_t bytes);
bool iommufd_map_file(struct client *client, uint64_t iova,
		      const struct memory *memory, uint64_t offset,
		      uint64_t bytes);
bool iommufd_unmap(struct client *client, uint64_t iova, uint64_t bytes);

#endif
