// SPDX-License-Identifier: GPL-2.0-only
/*
 * `--complete WORD...`, which the completions of all shells ask: they know
 * nothing themselves. What may stand where is told by the same tables that the
 * command line is checked against and help is printed from: a command's `args`
 * is "PID | DEVICE" or "[KEY...]", that of an option "PID" or "1g|2m".
 *
 * What exists is read from the module, but never by a walk of page tables: a
 * key that is pressed has no second to wait for.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bdf.h"
#include "base/fail.h"
#include "base/request.h"
#include "base/system.h"
#include "base/tree.h"
#include "command.h"
#include "complete.h"
#include "options.h"
#include "read/snapshot.h"

struct completion {
	const struct command *commands;
	const char *debugfs;
	/* Options that are there already: BIT(enum opt). */
	uint64_t given;
	/* What has been typed of the word; it stays. */
	const char *typed;
	const struct command *command;
	/* Of watch and diff: what they tell by. */
	const struct command *inner;
	/* Arguments that are complete, of the inner command if there is one. */
	size_t nr_args;
	/* Something has been offered. */
	bool any;
	struct json_object *snap;
};

/* A name may hold anything: what a shell would have to quote is left out. */
static bool is_plain(const char *word)
{
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) &&
		    !strchr("-_.:/+=", *word))
			return false;
	return true;
}

static void offer(struct completion *completion, const char *word)
{
	if (*word && is_plain(word) &&
	    !strncmp(word, completion->typed, strlen(completion->typed))) {
		puts(word);
		completion->any = true;
	}
}

struct reading {
	struct completion *completion;
	unsigned int sections;
};

static void sections_read(void *data)
{
	struct reading *reading = data;

	reading->completion->snap =
		snapshot_read(reading->completion->debugfs,
			      reading->sections);
}

/* A member of the snapshot; an empty one when it cannot be read. */
static struct json_object *section(struct completion *completion,
				   unsigned int sections, const char *name)
{
	struct reading reading = {
		.completion = completion,
		.sections = sections,
	};

	json_object_put(completion->snap);
	completion->snap = NULL;
	if (!fail_survive(sections_read, &reading))
		return tree_members(NULL);
	return tree_members(tree_get(completion->snap, name));
}

static void offer_members(struct completion *completion,
			  struct json_object *records, const char *key)
{
	tree_foreach(records, id, record)
		offer(completion, key ? tree_word(record, key) : id);
}

static void offer_commands(struct completion *completion)
{
	const struct command *command = completion->commands;
	bool all = !completion->command || completion->command->run == run_help;

	for (; command->name; command++)
		if (all || command->watchable)
			offer(completion, command->name);
}

static void offer_pids(struct completion *completion)
{
	offer_members(completion, section(completion, SECTION_PROCESSES,
					  "processes"), "pid");
}

static void offer_names(struct completion *completion)
{
	offer_members(completion, section(completion, SECTION_PROCESSES,
					  "processes"), "comm");
}

static void offer_domains(struct completion *completion)
{
	offer_members(completion, section(completion, SECTION_DOMAINS,
					  "domains"), NULL);
}

/* Those in a domain; to list what is in any table would be to walk them. */
static void offer_devices(struct completion *completion)
{
	tree_foreach(section(completion, SECTION_DOMAINS, "domains"), id,
		     domain) {
		struct json_object *devices = tree_get(domain, "devices");

		(void)id;
		for (size_t i = 0; i < tree_length(devices); i++)
			offer(completion,
			      json_object_get_string(tree_at(devices, i)));
	}
}

static void offer_keys(struct completion *completion)
{
	const struct command *command = completion->inner ?:
					completion->command;

	if (command->section)
		offer_members(completion,
			      section(completion, command->sections,
				      command->section), NULL);
}

/* Of --device: what vfio-pci has. */
static void offer_vfio_pci(struct completion *completion)
{
	char *path = system_path("/sys/bus/pci/drivers/vfio-pci");
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *device = bdf_of(entry->d_name);

		if (device)
			offer(completion, device);
		free(device);
	}
	if (dir)
		closedir(dir);
	free(path);
}

/* Of a process or a file the file is what no process begins like. */
static void offer_files(struct completion *completion)
{
	if (!completion->any)
		puts(":files");
}

/* Words of usage, as they are in the tables of commands and options. */
static const struct {
	const char *word;
	void (*offer)(struct completion *completion);
} kinds[] = {
	{ "PID", offer_pids },
	{ "NAME", offer_names },
	{ "DOMAIN", offer_domains },
	{ "DEVICE", offer_devices },
	{ "BDF", offer_vfio_pci },
	{ "ID", offer_keys },
	{ "KEY", offer_keys },
	{ "OPERATION", offer_keys },
	{ "ROW", offer_keys },
	{ "UNIT", offer_keys },
	{ "BEFORE", offer_files },
	{ "AFTER", offer_files },
	{ "FILE", offer_files },
	{ "LOG", offer_files },
	{ "DIR", offer_files },
	{ "OLD", offer_files },
	{ "NEW", offer_files },
};

/* A word in capitals is a kind of word, any other is what it is. */
static void offer_kind(struct completion *completion, const char *word)
{
	size_t len = strcspn(word, "[.");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].word) == len &&
		    !strncmp(kinds[i].word, word, len))
			kinds[i].offer(completion);
	if (!strncmp(word, "COMMAND", strlen("COMMAND")))
		offer_commands(completion);
	else if (word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ[],.=")])
		offer(completion, word);
}

/* "PID|DEVICE", "1g|2m" */
static void offer_kinds(struct completion *completion, const char *usage)
{
	char *copy = alloc_copy(usage), *rest = copy, *word;

	while ((word = strsep(&rest, "|")))
		offer_kind(completion, word);
	free(copy);
}

/*
 * "BEFORE AFTER [COMMAND [KEY...]]" without its brackets, and what is an
 * alternative in one word; to be freed.
 */
static char *usage_plain(const char *usage)
{
	char *plain = alloc_copy(usage), *to = plain;

	for (; *usage; usage++) {
		bool joins = *usage == ' ' &&
			     (usage[1] == '|' || usage[-1] == '|');

		if (*usage != '[' && *usage != ']' && !joins)
			*to++ = *usage;
	}
	*to = '\0';
	return plain;
}

/* An option may be all that a command is told, or what makes it take more. */
static bool takes_none(const struct completion *completion)
{
	return completion->given & (BIT(OPT_START) | BIT(OPT_END)) ||
	       (option_taken(completion->command, OPT_COMPARE) &&
		!(completion->given & BIT(OPT_COMPARE)));
}

/* The last word of the usage may be there several times. */
static void offer_argument(struct completion *completion)
{
	const struct command *command = completion->inner ?:
					completion->command;
	char *usage = usage_plain(command->args ?: ""), *rest = usage;
	size_t left = completion->nr_args;
	char *word, *last = "";

	while ((word = strsep(&rest, " "))) {
		last = word;
		if (!left--)
			break;
	}
	if (!takes_none(completion) && (word || strstr(last, "...")))
		offer_kinds(completion, last);
	free(usage);
}

/* What the inner command would refuse, the outer one does not offer. */
static bool is_refused(const struct completion *completion, enum opt nr)
{
	if (nr == OPT_WANT &&
	    completion->given & (BIT(OPT_START) | BIT(OPT_END)))
		return true;
	return completion->inner && (nr == OPT_PID || nr == OPT_CHECK) &&
	       !option_taken(completion->inner, nr);
}

static void offer_options(struct completion *completion)
{
	char word[64];

	for (int nr = 0; nr < NR_OPTS; nr++) {
		if (!option_taken(completion->command, nr) ||
		    is_refused(completion, nr))
			continue;
		snprintf(word, sizeof(word), "--%s", options[nr].name);
		offer(completion, word);
	}
	if (completion->command)
		return;
	offer(completion, "--help");
	offer(completion, "--version");
}

/* The option that a word is, if its argument is in the next; NR_OPTS if not. */
static enum opt option_open(const struct command *command, const char *word)
{
	enum opt nr = NR_OPTS;

	if (!strncmp(word, "--", 2))
		for (nr = 0; nr < NR_OPTS; nr++) {
			if (!strcmp(options[nr].name, word + 2))
				break;
		}
	else if (*word == '-' && word[1])
		nr = option_of(command, word[strlen(word) - 1]);
	return nr < NR_OPTS && options[nr].arg ? nr : NR_OPTS;
}

static void take_argument(struct completion *completion, const char *word)
{
	bool has_inner = completion->command->args &&
			 strstr(completion->command->args, "COMMAND [");

	completion->nr_args++;
	if (completion->inner || !has_inner)
		return;
	completion->inner = command_find(completion->commands, word);
	if (completion->inner)
		completion->nr_args = 0;
}

/* Returns the option whose argument is being typed, or NR_OPTS. */
static enum opt words_take(struct completion *completion, char **words,
			   size_t nr)
{
	enum opt open = NR_OPTS;
	bool named = false;

	for (size_t i = 0; i < nr; i++) {
		if (open == OPT_DEBUGFS)
			completion->debugfs = words[i];
		if (open != NR_OPTS) {
			open = NR_OPTS;
			continue;
		}
		open = option_open(completion->command, words[i]);
		if (open != NR_OPTS)
			completion->given |= BIT(open);
		if (*words[i] == '-')
			continue;
		if (named)
			take_argument(completion, words[i]);
		named |= completion->command &&
			 !strcmp(words[i], completion->command->name);
	}
	return open;
}

/* "--want=1": what follows is offered with what stands in front. */
static bool offer_joined(struct completion *completion)
{
	size_t len = strcspn(completion->typed, "=");

	for (int nr = 0; completion->typed[len] && nr < NR_OPTS; nr++) {
		if (!options[nr].arg || !strchr(options[nr].arg, '|') ||
		    strlen(options[nr].name) + 2 != len ||
		    strncmp(completion->typed + 2, options[nr].name, len - 2))
			continue;
		for (const char *at = options[nr].arg; *at;
		     at += strcspn(at, "|"), at += *at == '|') {
			char *word = alloc_print("--%s=%.*s", options[nr].name,
						 (int)strcspn(at, "|"), at);

			offer(completion, word);
			free(word);
		}
	}
	return completion->typed[len];
}

void complete(const struct command *commands, char **words)
{
	struct completion completion = {
		.commands = commands,
		.debugfs = options_debugfs(),
	};
	size_t nr = 0;
	enum opt open;

	while (words[nr])
		nr++;
	completion.typed = nr ? words[nr - 1] : "";
	if (nr)
		words[--nr] = NULL;
	completion.command = options_command(commands, words);
	open = words_take(&completion, words, nr);
	if (open != NR_OPTS)
		offer_kinds(&completion, options[open].arg);
	else if (*completion.typed == '-' && !offer_joined(&completion))
		offer_options(&completion);
	else if (*completion.typed != '-' && !completion.command)
		offer_commands(&completion);
	else if (*completion.typed != '-')
		offer_argument(&completion);
	json_object_put(completion.snap);
	exit(EXIT_OK);
}
