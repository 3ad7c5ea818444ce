/* SPDX-License-Identifier: GPL-2.0-only */
/* graph.h - ftrace: function_graph as a witness, and trace instances */
#ifndef LIB_GRAPH_H
#define LIB_GRAPH_H

#include <linux/types.h>

#define TRACEFS "/sys/kernel/tracing"
#define GRAPH_MAX 8

struct graph_func {
	const char *name;
	__u64 calls;
	double total_us, max_us;
};

struct graph {
	int nr;
	struct graph_func func[GRAPH_MAX];
};

/* Trace these functions (NULL ends the list); stop and sum up. */
void graph_start(struct graph *graph, const char *const names[]);
void graph_stop(struct graph *graph);
const struct graph_func *graph_find(const struct graph *graph,
				    const char *name);

/* A trace instance with events of the module enabled. */
void instance_open(const char *name);
/* Its trace, stopped; to be freed. */
char *instance_read(const char *name);
void instance_close(const char *name);

#endif /* LIB_GRAPH_H */
