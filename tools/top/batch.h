/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_BATCH_H
#define IOVASCOPE_TOP_BATCH_H

struct top;
struct top_state;

/* One block of text, or one JSON object on one line, on standard output. */
void batch_text(const struct top *top, const struct top_state *state);
void batch_json(const struct top *top, const struct top_state *state);

#endif
