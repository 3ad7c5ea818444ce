/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_REFUSED_H
#define IOVASCOPE_REFUSED_H

#include <stdbool.h>

struct json_object;

/*
 * The cause of one refusal, with its evidence and its fix: a cause as every
 * other, and what was refused (call, errno, pid, iova, bytes, ..). Where the
 * snapshot has domains and regions they are asked, too.
 */
struct json_object *refused_judge(const char *id, struct json_object *refusal,
				  struct json_object *snap);

/*
 * Not made up for later, and not one of those that programs expect: of a
 * refusal as the module has it. It costs next to nothing.
 */
bool refused_matters(struct json_object *refusal);

/* Its cause alone, without the evidence. */
const char *refused_cause(struct json_object *refusal,
			  struct json_object *snap);

/* "map_dma of 256.0 KiB at IOVA 0x.. by qemu (823): ENOMEM", to be freed. */
char *refused_call(struct json_object *cause);

#endif
