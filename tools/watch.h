/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_WATCH_H
#define IOVASCOPE_WATCH_H

struct request;

void run_watch(const struct request *request);

#endif
