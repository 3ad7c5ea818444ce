/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * errname.h - the names of errors
 */
#ifndef ERRNAME_H
#define ERRNAME_H

const char *errname(unsigned long nr);

#endif /* ERRNAME_H */
