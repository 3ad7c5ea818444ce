// SPDX-License-Identifier: GPL-2.0-only
/* Who can serve a client, one row each. */
#include <string.h>

#include <linux/vfio.h>

#include "../module/uapi/iovascope_hugepath.h"
#include "backend.h"
#include "client.h"
#include "container.h"
#include "iommufd.h"

const struct backend backends[] = {
	{
		.name = "type1",
		.type = VFIO_TYPE1v2_IOMMU,
		.open = type1_open,
		.map = container_map,
		.unmap = container_unmap,
	}, {
		.name = "iommufd",
		.open = iommufd_open,
		.map = iommufd_map,
		.unmap = iommufd_unmap,
	}, {
		.name = "iommufd_file",
		.wants_file = true,
		.open = iommufd_open,
		.map = iommufd_map_file,
		.unmap = iommufd_unmap,
	}, {
		.name = "hugepath",
		.type = IOVASCOPE_HUGEPATH_IOMMU,
		.leaf = 1ull << 30,
		.open = hugepath_open,
		.map = container_map,
		.unmap = container_unmap,
	}, {
		.name = "hugepath_2m",
		.type = IOVASCOPE_HUGEPATH_IOMMU,
		.leaf = 1ull << 21,
		.open = hugepath_open,
		.map = container_map,
		.unmap = container_unmap,
	}, {
		.name = "hugepath_4k",
		.type = IOVASCOPE_HUGEPATH_IOMMU,
		.leaf = 1ull << 12,
		.open = hugepath_open,
		.map = container_map,
		.unmap = container_unmap,
	},
	{ .name = NULL }
};

const struct backend *backend_of(const char *name)
{
	for (const struct backend *b = backends; b->name; b++)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}
