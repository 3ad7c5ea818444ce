/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TEXT_CENSUS_H
#define IOVASCOPE_TEXT_CENSUS_H

#include "base/text.h"

text_fn text_units, text_census, text_runs, text_check;

/* "3 domains equal", or each verdict with how many have it. */
void text_verdicts(FILE *out, struct json_object *result);

#endif
