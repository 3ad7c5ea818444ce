/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * request.h - what every backend does for a process, counted in one way
 */
#ifndef IVS_REQUEST_H
#define IVS_REQUEST_H

#include "backing.h"
#include "call.h"

void ivs_request_enter(struct ivs_call *call, enum ivs_op op,
		       enum ivs_backend backend);
int ivs_request_start(struct ivs_call *call, u64 entered);
int ivs_request_begin(struct ivs_call *call, enum ivs_op op,
		      enum ivs_backend backend, u64 entered);
struct ivs_call *ivs_request_enclosing(const struct ivs_call *call,
				       enum ivs_op op);
void ivs_request_unread(u64 entered);
void ivs_region_did(const struct ivs_call *call, enum ivs_op op, u64 bytes);
int ivs_region_begin(struct ivs_call *call, enum ivs_backend backend,
		     u64 entered);
void ivs_region_end(struct ivs_call *call, u64 entered, int ret);
void ivs_pin_begin(struct ivs_call *call);
void ivs_pin_end(struct ivs_call *call, u64 entered, u64 bytes,
		 const struct ivs_look *look, int error);
void ivs_unpin_begin(struct ivs_call *call, const struct ivs_look *look);
void ivs_unpin_end(struct ivs_call *call, u64 entered);
int ivs_teardown_begin(struct ivs_call *call, enum ivs_backend backend,
		       u64 entered);
void ivs_teardown_end(struct ivs_call *call, u64 entered);

#endif /* IVS_REQUEST_H */
