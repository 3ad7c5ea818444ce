/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_TOP_H
#define IOVASCOPE_TOP_TOP_H

struct request;

void run_top(const struct request *request);

#endif
