/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refusal.h - calls that failed, remembered
 */
#ifndef IVS_REFUSAL_H
#define IVS_REFUSAL_H

#include <linux/types.h>

#include "refused.h"

struct ivs_call;
struct seq_file;

int ivs_refusal_init(unsigned int nr);
void ivs_refusal_exit(void);

void ivs_refusal_step(struct ivs_call *call, enum ivs_step step, int ret);
void ivs_refusal_end(struct ivs_call *call, int ret, const char *target);
bool ivs_refusal_since(u64 since_ns);

bool ivs_refusal_from(u64 id, struct ivs_refusal *copy);
void ivs_refusal_show(struct seq_file *m, const struct ivs_refusal *refusal);
void ivs_refusal_show_sums(struct seq_file *m);

#endif /* IVS_REFUSAL_H */
