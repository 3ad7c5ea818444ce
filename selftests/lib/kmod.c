// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading by system call and not by insmod: the tests want the errno.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

#include "file.h"
#include "kmod.h"
#include "must.h"

#define HERE "iovascope.ko"

/* Of older headers none has it: a module that the kernel unpacks. */
#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4
#endif

/* Where modprobe would find it. */
static const char *installed_path(void)
{
	static char path[512];
	FILE *modinfo = popen("modinfo -n iovascope 2>/dev/null", "r");

	if (!modinfo)
		return "";
	if (!fgets(path, sizeof(path), modinfo))
		path[0] = '\0';
	pclose(modinfo);
	path[strcspn(path, "\n")] = '\0';
	return path;
}

const char *kmod_path(void)
{
	const char *named = getenv("IOVASCOPE_KO");

	if (named)
		return named;
	return access(HERE, R_OK) ? installed_path() : HERE;
}

int kmod_loaded(void)
{
	return !access("/sys/module/iovascope/refcnt", F_OK);
}

unsigned int kmod_holders(const char *name)
{
	unsigned int holders;
	char path[128], *text;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	if (__file_read(path, &text, NULL))
		return 0;
	holders = atoi(text);
	free(text);
	return holders;
}

static int is_packed(const char *path)
{
	const char *end = strrchr(path, '.');

	return end && strcmp(end, ".ko");
}

int __kmod_load_file(const char *path, const char *params)
{
	int flags = is_packed(path) ? MODULE_INIT_COMPRESSED_FILE : 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		must_fail("cannot open %s; set IOVASCOPE_KO", path);
	if (syscall(SYS_finit_module, fd, params, flags))
		ret = -errno;
	close(fd);
	return ret;
}

int __kmod_load(const char *params)
{
	return __kmod_load_file(kmod_path(), params);
}

void kmod_load(const char *params)
{
	must_work(__kmod_load(params));
}

/*
 * A module can be busy for a moment because somebody just stopped reading one
 * of its files; what stays busy for a second is -EAGAIN.
 */
int __kmod_unload_name(const char *name)
{
	const struct timespec step = { .tv_nsec = 10000000 };
	int tries = 100;

	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		if (errno != EAGAIN || !tries--)
			return -errno;
		nanosleep(&step, NULL);
	}
	return 0;
}

int __kmod_unload(void)
{
	return __kmod_unload_name("iovascope");
}

void kmod_unload(void)
{
	must_work(__kmod_unload());
}

void kmod_reload(const char *params)
{
	if (kmod_loaded())
		kmod_unload();
	kmod_load(params);
}

void kmod_must_be_loaded(void)
{
	must_have(kmod_loaded(), "the module is not loaded");
}
