/* SPDX-License-Identifier: GPL-2.0-only */
/* host.h - what of this host the tests may touch */
#ifndef LIB_HOST_H
#define LIB_HOST_H

/* In the lab ($IOVASCOPE_LAB) the whole machine is the tests'. */
int host_is_lab(void);

/*
 * Elsewhere the rest of the machine belongs to somebody: skip what @disturbs it
 * ("takes a processor for itself").
 */
void host_must_be_lab(const char *disturbs);

/*
 * Before the first test: end this program as skipped, with the reason, where
 * there is nothing to test with, or where somebody uses it. Then load the module,
 * if it is not. host_close() leaves the host as it was.
 */
void host_open(void);
void host_close(void);

#endif /* LIB_HOST_H */
