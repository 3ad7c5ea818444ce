// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading by system call and not by insmod: the tests want the errno.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

#include "kmod.h"
#include "must.h"

const char *kmod_path(void)
{
	return getenv("IOVASCOPE_KO") ?: "iovascope.ko";
}

int kmod_loaded(void)
{
	return !access("/sys/module/iovascope/refcnt", F_OK);
}

int __kmod_load_file(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		must_fail("cannot open %s; set IOVASCOPE_KO", path);
	if (syscall(SYS_finit_module, fd, params, 0))
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
