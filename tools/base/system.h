/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_SYSTEM_H
#define IOVASCOPE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "compiler.h"

struct json_object;

/* Paths are those of the machine: /proc/cmdline, /sys/module/.. */
__printf(1, 2) FILE *system_open(const char *fmt, ...);
__printf(1, 2) bool system_has(const char *fmt, ...);
__printf(1, 2) char *system_line(const char *fmt, ...);
__printf(1, 2) char *system_link(const char *fmt, ...);
__printf(2, 3) bool system_u64(uint64_t *val, const char *fmt, ...);
__printf(1, 2) int system_fd(const char *fmt, ...);
char *system_path(const char *path);

/*
 * What is judged from now on was recorded, of whatever machine: nothing of this
 * one is there any more, unless IOVASCOPE_SYSROOT names what to ask.
 */
void system_leave(void);
bool system_is_left(void);

/* Of a file that is an array of u64: some, as many as are there, or one. */
size_t system_words_at(int fd, uint64_t index, size_t nr, uint64_t *val);
bool system_word_at(int fd, uint64_t index, uint64_t *val);

bool system_has_symbol(const char *name);

/* The kernel's command line: is this word of this parameter's list there? */
bool system_cmdline_has(const char *parameter, const char *word);
struct json_object *system_cmdline(void);

#endif
