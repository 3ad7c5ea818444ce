// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line, from one table: parsing, `help` and what the completion
 * asks for (--list-cmds, --list-opts) cannot disagree. Options may stand
 * anywhere; the first word that is none is the command, and an option which
 * that command does not take is a usage error.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/paper.h"
#include "base/system.h"
#include "base/table.h"
#include "base/tree.h"
#include "command.h"
#include "options.h"

#define MAX_INTERVAL	86400.0

static const struct {
	const char *name;
	char letter;
	const char *arg;
	const char *help;
} options[NR_OPTS] = {
	[OPT_DEBUGFS] = { "debugfs", 'd', "DIR",
		"read the module's files from DIR" },
	[OPT_HELP] = { "help", 'h', NULL, "say how to use the command" },
	[OPT_JSON] = { "json", 'j', NULL, "print JSON with raw integers" },
	[OPT_PID] = { "pid", 'p', "PID", "show this process only" },
	[OPT_INTERVAL] = { "interval", 'i', "SEC",
		"report every SEC seconds (1)" },
	[OPT_COUNT] = { "count", 'n', "COUNT",
		"end after COUNT reports, or runs" },
	[OPT_FROM] = { "from", 'f', "IOVA",
		"begin at IOVA, decimal or 0x (0); why --start, bench: read FILE" },
	[OPT_CHECK] = { "check", 'c', NULL,
		"walk the IO page tables too, however long it takes" },
	[OPT_WANT] = { "want", 'w', "1g|2m",
		"the leaf size that is wanted (1g); bench --node: the alignment" },
	[OPT_START] = { "start", 's', "PID",
		"where the seconds of the process' start went" },
	[OPT_DEVICE] = { "device", 'D', "BDF[,BDF...]",
		"measure with these devices, which vfio-pci must have" },
	[OPT_BACKINGS] = { "backings", 'b', "LIST",
		"only these of hugetlb_1g,hugetlb_2m,thp,base,memfd,bar" },
	[OPT_BACKENDS] = { "backends", 'B', "LIST",
		"only these of type1,iommufd[_file],hugepath[_2m,_4k]" },
	[OPT_SIZES] = { "sizes", 'S', "LIST",
		"map as much, ascending (1G,4G,8G)" },
	[OPT_REPEAT] = { "repeat", 'r', "COUNT",
		"measure in COUNT rounds (5)" },
	[OPT_NODE] = { "node", 'N', NULL,
		"measure starting and ending a VM with all these devices" },
	[OPT_COMPARE] = { "compare", 'C', "OLD",
		"hold the result in the argument NEW against that in OLD" },
	[OPT_TEXTFILE] = { "textfile", 'T', "FILE",
		"replace FILE, which node_exporter reads, in one step" },
	[OPT_PROCESSES] = { "processes", 'E', NULL,
		"series for each process that is alive, too" },
	[OPT_LIMIT] = { "limit", 'l', "COUNT",
		"series for COUNT domains, processes and tables at most (500)" },
};

/* The first two are hidden: they are for the completion. */
enum { LIST_CMDS = 256, LIST_OPTS, SHOW_VERSION };

static void fail_usage(const char *what, const char *word)
{
	fail(EXIT_USAGE, "%s '%s': try `iovascope help`", what, word);
}

static enum opt option_of(int letter)
{
	int nr = 0;

	while (nr < NR_OPTS && options[nr].letter != letter)
		nr++;
	return nr;
}

static uint64_t parse_number(const char *word)
{
	uint64_t val;
	char *end;

	errno = 0;
	val = strtoull(word, &end, 10);
	if (errno || *end || *word < '0' || *word > '9' || !val)
		fail_usage("not a positive number:", word);
	return val;
}

/* A number like that of a file or a log: 0x in front makes it hexadecimal. */
static uint64_t parse_iova(const char *word)
{
	bool hex = word[0] == '0' && word[1] == 'x';
	uint64_t val;
	char *end;

	errno = 0;
	val = strtoull(word, &end, hex ? 16 : 10);
	if (errno || *end || *word < '0' || *word > '9' || (hex && !word[2]))
		fail_usage("not an IOVA, decimal or 0x:", word);
	return val;
}

static double parse_seconds(const char *word)
{
	char *end;
	double val = strtod(word, &end);

	if (*end || end == word || !(val >= 0.01 && val <= MAX_INTERVAL))
		fail_usage("not a number of seconds from 0.01 to 86400:",
			   word);
	return val;
}

static void option_store(struct request *request, enum opt nr, const char *arg)
{
	request->given |= BIT(nr);
	if (nr == OPT_DEBUGFS)
		request->debugfs = arg;
	else if (nr == OPT_PID)
		request->pid = parse_number(arg);
	else if (nr == OPT_INTERVAL)
		request->interval = parse_seconds(arg);
	else if (nr == OPT_COUNT)
		request->count = parse_number(arg);
	else if (nr == OPT_FROM)
		request->from_file = arg;
	else if (nr == OPT_WANT)
		request->want = arg;
	else if (nr == OPT_START)
		request->start = parse_number(arg);
	else if (nr == OPT_DEVICE)
		request->device = arg;
	else if (nr == OPT_BACKINGS)
		request->backings = arg;
	else if (nr == OPT_BACKENDS)
		request->backends = arg;
	else if (nr == OPT_SIZES)
		request->sizes = arg;
	else if (nr == OPT_REPEAT)
		request->repeat = parse_number(arg);
	else if (nr == OPT_COMPARE)
		request->compare = arg;
	else if (nr == OPT_TEXTFILE)
		request->textfile = arg;
	else if (nr == OPT_LIMIT)
		request->limit = parse_number(arg);
}

static void list_commands(const struct command *command)
{
	for (; command->name; command++)
		puts(command->name);
}

static void list_options(const struct command *command)
{
	for (int nr = 0; nr < NR_OPTS; nr++)
		if (command->options & BIT(nr))
			printf("--%s\n", options[nr].name);
}

static const struct command *find_or_fail(const struct command *commands,
					  const char *name)
{
	const struct command *command = command_find(commands, name);

	if (!command)
		fail_usage("no such command:", name);
	return command;
}

/* Answers what getopt_long() found; the hidden options end here. */
static void option_take(struct request *request, int letter, char **argv)
{
	char word[] = { '-', optopt, '\0' };

	switch (letter) {
	case '?':
		fail_usage("no such option:", optopt ? word : argv[optind - 1]);
		break;
	case ':':
		fail_usage("argument missing after", argv[optind - 1]);
		break;
	case LIST_CMDS:
		list_commands(request->commands);
		exit(EXIT_OK);
	case LIST_OPTS:
		list_options(find_or_fail(request->commands, optarg));
		exit(EXIT_OK);
	case SHOW_VERSION:
		request->command = command_find(request->commands, "version");
		return;
	}
	option_store(request, option_of(letter), optarg);
}

static void make_getopt(struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (int nr = 0; nr < NR_OPTS; nr++) {
		*longs++ = (struct option){ options[nr].name,
					    !!options[nr].arg, NULL,
					    options[nr].letter };
		*shorts++ = options[nr].letter;
		if (options[nr].arg)
			*shorts++ = ':';
	}
	*longs++ = (struct option){ "list-cmds", 0, NULL, LIST_CMDS };
	*longs++ = (struct option){ "list-opts", 1, NULL, LIST_OPTS };
	*longs++ = (struct option){ "version", 0, NULL, SHOW_VERSION };
	*longs = (struct option){ 0 };
	*shorts = '\0';
}

static void choose_command(struct request *request, char **words)
{
	request->args = words;
	if (request->command)
		return;
	if (request->given & BIT(OPT_HELP)) {
		request->given &= BIT(OPT_HELP) | BIT(OPT_JSON);
		request->command = command_find(request->commands, "help");
	} else if (*words) {
		request->command = find_or_fail(request->commands,
						*request->args++);
	} else {
		fail(EXIT_USAGE, "no command: try `iovascope help`");
	}
}

/* An IOVA, but where something may have been recorded: there it is a file. */
static void choose_from(struct request *request)
{
	bool start = request->command->options & BIT(OPT_START);
	bool result = request->command->options & BIT(OPT_COMPARE);

	if (!start && !result && request->from_file)
		request->from = parse_iova(request->from_file);
	if (start && request->from_file && !request->start)
		fail(EXIT_USAGE, "%s takes --from with --start only",
		     request->command->name);
}

static void request_check(const struct request *request)
{
	const struct command *command = request->command;
	unsigned int wrong = request->given & ~command->options;

	wrong &= ~BIT(OPT_HELP);
	if (wrong)
		fail(EXIT_USAGE, "%s does not take --%s: %s %s`",
		     command->name, options[__builtin_ctz(wrong)].name,
		     "try `iovascope help", command->name);
	if (!command->args && *request->args)
		fail(EXIT_USAGE, "%s takes no argument: '%s'", command->name,
		     *request->args);
}

struct request options_parse(const struct command *commands, int argc,
			     char **argv)
{
	const char *debugfs = getenv("IOVASCOPE_DEBUGFS");
	struct request request = {
		.commands = commands,
		/* Empty is as good as not set. */
		.debugfs = debugfs && *debugfs ? debugfs : NULL,
		.interval = 1,
	};
	struct option longs[NR_OPTS + 4];
	char shorts[2 * NR_OPTS + 2];
	int letter;

	make_getopt(longs, shorts);
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		option_take(&request, letter, argv);
	choose_command(&request, argv + optind);
	choose_from(&request);
	request_check(&request);
	return request;
}

static void help_print(FILE *out, const struct command *command)
{
	struct table *table = table_new(2);

	fputs("usage: iovascope COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
	fputs("What VFIO maps into the IOMMU, at which leaf sizes, and what it costs.\n",
	      out);
	table_row(table, "<COMMAND", "<MEANING");
	for (; command->name; command++)
		table_row(table, command->name, command->help);
	table_end(table, out);
	fputs("\n`iovascope help COMMAND` says more; iovascope(1) says all.\n",
	      out);
}

static void help_print_command(FILE *out, const struct command *command)
{
	struct table *table = table_new(2);

	fprintf(out, "usage: iovascope %s%s%s%s\n\n%s\n", command->name,
		command->options ? " [OPTION...]" : "",
		command->args ? " " : "", command->args ?: "", command->help);
	table_row(table, "<OPTION", "<MEANING");
	for (int nr = 0; nr < NR_OPTS; nr++) {
		if (!(command->options & BIT(nr)))
			continue;
		table_cell(table, "-%c, --%s%s%s", options[nr].letter,
			   options[nr].name, options[nr].arg ? " " : "",
			   options[nr].arg ?: "");
		table_cell(table, "%s", options[nr].help);
	}
	table_end(table, out);
}

static struct json_object *command_describe(const struct command *command)
{
	struct json_object *told = tree_new(), *list = tree_new();

	if (command->args)
		tree_add_word(told, "args", command->args);
	tree_add_word(told, "help", command->help);
	for (int nr = 0; nr < NR_OPTS; nr++)
		if (command->options & BIT(nr))
			tree_add_word(list, options[nr].name,
				      options[nr].help);
	tree_add(told, "options", list);
	return told;
}

/* One command, or all of the table. */
static void help_print_json(FILE *out, const struct command *one,
			    const struct command *all)
{
	struct json_object *view = tree_new(), *list = tree_new();

	for (; all->name; all++)
		if (!one || one == all)
			tree_add(list, all->name, command_describe(all));
	tree_add_u64(view, "format", 1);
	tree_add(view, "commands", list);
	tree_print(out, view);
	json_object_put(view);
}

void run_help(const struct request *request)
{
	const struct command *command = NULL;
	struct paper paper;

	if (*request->args)
		command = find_or_fail(request->commands, *request->args);
	paper_open(&paper);
	if (request->given & BIT(OPT_JSON))
		help_print_json(paper.out, command, request->commands);
	else if (command)
		help_print_command(paper.out, command);
	else
		help_print(paper.out, request->commands);
	paper_print(&paper, PAGE_ENDLESS);
}

/* The module's is null where none is loaded. */
static void version_print_json(void)
{
	char *module = system_line("/sys/module/iovascope/version");
	struct json_object *view = tree_new();

	tree_add_u64(view, "format", 1);
	tree_add_word(view, "version", VERSION);
	json_object_object_add(view, "module", module ?
			       json_object_new_string(module) : NULL);
	tree_print(stdout, view);
	json_object_put(view);
	free(module);
}

void run_version(const struct request *request)
{
	if (request->given & BIT(OPT_JSON))
		version_print_json();
	else
		printf("iovascope %s\n", VERSION);
}
