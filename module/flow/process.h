/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * process.h - who caused what, so that two VMs starting at once are told apart
 */
#ifndef IVS_PROCESS_H
#define IVS_PROCESS_H

#include "../base/record.h"

extern struct ivs_table ivs_processes;

struct ivs_sums *ivs_process_current(u64 now_ns);
void ivs_process_exit(void);
bool ivs_process_alive(const struct ivs_record *record);

#endif /* IVS_PROCESS_H */
