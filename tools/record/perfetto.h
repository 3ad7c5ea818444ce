/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PERFETTO_H
#define IOVASCOPE_PERFETTO_H

struct merge;
struct phases;
struct recording;

/* With lines of a log, if there are any. Ends the program when the file cannot be written. */
void perfetto_write(const char *path, const struct recording *recording,
		    const struct phases *phases, const struct merge *merge);

#endif
