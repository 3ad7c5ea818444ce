// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line, from one table: parsing, `help` and what the completion
 * asks for (--list-cmds, --list-opts) cannot disagree. Options may stand
 * anywhere; the first word that is none is the command, and an option which
 * that command does not take is a usage error.
 */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/near.h"
#include "base/paper.h"
#include "base/system.h"
#include "base/table.h"
#include "base/tree.h"
#include "command.h"
#include "options.h"

#define MAX_INTERVAL	86400.0

const struct option_info options[NR_OPTS] = {
	[OPT_DEBUGFS] = { "debugfs", 'd', "DIR",
		"read the module's files from DIR" },
	[OPT_HELP] = { "help", 'h', NULL, "say how to use the command" },
	[OPT_JSON] = { "json", 'j', NULL, "print JSON with raw integers" },
	[OPT_PID] = { "pid", 'p', "PID", "show this process only" },
	[OPT_INTERVAL] = { "interval", 'i', "SEC",
		"report every SEC seconds (1)" },
	[OPT_COUNT] = { "count", 'n', "COUNT",
		"end after COUNT reports" },
	[OPT_FROM] = { "from", 'f', "IOVA",
		"begin at IOVA, decimal or 0x (0)" },
	[OPT_CHECK] = { "check", 'c', NULL,
		"walk the IO page tables too, however long it takes" },
	[OPT_WANT] = { "want", 'w', "1g|2m",
		"the leaf size that is wanted (1g)" },
	[OPT_START] = { "start", 's', "PID|FILE",
		"where a start's seconds went: of a process, a recording" },
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
	[OPT_INPUT] = { "input", 'I', "FILE",
		"read FILE, which was made with --json, not this machine" },
	[OPT_LIMIT] = { "limit", 'l', "COUNT",
		"print no more than COUNT of them" },
	[OPT_ALIGN] = { "align", 'a', "1g|2m",
		"--node: only clients whose BARs are aligned so" },
	[OPT_BATCH] = { "batch", 'b', NULL,
		"print blocks of text for a log, and no screen" },
	[OPT_COLOR] = { "color", '\0', "auto|always|never",
		"colours (auto: where the terminal has them)" },
	[OPT_OUTPUT] = { "output", 'o', "COLUMNS",
		"these columns, or also +COLUMNS; keys of the record, too" },
	[OPT_SORT] = { "sort", 'x', "COLUMN",
		"numbers with the greatest first, words by the alphabet" },
	[OPT_FILTER] = { "filter", 'F', "[COLUMN=]PATTERN",
		"what matches; without COLUMN a name, PID, device or backend" },
	[OPT_ALL] = { "all", 'a', NULL, "all there is, however much; why: of every target" },
	[OPT_NOHEADINGS] = { "noheadings", 'n', NULL,
		"print no head over the columns" },
	[OPT_PAIRS] = { "pairs", 'P', NULL,
		"print COLUMN=\"value\" with raw integers" },
	[OPT_RAW] = { "raw", 'R', NULL,
		"print columns without padding, with raw integers" },
	[OPT_LONG] = { "long", 'L', NULL,
		"print every number of each, one below the other" },
	[OPT_TEXTFILE] = { "textfile", 'T', "FILE",
		"replace FILE, which node_exporter reads, in one step" },
	[OPT_PROCESSES] = { "processes", 'E', NULL,
		"series for each process that is alive, too" },
	[OPT_MEMORY] = { "memory", 'M', NULL,
		"what the memory of each VM costs, too: reads their /proc" },
	[OPT_FILE] = { "file", 'o', "FILE",
		"write to FILE (iovascope.rec; of report: start.html)" },
	[OPT_DURATION] = { "duration", 't', "SEC",
		"end after SEC seconds" },
	[OPT_BYTES] = { "bytes", 'B', "SIZE",
		"end when FILE is so large (256M)" },
	[OPT_PERFETTO] = { "perfetto", 'P', "FILE",
		"also write FILE, trace-event JSON for ui.perfetto.dev" },
	[OPT_MERGE] = { "merge", 'm', "LOG",
		"put LOG on the same clock: a journal, or a guest's console" },
	[OPT_OFFSET] = { "offset", 'O', "SEC",
		"the guest's clock began SEC after the process (found)" },
	[OPT_NEXT] = { "next", 'n', "NAME",
		"wait for the next process that is called so" },
	[OPT_END] = { "end", 'e', "FILE",
		"what held up the end of the process of this recording" },
};

/*
 * What an option was called before each of them had one meaning: where a
 * command takes the new one only, the old one is it.
 */
static const struct {
	enum opt old;
	enum opt new;
} renamed[] = {
	{ OPT_FROM, OPT_INPUT },
	{ OPT_COUNT, OPT_LIMIT },
	{ OPT_WANT, OPT_ALIGN },
};

/*
 * What getopt_long() returns: a letter, or for a word that is written out one
 * of these. The first two are hidden: they are for scripts.
 */
enum { LIST_CMDS = 256, LIST_OPTS, LONG_OPTION };

static void fail_usage(const char *what, const char *word)
{
	fail(EXIT_USAGE, "%s '%s': try `iovascope help`", what, word);
}

bool option_taken(const struct command *command, enum opt nr)
{
	return command && command->options & BIT(nr);
}

/* A letter may be that of two options: then it is that which is taken. */
enum opt option_of(const struct command *command, int letter)
{
	enum opt found = NR_OPTS;

	if (letter >= LONG_OPTION)
		return letter - LONG_OPTION;
	for (int nr = 0; nr < NR_OPTS; nr++)
		if (options[nr].letter == letter &&
		    (found == NR_OPTS || option_taken(command, nr)))
			found = nr;
	return found;
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

/* A file whose name is one is written with its folder, as ./1. */
static bool is_number(const char *word)
{
	return !*word || strspn(word, "-0123456789") == strlen(word);
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

/* Of two clocks, either of which may be the later one. */
static double parse_offset(const char *word)
{
	char *end;
	double val = strtod(word, &end);

	if (*end || end == word || !(val >= -1e9 && val <= 1e9))
		fail_usage("not a number of seconds:", word);
	return val;
}

/* At least what the head of a recording takes. */
static uint64_t parse_size(const char *word)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t val;
	char *end;

	errno = 0;
	val = strtoull(word, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (errno || *word < '0' || *word > '9' || !val ||
	    (*end && (!unit || end[1])))
		fail_usage("not a size such as 64M:", word);
	for (; unit && unit >= units; unit--) {
		if (val >> 54)
			fail_usage("not a size such as 64M:", word);
		val <<= 10;
	}
	return val;
}

static const char *parse_when(const char *word)
{
	if (strcmp(word, "auto") && strcmp(word, "always") &&
	    strcmp(word, "never"))
		fail_usage("not auto, always or never:", word);
	return word;
}

static void option_store(struct request *request, enum opt nr, const char *arg)
{
	if (nr == OPT_DEBUGFS)
		request->debugfs = arg;
	else if (nr == OPT_PID)
		request->pid = parse_number(arg);
	else if (nr == OPT_INTERVAL)
		request->interval = parse_seconds(arg);
	else if (nr == OPT_COUNT)
		request->count = parse_number(arg);
	else if (nr == OPT_LIMIT)
		request->limit = parse_number(arg);
	else if (nr == OPT_FROM)
		request->from = parse_iova(arg);
	else if (nr == OPT_INPUT)
		request->from_file = arg;
	else if (nr == OPT_WANT || nr == OPT_ALIGN)
		request->want = arg;
	else if (nr == OPT_START && is_number(arg))
		request->start = parse_number(arg);
	else if (nr == OPT_START)
		request->start_file = arg;
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
	else if (nr == OPT_COLOR)
		request->colour = parse_when(arg);
	else if (nr == OPT_OUTPUT)
		request->output = arg;
	else if (nr == OPT_SORT)
		request->sort = arg;
	else if (nr == OPT_FILTER)
		request->filter = arg;
	else if (nr == OPT_TEXTFILE)
		request->textfile = arg;
	else if (nr == OPT_FILE)
		request->file = arg;
	else if (nr == OPT_DURATION)
		request->duration = parse_seconds(arg);
	else if (nr == OPT_BYTES)
		request->bytes = parse_size(arg);
	else if (nr == OPT_PERFETTO)
		request->perfetto = arg;
	else if (nr == OPT_MERGE)
		request->merge = arg;
	else if (nr == OPT_OFFSET)
		request->offset = parse_offset(arg);
	else if (nr == OPT_NEXT)
		request->next = arg;
	else if (nr == OPT_END)
		request->end_file = arg;
	request->form.noheadings |= nr == OPT_NOHEADINGS;
	request->form.pairs |= nr == OPT_PAIRS;
	request->form.raw |= nr == OPT_RAW;
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

static struct hint command_near(const struct command *commands,
				const char *word)
{
	struct near near = near_begin(word);

	for (; commands->name; commands++)
		near_offer(&near, commands->name);
	return near_end(&near);
}

static struct hint option_near(const char *word)
{
	struct near near = near_begin(word + strspn(word, "-"));

	for (int nr = 0; nr < NR_OPTS; nr++)
		near_offer(&near, options[nr].name);
	return near_end(&near);
}

const struct command *command_find(const struct command *commands,
				   const char *name)
{
	const struct command *command = commands;

	while (command->name && strcmp(command->name, name))
		command++;
	return command->name ? command : NULL;
}

static const struct command *find_or_fail(const struct command *commands,
					  const char *name)
{
	const struct command *command = command_find(commands, name);
	struct hint hint;

	if (command)
		return command;
	hint = command_near(commands, name);
	if (*hint.s)
		fail(EXIT_USAGE, "no such command: '%s'%s", name, hint.s);
	fail_usage("no such command:", name);
	return NULL;
}

static void fail_option(const char *word)
{
	struct hint hint = option_near(word);

	if (*hint.s && !strncmp(word, "--", 2))
		fail(EXIT_USAGE, "no such option: '%s'%s", word, hint.s);
	fail_usage("no such option:", word);
}

/* What the command line says, while it is read. */
struct words {
	const struct command *command;
	const char *arg[NR_OPTS];
};

/* Answers what getopt_long() found; the hidden options end here. */
static void option_take(struct request *request, struct words *words,
			int letter, char **argv)
{
	char word[] = { '-', optopt, '\0' };
	enum opt nr;

	switch (letter) {
	case '?':
		fail_option(optopt && optopt < LIST_CMDS ? word :
			    argv[optind - 1]);
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
	case 'V':
		request->command = command_find(request->commands, "version");
		return;
	}
	nr = option_of(words->command, letter);
	words->arg[nr] = optarg;
	request->given |= BIT(nr);
}

static void make_getopt(const struct command *command, struct option *longs,
			char *shorts)
{
	*shorts++ = ':';
	for (int nr = 0; nr < NR_OPTS; nr++) {
		*longs++ = (struct option){ options[nr].name,
					    !!options[nr].arg, NULL,
					    LONG_OPTION + nr };
		if (!options[nr].letter ||
		    (int)option_of(command, options[nr].letter) != nr)
			continue;
		*shorts++ = options[nr].letter;
		if (options[nr].arg)
			*shorts++ = ':';
	}
	*longs++ = (struct option){ "list-cmds", 0, NULL, LIST_CMDS };
	*longs++ = (struct option){ "list-opts", 1, NULL, LIST_OPTS };
	*longs++ = (struct option){ "version", 0, NULL, 'V' };
	*longs = (struct option){ 0 };
	*shorts++ = 'V';
	*shorts = '\0';
}

const struct command *options_command(const struct command *commands,
				      char *const *words)
{
	const struct command *command = NULL;

	while (*words && !command)
		command = command_find(commands, *words++);
	return command;
}

static void choose_command(struct request *request, char **words)
{
	request->args = words;
	if (request->command)
		return;
	if (request->given & BIT(OPT_HELP)) {
		request->given &= BIT(OPT_HELP) | BIT(OPT_JSON);
		request->command = command_find(request->commands, "help");
	} else {
		request->command = find_or_fail(request->commands, *words ?
						*request->args++ : "show");
	}
}

static void rename_options(struct request *request, struct words *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(renamed); i++) {
		enum opt old = renamed[i].old, new = renamed[i].new;

		if (!(request->given & BIT(old)) ||
		    option_taken(request->command, old) ||
		    !option_taken(request->command, new))
			continue;
		request->given &= ~BIT(old);
		request->given |= BIT(new);
		words->arg[new] = words->arg[old];
	}
}

void option_refuse(const struct request *request, uint64_t mask)
{
	const struct command *command = request->command;
	uint64_t wrong = request->given & ~command->options & mask;

	if (wrong)
		fail(EXIT_USAGE, "%s does not take --%s: %s %s`",
		     command->name, options[__builtin_ctzll(wrong)].name,
		     "try `iovascope help", command->name);
}

static void request_check(const struct request *request)
{
	const struct command *command = request->command;

	option_refuse(request, ~BIT(OPT_HELP));
	if (!command->args && *request->args)
		fail(EXIT_USAGE, "%s takes no argument: '%s'", command->name,
		     *request->args);
	if (option_taken(command, OPT_START) &&
	    request->given & BIT(OPT_INPUT) &&
	    !(request->given & BIT(OPT_START)))
		fail(EXIT_USAGE, "%s takes --input with --start only",
		     command->name);
	if (request->given & BIT(OPT_OFFSET) &&
	    !(request->given & BIT(OPT_MERGE)))
		fail(EXIT_USAGE, "%s takes --offset with --merge only",
		     command->name);
}

static void store_options(struct request *request, const struct words *words)
{
	for (int nr = 0; nr < NR_OPTS; nr++)
		if (request->given & BIT(nr))
			option_store(request, nr, words->arg[nr]);
}

/* Empty is as good as not set. */
const char *options_debugfs(void)
{
	const char *debugfs = getenv("IOVASCOPE_DEBUGFS");

	return debugfs && *debugfs ? debugfs : NULL;
}

struct request options_parse(const struct command *commands, int argc,
			     char **argv)
{
	struct request request = {
		.commands = commands,
		.debugfs = options_debugfs(),
		.interval = 1,
	};
	struct words words = {
		.command = options_command(commands, argv + 1),
	};
	struct option longs[NR_OPTS + 4];
	char shorts[2 * NR_OPTS + 3];
	int letter;

	make_getopt(words.command, longs, shorts);
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		option_take(&request, &words, letter, argv);
	choose_command(&request, argv + optind);
	rename_options(&request, &words);
	request_check(&request);
	store_options(&request, &words);
	return request;
}

static void help_print(FILE *out, const struct command *command)
{
	struct table *table = table_new(2);

	fputs("usage: iovascope COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
	fputs("What VFIO maps into the IOMMU, at which leaf sizes, and what it costs.\n",
	      out);
	table_row(table, "<COMMAND", "|MEANING");
	for (; command->name; command++)
		table_row(table, command->name, command->help);
	table_end(table, out);
	fputs("\n`iovascope help COMMAND` says more; iovascope(1) says all.\n",
	      out);
}

/* "-j, ", or room where the option has none. */
static struct hint letter_of(enum opt nr)
{
	struct hint letter = { "    " };

	if (options[nr].letter)
		snprintf(letter.s, sizeof(letter.s), "-%c, ",
			 options[nr].letter);
	return letter;
}

static void help_print_command(FILE *out, const struct command *command)
{
	struct table *table = table_new(2);

	fprintf(out, "usage: iovascope %s%s%s%s\n\n%s\n", command->name,
		command->options ? " [OPTION...]" : "",
		command->args ? " " : "", command->args ?: "", command->help);
	table_row(table, "<OPTION", "|MEANING");
	for (int nr = 0; nr < NR_OPTS; nr++) {
		if (!(command->options & BIT(nr)))
			continue;
		table_cell(table, "%s--%s%s%s", letter_of(nr).s,
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

static void version_print(void)
{
	char *module = system_line("/sys/module/iovascope/version");

	printf("iovascope %s\n", VERSION);
	if (module)
		printf("module %s is loaded\n", module);
	else
		puts("no module is loaded");
	free(module);
}

void run_version(const struct request *request)
{
	if (request->given & BIT(OPT_JSON))
		version_print_json();
	else
		version_print();
}
