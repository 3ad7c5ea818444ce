/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_DEBUGFS_H
#define IOVASCOPE_DEBUGFS_H

#include <stdbool.h>

/* The directory with the module's files, to be freed; ends the program. */
char *debugfs_find(void);

/* Are the module's files there to be read now? */
bool debugfs_has_module(void);

#endif
