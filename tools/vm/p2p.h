/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_P2P_H
#define IOVASCOPE_P2P_H

struct json_object;
struct request;

/* `p2p`: which BARs are mapped in the domains of whose devices, as an answer. */
struct json_object *read_p2p(const struct request *request);

#endif
