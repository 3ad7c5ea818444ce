/* SPDX-License-Identifier: GPL-2.0-only */
/* traffic.h - DMA by the host's own drivers, through the DMA API */
#ifndef LIB_TRAFFIC_H
#define LIB_TRAFFIC_H

/* Load a driver of the host and let it have the function. */
void traffic_drive(const char *bdf, const char *driver);
/* Read nr blocks of 4 KiB from the namespace of an NVMe controller. */
void traffic_nvme(const char *bdf, unsigned int nr);
/* Send nr broadcast frames through a network card. */
void traffic_nic(const char *bdf, unsigned int nr);

#endif /* LIB_TRAFFIC_H */
