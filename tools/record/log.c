// SPDX-License-Identifier: GPL-2.0-only
/*
 * A log of somebody else's: what time each of its lines has, and by whose clock.
 *
 *	2025-11-20T16:25:32+0000 host prog[1]: text	journalctl -o short-iso
 *	{"__REALTIME_TIMESTAMP":"...","MESSAGE":"..."}	journalctl -o json
 *	... time="2025-..." ... vmconsole="text"	containerd, for a guest
 *	[    3.201931] text				a guest's kernel
 *	{"msg":"text","ts":"2025-..."}			a guest's kata-agent
 *
 * They are found inside each other: what containerd tells of a guest's console
 * has the time at which the host read it and that at which the guest said it.
 *
 * A log may be anything: binary, endless, of lines without end. It is read once,
 * a line at a time, and what is kept of it has a limit.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/tree.h"
#include "log.h"

#define NS_PER_S	1000000000ll
#define MAX_LINE	65536
#define MAX_TEXT	240
#define MAX_LINES	200000
/* Of a wall clock: in the year 2200. */
#define MAX_US		7258118400000000ll
#define MAX_BOOTS	64
/* Lines of several writers may change places, by less than this. */
#define JUMP_NS		NS_PER_S

/* ---- times ---- */

/* What is behind "2025-11-20T16:25:32.996810781+01:00", or NULL. */
static const char *wall_parse(const char *s, int64_t *ns)
{
	int zone = 0, hours, minutes, len = 0;
	int64_t fraction = 0, unit = NS_PER_S;
	struct tm tm = {};

	if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		   &len) != 6 || !len)
		return NULL;
	if (tm.tm_year < 1970 || tm.tm_year > 2200 || tm.tm_mon < 1 ||
	    tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return NULL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	s += len;
	if (*s == '.' || *s == ',')
		for (s++; isdigit((unsigned char)*s); s++) {
			unit /= 10;
			fraction += (*s - '0') * unit;
		}
	if (*s == 'Z') {
		s++;
	} else {
		if ((*s != '+' && *s != '-') ||
		    (sscanf(s + 1, "%2d:%2d%n", &hours, &minutes, &len) != 2 &&
		     sscanf(s + 1, "%2d%2d%n", &hours, &minutes, &len) != 2))
			return NULL;
		zone = (hours * 60 + minutes) * 60 * (*s == '-' ? -1 : 1);
		s += 1 + len;
	}
	*ns = (int64_t)(timegm(&tm) - zone) * NS_PER_S + fraction;
	return s;
}

/* What is behind "[    3.201931][    T1] ", or NULL. */
static const char *boot_parse(const char *s, int64_t *ns)
{
	int64_t seconds = 0, fraction = 0, unit = NS_PER_S;
	const char *digits;

	if (*s++ != '[')
		return NULL;
	s += strspn(s, " ");
	for (digits = s; isdigit((unsigned char)*s) && s - digits < 9; s++)
		seconds = 10 * seconds + *s - '0';
	if (s == digits || *s++ != '.')
		return NULL;
	for (digits = s; isdigit((unsigned char)*s) && s - digits < 9; s++) {
		unit /= 10;
		fraction += (*s - '0') * unit;
	}
	if (s == digits || *s++ != ']')
		return NULL;
	if (*s == '[' && strchr(s, ']'))
		s = strchr(s, ']') + 1;
	*ns = seconds * NS_PER_S + fraction;
	return s + strspn(s, " ");
}

/* ---- what a line is made of ---- */

/* A line, and whose console it is of, to be freed. */
struct found {
	struct log_line line;
	char *sandbox;
};

/* Of 'key="val"', with what was escaped in it, or NULL; to be freed. */
static char *value_of(const char *line, const char *key)
{
	const char *at = strstr(line, key);
	char *value, *to;
	bool quoted;

	while (at && at != line && at[-1] != ' ')
		at = strstr(at + 1, key);
	if (!at)
		return NULL;
	at += strlen(key);
	quoted = *at == '"';
	at += quoted;
	value = alloc_zeroed(strlen(at) + 1, 1);
	for (to = value; *at && *at != (quoted ? '"' : ' '); at++) {
		bool escaped = *at == '\\' && at[1];

		at += escaped;
		*to++ = escaped && strchr("nrt", *at) ? ' ' : *at;
	}
	return value;
}

static struct json_object *json_line(const char *line)
{
	struct json_object *json = *line == '{' ? json_tokener_parse(line) :
						  NULL;

	if (json_object_is_type(json, json_type_object))
		return json;
	json_object_put(json);
	return NULL;
}

/* What the guest's agent says; to be freed. */
static char *agent_parse(struct log_line *found, const char *line)
{
	struct json_object *json = json_line(line);
	char *text = NULL;

	if (tree_get(json, "msg") && tree_get(json, "ts") &&
	    wall_parse(tree_word(json, "ts"), &found->ns)) {
		found->clock = LOG_GUEST;
		text = tree_get(json, "event") ?
		       alloc_print("%s: %s", tree_word(json, "msg"),
				   tree_word(json, "event")) :
		       alloc_copy(tree_word(json, "msg"));
	}
	json_object_put(json);
	return text;
}

/* A line as the guest wrote it; to be freed. */
static char *guest_parse(struct log_line *found, const char *line)
{
	const char *text = boot_parse(line, &found->ns);

	if (!text)
		return agent_parse(found, line);
	found->clock = LOG_BOOT;
	return alloc_copy(text);
}

/* A line without what the journal puts in front of it; to be freed. */
static char *message_parse(struct found *all, const char *line)
{
	struct log_line *found = &all->line;
	char *console = value_of(line, "vmconsole=");
	char *time = value_of(line, "time=");
	char *text, *msg;
	int64_t ns;

	if (time && wall_parse(time, &ns))
		found->host_ns = ns;
	free(time);
	if (console) {
		all->sandbox = value_of(line, "sandbox=");
		text = guest_parse(found, console);
		if (text)
			free(console);
		return text ?: console;
	}
	text = guest_parse(found, line);
	if (text)
		return text;
	msg = found->host_ns == LOG_NO_TIME ? NULL : value_of(line, "msg=");
	return msg ?: alloc_copy(line);
}

/* MESSAGE is a string, or, where it is no UTF-8, a list of bytes. */
static char *journal_message(struct json_object *json)
{
	struct json_object *message = tree_get(json, "MESSAGE");
	size_t nr = tree_length(message);
	char *text;

	if (json_object_is_type(message, json_type_string))
		return alloc_copy(json_object_get_string(message));
	text = alloc_zeroed(nr + 1, 1);
	for (size_t i = 0; i < nr; i++)
		text[i] = json_object_get_int(tree_at(message, i)) ?: ' ';
	return text;
}

static char *journal_parse(struct found *found, const char *line)
{
	struct json_object *json = json_line(line);
	struct json_object *time = tree_get(json, "__REALTIME_TIMESTAMP");
	int64_t us = json_object_get_int64(time);
	char *message, *text = NULL;

	if (us > 0 && us < MAX_US) {
		found->line.host_ns = us * 1000;
		message = journal_message(json);
		text = message_parse(found, message);
		free(message);
	}
	json_object_put(json);
	return text;
}

/* "2025-11-20T16:25:32+0000 host prog[1]: text" */
static char *short_parse(struct found *found, const char *line)
{
	const char *behind = wall_parse(line, &found->line.host_ns);
	const char *message;

	if (!behind)
		return NULL;
	behind += strspn(behind, " ");
	message = strstr(behind, ": ");
	return message_parse(found, message ? message + 2 : behind);
}

/* Colours and movements of a console, in place. */
static void escapes_strip(char *line)
{
	char *to = line;

	while (*line) {
		if (line[0] == '\033' && line[1] == '[') {
			line += 2;
			line += strspn(line, "0123456789;?=");
			line += *line ? 1 : 0;
		} else {
			*to++ = *line++;
		}
	}
	*to = '\0';
}

/* ---- lines ---- */

/* A kernel that begins anew counts from 0; a wall clock that goes back was set. */
static bool clock_follow(struct log *log, struct log_line *line, int64_t *last)
{
	int64_t back = last[line->clock] == LOG_NO_TIME ? 0 :
		       last[line->clock] - line->ns;

	last[line->clock] = line->ns;
	if (back > JUMP_NS && line->clock == LOG_BOOT) {
		log->boots++;
	} else if (back > JUMP_NS) {
		log->jumps++;
		log->jump_ns = (uint64_t)back > log->jump_ns ?
			       (uint64_t)back : log->jump_ns;
	}
	line->boot = line->clock == LOG_BOOT ? log->boots : 0;
	return log->boots < MAX_BOOTS;
}

static void line_keep(struct log *log, const struct log_line *line)
{
	if (log->nr == log->room) {
		log->room = log->room ? 2 * log->room : 256;
		log->lines = alloc_more(log->lines, log->room,
					sizeof(*log->lines));
	}
	log->lines[log->nr] = *line;
	line = &log->lines[log->nr++];
	if (strlen(line->text) > MAX_TEXT)
		line->text[MAX_TEXT] = '\0';
	clean_word(line->text);
}

/* What a reader has to know from one line to the next. */
struct reading {
	const char *path;
	int64_t from;
	int64_t to;
	int64_t last[LOG_BOOT + 1];
};

/* Guests that run at once would be told apart by nothing else. */
static void sandbox_follow(struct log *log, const char *path, char *sandbox)
{
	if (log->sandbox && sandbox && strcmp(log->sandbox, sandbox))
		fail(EXIT_RUNTIME, "%s: it is of several guests: `grep sandbox=ID` chooses one",
		     path);
	if (log->sandbox)
		free(sandbox);
	else
		log->sandbox = sandbox;
}

static void line_take(struct log *log, struct reading *reading, char *line)
{
	struct found found = {
		.line = { .ns = LOG_NO_TIME, .host_ns = LOG_NO_TIME },
	};
	struct log_line *own = &found.line;

	log->read++;
	escapes_strip(line);
	own->text = journal_parse(&found, line) ?: short_parse(&found, line) ?:
		    message_parse(&found, line);
	if (own->ns == LOG_NO_TIME) {
		own->clock = LOG_HOST;
		own->ns = own->host_ns;
	}
	if (own->ns == LOG_NO_TIME) {
		log->untimed++;
	} else if (own->host_ns != LOG_NO_TIME &&
		   (own->host_ns < reading->from ||
		    own->host_ns > reading->to)) {
		log->outside++;
	} else if (!clock_follow(log, own, reading->last) ||
		   log->nr == MAX_LINES) {
		log->left_out++;
	} else {
		sandbox_follow(log, reading->path, found.sandbox);
		line_keep(log, own);
		return;
	}
	free(own->text);
	free(found.sandbox);
}

/* False at the end. Of a line that is too long only its beginning is there. */
static bool line_get(FILE *file, char *line)
{
	size_t len = 0;
	int c;

	while ((c = getc_unlocked(file)) != EOF && c != '\n')
		if (len < MAX_LINE - 1 && c != '\r')
			line[len++] = c ?: ' ';
	line[len] = '\0';
	return c != EOF || len;
}

static void refuse_packed(const char *path, const char *line)
{
	static const struct {
		const char *magic;
		const char *hint;
	} kinds[] = {
		{ "\x1f\x8b", "it is packed: `zcat` it" },
		{ "\xfd\x37zXZ", "it is packed: `xzcat` it" },
		{ "\x28\xb5\x2f\xfd", "it is packed: `zstdcat` it" },
		{ "LPKSHHRH", "a journal: `journalctl --file` reads it" },
		{ "iovascope-rec ", "a recording is no log" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(line, kinds[i].magic, strlen(kinds[i].magic)))
			fail(EXIT_FORMAT, "%s: %s", path, kinds[i].hint);
}

void log_read(struct log *log, const char *path, int64_t from, int64_t to)
{
	struct reading reading = {
		.path = path, .from = from, .to = to,
		.last = { LOG_NO_TIME, LOG_NO_TIME, LOG_NO_TIME },
	};
	char *line = alloc_zeroed(MAX_LINE, 1);
	FILE *file = fopen(path, "re");

	*log = (struct log){};
	if (!file)
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	while (line_get(file, line)) {
		if (!log->read)
			refuse_packed(path, line);
		line_take(log, &reading, line);
	}
	if (ferror(file))
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	fclose(file);
	free(line);
	if (log->read == log->untimed)
		fail(EXIT_FORMAT, "%s: no line has a time that this tool knows: journalctl -o short-iso or json, vmconsole=, or [ seconds]",
		     path);
}

void log_free(struct log *log)
{
	for (size_t i = 0; i < log->nr; i++)
		free(log->lines[i].text);
	free(log->lines);
	free(log->sandbox);
	*log = (struct log){};
}
