// SPDX-License-Identifier: GPL-2.0-only
/*
 * A container opened through a door is an ordinary container afterwards: the
 * doors matter only while VFIO looks for a driver.
 */
#include <unistd.h>

#include <linux/vfio.h>

#include "file.h"
#include "hugepath.h"
#include "kmod.h"
#include "must.h"

#define MODULE	"iovascope_hugepath"
#define PARAMS	"/sys/module/" MODULE "/parameters"
#define LIMIT	"/sys/module/vfio_iommu_type1/parameters/dma_entry_limit"

const char *const hugepath_door_names[NR_DOORS] = {
	[DOOR_STOCK]		= "type1",
	[DOOR_EXTENSION]	= "extension",
	[DOOR_TAKEOVER]		= "takeover",
};

unsigned long hugepath_type(enum hugepath_door door, unsigned long type)
{
	if (door == DOOR_EXTENSION && type == VFIO_TYPE1v2_IOMMU)
		return IOVASCOPE_HUGEPATH_IOMMU;
	return type;
}

int hugepath_has_v1(enum hugepath_door door)
{
	return door != DOOR_EXTENSION;
}

void hugepath_enter(enum hugepath_door door)
{
	if (door == DOOR_TAKEOVER)
		hugepath_param_set("takeover", "1");
}

void hugepath_leave(enum hugepath_door door)
{
	if (door == DOOR_TAKEOVER)
		hugepath_param_set("takeover", "0");
}

void hugepath_open(struct vfio *v, enum hugepath_door door, int type,
		   const char *bdf)
{
	/* Whoever asks for type1 first loads it. */
	pci_bind_vfio(bdf);
	hugepath_enter(door);
	vfio_open(v, hugepath_type(door, type), bdf);
	hugepath_leave(door);
}

int __hugepath_load(const char *params)
{
	const char *path = getenv("IOVASCOPE_HUGEPATH_KO") ?:
			   "iovascope_hugepath.ko";

	return __kmod_load_file(path, params);
}

void hugepath_load(const char *params)
{
	must_work(__hugepath_load(params));
}

void hugepath_reload(const char *params)
{
	if (hugepath_loaded())
		hugepath_unload();
	hugepath_load(params);
}

int __hugepath_unload(void)
{
	return __kmod_unload_name(MODULE);
}

void hugepath_unload(void)
{
	must_work(__hugepath_unload());
}

int hugepath_loaded(void)
{
	return !access("/sys/module/" MODULE "/refcnt", F_OK);
}

unsigned int hugepath_containers(void)
{
	char *text = file_read("/sys/module/" MODULE "/refcnt");
	unsigned int nr = strtoul(text, NULL, 10);

	free(text);
	return nr;
}

int __hugepath_param_set(const char *name, const char *value)
{
	return __file_writef(value, PARAMS "/%s", name);
}

void hugepath_param_set(const char *name, const char *value)
{
	must_work(__hugepath_param_set(name, value));
}

void hugepath_entry_limit(unsigned int limit)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", limit);
	file_write(LIMIT, text);
	if (hugepath_loaded())
		hugepath_param_set("dma_entry_limit", text);
}
