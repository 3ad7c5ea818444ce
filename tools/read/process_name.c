// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nobody calls a VM by its PID. The command line of a VMM has the name that it
 * was given; the cgroup of a process tells the unit of systemd, the domain of
 * libvirt, and the pod and the container of Kubernetes, the latter by numbers:
 * what they are called is in the file from which the container was made.
 *
 * All of this is chosen by others, so it is cleaned.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/compiler.h"
#include "base/system.h"
#include "base/tree.h"
#include "process_name.h"

#define MAX_NAME	128
#define NR_START	22
#define ID_LEN		64
#define UID_LEN		36

uint64_t process_start(uint64_t pid)
{
	char *line = system_line("/proc/%ju/stat", (uintmax_t)pid);
	/* The name in parentheses may hold anything, spaces too. */
	char *rest = line ? strrchr(line, ')') : NULL;
	uint64_t start = 0;

	for (int nr = 2; rest && nr < NR_START; nr++) {
		rest = strchr(rest, ' ');
		rest = rest ? rest + 1 : NULL;
	}
	if (rest)
		start = strtoull(rest, NULL, 10);
	free(line);
	return start;
}

uint64_t process_ticks(uint64_t ns)
{
	return ns / (1000000000ull / sysconf(_SC_CLK_TCK));
}

bool process_is(uint64_t pid, uint64_t start_ns)
{
	uint64_t start = process_start(pid);

	return start && start == process_ticks(start_ns);
}

static void name_add_len(struct json_object *names, const char *key,
			 const char *name, size_t len)
{
	char *copy = alloc_print("%.*s", (int)len, name);

	copy[clean_len(copy, MAX_NAME)] = '\0';
	clean_word(copy);
	if (*copy)
		tree_add_word(names, key, copy);
	free(copy);
}

static void name_add(struct json_object *names, const char *key,
		     const char *name)
{
	name_add_len(names, key, name, strlen(name));
}

static bool begins(const char *word, const char *with)
{
	return !strncmp(word, with, strlen(with));
}

/* The value of @key in a=b,c=d, where a comma in it is doubled; or NULL. */
static char *option_value(const char *options, const char *key)
{
	size_t len = strlen(key);
	char *value, *to;

	while (strncmp(options, key, len) || options[len] != '=') {
		options = strchr(options, ',');
		if (!options)
			return NULL;
		options++;
	}
	options += len + 1;
	value = alloc_copy(options);
	to = value;
	while (*options && (*options != ',' || options[1] == ',')) {
		options += *options == ',';
		*to++ = *options++;
	}
	*to = '\0';
	return value;
}

/* -name web or -name guest=web,debug-threads=on; Kata's is of no VM. */
static void qemu_name(struct json_object *names, const char *arg)
{
	char *whole = alloc_print("guest=%s", arg);
	char *name = option_value(arg, "guest") ?:
		     option_value(whole, "guest");

	if (begins(name, "sandbox-"))
		name_add(names, "sandbox", name + strlen("sandbox-"));
	else if (!strchr(name, '='))
		name_add(names, "vm", name);
	free(name);
	free(whole);
}

/* A VM of cloud-hypervisor has no name but that of its socket. */
static void socket_name(struct json_object *names, const char *arg)
{
	char *path = option_value(arg, "path") ?: alloc_copy(arg);
	char *base = strrchr(path, '/'), *dot;

	base = base ? base + 1 : path;
	dot = strrchr(base, '.');
	if (dot && dot != base)
		*dot = '\0';
	if (!tree_get(names, "sandbox"))
		name_add(names, "vm", base);
	free(path);
}

/* Kata keeps what belongs to a VM in a directory with the sandbox's name. */
static void sandbox_of(struct json_object *names, const char *arg)
{
	static const char *const dirs[] = { "/run/vc/vm/", "/run/vc/firecracker/" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *dir = strstr(arg, dirs[i]);

		if (!dir)
			continue;
		dir += strlen(dirs[i]);
		name_add_len(names, "sandbox", dir, strcspn(dir, "/,"));
	}
}

static const struct {
	const char *program;
	const char *option;
	void (*take)(struct json_object *names, const char *arg);
} vmms[] = {
	{ "qemu", "name", qemu_name },
	{ "kvm", "name", qemu_name },
	{ "cloud-hypervisor", "api-socket", socket_name },
};

static void argument_take(struct json_object *names, const char *program,
			  const char *option, const char *arg)
{
	option += strspn(option, "-");
	for (size_t i = 0; i < ARRAY_SIZE(vmms); i++)
		if (begins(program, vmms[i].program) &&
		    !strcmp(option, vmms[i].option))
			vmms[i].take(names, arg);
	if (begins(program, "firecracker") && !strcmp(option, "id"))
		name_add(names, "vm", arg);
}

/* --option=value is two words, too. */
static void word_take(struct json_object *names, const char *program,
		      const char *last, char *word)
{
	char *equals = begins(word, "--") ? strchr(word, '=') : NULL;

	sandbox_of(names, word);
	if (begins(last, "-"))
		argument_take(names, program, last, word);
	if (!equals)
		return;
	*equals = '\0';
	argument_take(names, program, word, equals + 1);
}

static void names_of_args(struct json_object *names, uint64_t pid)
{
	FILE *file = system_open("/proc/%ju/cmdline", (uintmax_t)pid);
	char *word = NULL, *program = NULL, *last = NULL, *slash;
	size_t size = 0;

	while (file && getdelim(&word, &size, '\0', file) > 0) {
		if (program) {
			word_take(names, program, last ?: "", word);
		} else {
			slash = strrchr(word, '/');
			program = alloc_copy(slash ? slash + 1 : word);
		}
		free(last);
		last = alloc_copy(word);
	}
	free(word);
	free(last);
	free(program);
	if (file)
		fclose(file);
}

/* Of the path of each hierarchy the longest says most. To be freed, or NULL. */
static char *cgroup_of(uint64_t pid)
{
	FILE *file = system_open("/proc/%ju/cgroup", (uintmax_t)pid);
	char *line = NULL, *longest = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		char *path = strchr(line, '/');

		if (!path)
			continue;
		path[strcspn(path, "\n")] = '\0';
		if (longest && strlen(path) <= strlen(longest))
			continue;
		free(longest);
		longest = alloc_copy(path);
	}
	free(line);
	if (file)
		fclose(file);
	return longest;
}

/* systemd writes \x2d for what would be a separator in its own names. */
static void unescape(char *name)
{
	unsigned int code;
	char *to = name;

	while (*name) {
		if (sscanf(name, "\\x%2x", &code) == 1 && code) {
			*to++ = code;
			name += 4;
		} else {
			*to++ = *name++;
		}
	}
	*to = '\0';
}

/* machine-qemu-3-web.scope is the domain web. */
static void libvirt_of(struct json_object *names, const char *unit)
{
	char *name = alloc_copy(unit), *end;
	int domain = 0;

	unescape(name);
	end = strrchr(name, '.');
	if (end)
		*end = '\0';
	if (sscanf(name, "machine-qemu-%*u-%n", &domain) == 0 && domain)
		name_add(names, "libvirt", name + domain);
	free(name);
}

static bool ends(const char *word, size_t len, const char *with)
{
	size_t end = strlen(with);

	return len > end && !strncmp(word + len - end, with, end);
}

/* The innermost one. */
static void unit_of(struct json_object *names, const char *path)
{
	while (*path) {
		size_t len = strcspn(++path, "/");

		if (ends(path, len, ".service") || ends(path, len, ".scope"))
			name_add_len(names, "unit", path, len);
		path += len;
	}
	if (tree_get(names, "unit"))
		libvirt_of(names, tree_word(names, "unit"));
}

/* Is all of it hexadecimal, apart from characters of @others? */
static bool is_id(const char *id, size_t len, const char *others)
{
	for (size_t i = 0; i < len; i++)
		if (!id[i] || (!isxdigit((unsigned char)id[i]) &&
			       !strchr(others, id[i])))
			return false;
	return true;
}

/* .../kubepods-burstable-podUID.slice/cri-containerd-ID.scope, and the like. */
static void pod_of(struct json_object *names, const char *path)
{
	const char *pod = strstr(path, "kubepods"), *at;

	while (pod && (pod = strstr(pod, "pod")) && !is_id(pod + 3, UID_LEN, "-_"))
		pod++;
	if (!pod)
		return;
	pod += 3;
	name_add_len(names, "pod_uid", pod, UID_LEN);
	for (at = pod + UID_LEN; *at; at++)
		if (is_id(at, ID_LEN, ""))
			break;
	if (*at)
		name_add_len(names, "container_id", at, ID_LEN);
}

static void annotation_add(struct json_object *names, const char *key,
			   struct json_object *annotations, const char *of_cri,
			   const char *of_crio)
{
	const char *of = tree_get(annotations, of_cri) ? of_cri : of_crio;

	if (tree_get(annotations, of))
		name_add(names, key, tree_word(annotations, of));
}

/* What containerd, or CRI-O, made the container or the sandbox from. */
static bool container_read(struct json_object *names, const char *dir,
			   const char *id, const char *file)
{
	char *name = alloc_print("%s/%s/%s", dir, id, file);
	char *path = system_path(name);
	struct json_object *config = json_object_from_file(path);
	struct json_object *notes = tree_get(config, "annotations");
	bool found = notes;

	annotation_add(names, "pod", notes, "io.kubernetes.cri.sandbox-name",
		       "io.kubernetes.pod.name");
	annotation_add(names, "namespace", notes,
		       "io.kubernetes.cri.sandbox-namespace",
		       "io.kubernetes.pod.namespace");
	annotation_add(names, "container", notes,
		       "io.kubernetes.cri.container-name",
		       "io.kubernetes.container.name");
	json_object_put(config);
	free(path);
	free(name);
	return found;
}

static void container_of(struct json_object *names, const char *key)
{
	const char *id = tree_word(names, key);

	if (!is_id(id, ID_LEN, "") || id[ID_LEN])
		return;
	if (!container_read(names,
			    "/run/containerd/io.containerd.runtime.v2.task/k8s.io",
			    id, "config.json"))
		container_read(names, "/run/containers/storage/overlay-containers",
			       id, "userdata/config.json");
}

struct json_object *process_name(uint64_t pid)
{
	struct json_object *names = tree_new();
	char *cgroup = cgroup_of(pid);

	names_of_args(names, pid);
	if (cgroup) {
		unit_of(names, cgroup);
		pod_of(names, cgroup);
	}
	free(cgroup);
	container_of(names, "container_id");
	if (!tree_get(names, "pod"))
		container_of(names, "sandbox");
	return names;
}
