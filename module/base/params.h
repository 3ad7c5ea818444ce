/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * params.h - module parameters that more than one file looks at
 */
#ifndef IVS_PARAMS_H
#define IVS_PARAMS_H

#include <linux/types.h>

/* Count the host's own DMA-API domains too, each in a record of its own. */
extern bool ivs_dma_api;

/* Read the page tables of domains that are older than the module. */
extern bool ivs_read_older;

#endif /* IVS_PARAMS_H */
