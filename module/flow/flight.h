/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flight.h - calls that have not returned yet
 */
#ifndef IVS_FLIGHT_H
#define IVS_FLIGHT_H

#include "call.h"

struct seq_file;

#define IVS_FLIGHT_BUCKETS 256

int ivs_flight_init(void);
void ivs_flight_exit(void);

struct ivs_call *ivs_call_new(struct kretprobe_instance *ri);
void ivs_flight_begin(struct ivs_call *call, enum ivs_op op);
void ivs_flight_begin_unowned(struct ivs_call *call, enum ivs_op op);
void ivs_flight_end(struct ivs_call *call);
void ivs_flight_bury(void);
struct ivs_call *ivs_flight_current(void);
void ivs_flight_show(struct seq_file *m, unsigned int bucket);

#endif /* IVS_FLIGHT_H */
