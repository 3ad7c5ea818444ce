/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_JUDGE_H
#define IOVASCOPE_JUDGE_H

struct facts;

/* Adds the causes of all runs of the table to the findings. */
void judge_runs(struct facts *facts);

#endif
