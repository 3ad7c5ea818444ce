/* SPDX-License-Identifier: GPL-2.0-only */
/* hugepath.h - the second module, and the doors to it */
#ifndef LIB_HUGEPATH_H
#define LIB_HUGEPATH_H

#include <linux/types.h>

#include "vfio.h"
#include "module/uapi/iovascope_hugepath.h"

/* How a container gets its backend. */
enum hugepath_door {
	DOOR_STOCK,		/* type1, by its own names */
	DOOR_EXTENSION,		/* hugepath, by name */
	DOOR_TAKEOVER,		/* hugepath, by type1's names */
	NR_DOORS,
};

extern const char *const hugepath_door_names[NR_DOORS];

/* What VFIO_SET_IOMMU must be told to get this type. */
unsigned long hugepath_type(enum hugepath_door door, unsigned long type);
/* By its own name there is only v2. */
int hugepath_has_v1(enum hugepath_door door);
/* Around VFIO_SET_IOMMU: takeover is on only in between. */
void hugepath_enter(enum hugepath_door door);
void hugepath_leave(enum hugepath_door door);

/* vfio_open() through a door; type is type1's name for it. */
void hugepath_open(struct vfio *v, enum hugepath_door door, int type,
		   const char *bdf);

int __hugepath_load(const char *params);
void hugepath_load(const char *params);
/* Whoever loaded it before. */
void hugepath_reload(const char *params);
int __hugepath_unload(void);
void hugepath_unload(void);
int hugepath_loaded(void);
/* Containers that it serves. */
unsigned int hugepath_containers(void);

int __hugepath_param_set(const char *name, const char *value);
void hugepath_param_set(const char *name, const char *value);

/* Regions that containers opened from now on may hold, both backends'. */
void hugepath_entry_limit(unsigned int limit);

#endif /* LIB_HUGEPATH_H */
