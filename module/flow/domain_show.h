/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domain_show.h - the line of a domain
 */
#ifndef IVS_DOMAIN_SHOW_H
#define IVS_DOMAIN_SHOW_H

#include <linux/types.h>

struct seq_file;

u64 ivs_domain_tables(u64 id);
void ivs_domain_schema(struct seq_file *m);
void ivs_domain_show(struct seq_file *m, u64 id);

#endif /* IVS_DOMAIN_SHOW_H */
