/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.h - which device translates through which domain
 */
#ifndef IVS_DEVICE_H
#define IVS_DEVICE_H

#include <linux/types.h>

struct device;
struct ivs_bdf;
struct seq_file;

int ivs_device_init(void);
void ivs_device_exit(void);
int ivs_device_move(struct device *dev, u64 domain);
bool ivs_device_any(u64 domain);
bool ivs_device_nth(u64 domain, unsigned int nth, struct ivs_bdf *bdf);
void ivs_device_list(struct seq_file *m, u64 domain);
void ivs_device_show(struct seq_file *m, u64 domain);

#endif /* IVS_DEVICE_H */
