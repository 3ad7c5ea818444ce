/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * baseline.h - domains that are older than the module
 */
#ifndef IVS_BASELINE_H
#define IVS_BASELINE_H

void ivs_baseline(void);

#endif /* IVS_BASELINE_H */
