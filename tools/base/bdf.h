/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BDF_H
#define IOVASCOPE_BDF_H

/*
 * A PCI device as the kernel writes it, with its domain and in small letters,
 * to be freed; NULL when the word is none. Behind it may be a PASID, as in the
 * census: 0000:3b:00.0.5.
 */
char *bdf_of(const char *word);

#endif
