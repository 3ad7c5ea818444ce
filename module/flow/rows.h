/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rows.h - the functions that are probed
 */
#ifndef IVS_ROWS_H
#define IVS_ROWS_H

int ivs_rows_init(const char *skip);

#endif /* IVS_ROWS_H */
