/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXTFILE_H
#define IOVASCOPE_TEXTFILE_H

struct request;

void run_metrics(const struct request *request);

#endif
