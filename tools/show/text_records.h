/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_RECORDS_H
#define IOVASCOPE_TEXT_RECORDS_H

#include "base/human.h"
#include "base/text.h"

text_fn text_domains, text_processes, text_inflight, text_probes;

/* Pieces that others print, too. */
void text_interval(FILE *out, struct json_object *view);
void text_cost(FILE *out, struct json_object *cost);

#endif
