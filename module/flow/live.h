/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live.h - regions that are mapped now, and what memory they were made of
 */
#ifndef IVS_LIVE_H
#define IVS_LIVE_H

#include <linux/types.h>

struct ivs_call;
struct seq_file;

int ivs_live_init(unsigned int nr);
void ivs_live_exit(void);

void ivs_live_end(const struct ivs_call *call);
void ivs_live_drop_domain(u64 domain_id);

bool ivs_live_is(u64 index);
void ivs_live_show(struct seq_file *m, u64 index);

#endif /* IVS_LIVE_H */
