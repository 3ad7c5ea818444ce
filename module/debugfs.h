/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debugfs.h - the files in /sys/kernel/debug/iovascope
 */
#ifndef IVS_DEBUGFS_H
#define IVS_DEBUGFS_H

int ivs_debugfs_init(void);
void ivs_debugfs_exit(void);

#endif /* IVS_DEBUGFS_H */
