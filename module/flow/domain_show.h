/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domain_show.h - the line of a domain
 */
#ifndef IVS_DOMAIN_SHOW_H
#define IVS_DOMAIN_SHOW_H

struct seq_file;

void ivs_domain_schema(struct seq_file *m);
void ivs_domain_show(struct seq_file *m, u64 id);

#endif /* IVS_DOMAIN_SHOW_H */
