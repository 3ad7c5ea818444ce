/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * params.h - module parameters that more than one file looks at
 */
#ifndef IVS_PARAMS_H
#define IVS_PARAMS_H

#include <linux/types.h>

/* Count the host's own DMA-API domains too, each in a record of its own. */
extern bool ivs_dma_api;

#endif /* IVS_PARAMS_H */
