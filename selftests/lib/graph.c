// SPDX-License-Identifier: GPL-2.0-only
/*
 * ftrace, read as text.
 *
 * function_graph is what one would use without this module, and it does not
 * depend on it: its call counts and durations are a second source. With the
 * tail comment every return line carries the function's name, also when
 * something was printed between entry and return:
 *
 *	0)   1.234 us    |  iommu_map();
 *	0) $ 3389981 us  |  } / * vfio_pin_pages_remote * /
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "file.h"
#include "graph.h"
#include "host.h"
#include "must.h"

#define set(file, value) file_write(TRACEFS "/" file, value)

static void reset(const char *file)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACEFS "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	must_op(fd, >=, 0);
	close(fd);
}

static void filter_add(const char *name)
{
	int fd = open(TRACEFS "/set_ftrace_filter",
		      O_WRONLY | O_APPEND | O_CLOEXEC);

	must_op(fd, >=, 0);
	if (write(fd, name, strlen(name)) != (ssize_t)strlen(name))
		must_fail("ftrace cannot trace %s", name);
	close(fd);
}

void graph_start(struct graph *graph, const char *const names[])
{
	host_must_be_lab("sets the kernel's tracer");
	memset(graph, 0, sizeof(*graph));
	set("tracing_on", "0");
	set("current_tracer", "nop");
	reset("set_ftrace_filter");
	for (; names[graph->nr]; graph->nr++) {
		must_op(graph->nr, <, GRAPH_MAX);
		graph->func[graph->nr].name = names[graph->nr];
		filter_add(names[graph->nr]);
	}
	set("buffer_size_kb", "65536");
	set("current_tracer", "function_graph");
	set("options/funcgraph-tail", "1");
	reset("trace");
	set("tracing_on", "1");
}

static struct graph_func *func_at(struct graph *graph, const char *text)
{
	size_t len = strcspn(text, "( *");
	int i;

	for (i = 0; i < graph->nr; i++)
		if (strlen(graph->func[i].name) == len &&
		    !strncmp(graph->func[i].name, text, len))
			return &graph->func[i];
	return NULL;
}

/* The number in front of " us |", whatever marks come before it. */
static double duration(char *line, char *bar)
{
	char *end = bar, *start;

	while (end > line && (end[-1] == ' ' || end[-1] == 'u' ||
			      end[-1] == 's'))
		end--;
	for (start = end; start > line && strchr("0123456789.", start[-1]);)
		start--;
	must(start < end);
	return strtod(start, NULL);
}

static void account(struct graph *graph, char *line)
{
	char *bar = strchr(line, '|'), *call;
	struct graph_func *func;
	double us;

	if (!bar)
		return;
	call = bar + 1 + strspn(bar + 1, " ");
	if (!strncmp(call, "} /* ", 5))
		call += 5;
	else if (!strstr(call, "();"))
		return;
	func = func_at(graph, call);
	if (!func)
		return;
	us = duration(line, bar);
	func->calls++;
	func->total_us += us;
	if (us > func->max_us)
		func->max_us = us;
}

static void must_be_complete(void)
{
	char *stats = file_read(TRACEFS "/per_cpu/cpu0/stats");

	if (!strstr(stats, "overrun: 0\n"))
		must_fail("the trace buffer is too small: %s", stats);
	free(stats);
}

void graph_stop(struct graph *graph)
{
	char *text, *line, *rest;

	set("tracing_on", "0");
	must_be_complete();
	text = file_read(TRACEFS "/trace");
	rest = text;
	while ((line = strsep(&rest, "\n")))
		account(graph, line);
	free(text);
	set("current_tracer", "nop");
	reset("set_ftrace_filter");
	reset("trace");
	set("tracing_on", "1");
}

const struct graph_func *graph_find(const struct graph *graph,
				    const char *name)
{
	int i;

	for (i = 0; i < graph->nr; i++)
		if (!strcmp(graph->func[i].name, name))
			return &graph->func[i];
	must_fail("%s was not traced", name);
}

static void instance_set(const char *name, const char *file, const char *value)
{
	must_work(__file_writef(value, TRACEFS "/instances/%s/%s", name,
				file));
}

void instance_open(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), TRACEFS "/instances/%s", name);
	must_eq(mkdir(path, 0700), 0);
	instance_set(name, "buffer_size_kb", "4096");
	instance_set(name, "events/iovascope/enable", "1");
}

char *instance_read(const char *name)
{
	instance_set(name, "events/iovascope/enable", "0");
	return file_readf(TRACEFS "/instances/%s/trace", name);
}

void instance_close(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), TRACEFS "/instances/%s", name);
	must_eq(rmdir(path), 0);
}
