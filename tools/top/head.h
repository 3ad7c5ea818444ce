/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_HEAD_H
#define IOVASCOPE_TOP_HEAD_H

struct top;

/* Each a sentence about all of the host, to be freed; the last may be NULL. */
char *head_title(const struct top *top);
char *head_mapped(const struct top *top);
char *head_rates(const struct top *top);
char *head_incident(const struct top *top);

#endif
