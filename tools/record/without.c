// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the tool is built without libtracefs and libtraceevent, or with older
 * ones: what needs them says so.
 */
#include "asked.h"
#include "base/fail.h"
#include "difference.h"
#include "record.h"
#include "report.h"
#include "timeline.h"

__noreturn static void fail_without(const char *command)
{
	fail(EXIT_ABSENT, "this tool was built without libtracefs (1.6 or later) and libtraceevent: %s is not in it",
	     command);
}

void run_record(const struct request *request)
{
	(void)request;
	fail_without("record");
}

struct json_object *read_timeline(const struct request *request)
{
	(void)request;
	fail_without("timeline");
}

struct json_object *read_difference(const char *before, const char *after)
{
	(void)before;
	(void)after;
	fail_without("diff of recordings");
}

struct json_object *read_recorded_end(const struct request *request)
{
	(void)request;
	fail_without("why of a recording");
}

struct json_object *read_recorded_start(const struct request *request)
{
	(void)request;
	fail_without("why of a recording");
}

struct json_object *read_report(const struct request *request)
{
	(void)request;
	fail_without("report");
}

void text_difference(FILE *out, struct json_object *view,
		     struct json_object *schema)
{
	(void)out;
	(void)view;
	(void)schema;
}

void text_report(FILE *out, struct json_object *view,
		 struct json_object *schema)
{
	(void)out;
	(void)view;
	(void)schema;
}

void text_timeline(FILE *out, struct json_object *view,
		   struct json_object *schema)
{
	(void)out;
	(void)view;
	(void)schema;
}
