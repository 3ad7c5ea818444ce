/* SPDX-License-Identifier: GPL-2.0-only */
/* others.h - another tool, whose kprobes sit on the functions that ours do */
#ifndef LIB_OTHERS_H
#define LIB_OTHERS_H

/* A kprobe and a kretprobe on each, as a trace of kprobe events has them. */
void others_begin(void);
void others_end(void);

#endif /* LIB_OTHERS_H */
