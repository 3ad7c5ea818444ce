/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_WHY_H
#define IOVASCOPE_WHY_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct request;

/* The beginning of an answer: format, question, and where findings go. */
struct json_object *answer_new(const char *question);
void answer_says(struct json_object *view, struct json_object *word);

struct json_object *read_start(const struct request *request);

/* Has the process iommufd's device open? */
bool uses_iommufd(uint64_t pid);

#endif
