// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the module's files are, and when they are not there, what keeps them:
 * a module that is not installed for this kernel, one that this kernel will
 * not take, one that nobody loaded, or a debugfs that nobody mounted.
 *
 * That the kernel refused a module is written down nowhere but in its log, and
 * not with the module's name. So what is told is what it asks of a module and
 * how modprobe's error reads: module_sig_check() answers EKEYREJECTED where
 * signatures are enforced, and EPERM where it is locked down.
 */
#include <errno.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/system.h"
#include "debugfs.h"

#define ENROLL \
	"enroll the key that dkms signs with (mokutil --import /var/lib/dkms/mok.pub)"

/* modules.dep has a line "path: needs..." for each module that is installed. */
static bool is_listed(FILE *dep)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (!found && getline(&line, &size, dep) >= 0) {
		line[strcspn(line, ":")] = '\0';
		found = strstr(line, "/iovascope.ko");
	}
	free(line);
	return found;
}

static void fail_unless_installed(void)
{
	char *release = system_line("/proc/sys/kernel/osrelease");
	FILE *dep = system_open("/lib/modules/%s/modules.dep", release ?: "");
	bool found = !dep || is_listed(dep);

	if (dep)
		fclose(dep);
	if (!found)
		fail(EXIT_ABSENT,
		     "the module is not installed for kernel %s: install iovascope-dkms and linux-headers-%s",
		     release, release);
	free(release);
}

static void fail_if_signature_enforced(void)
{
	char *enforced = system_line("/sys/module/module/parameters/sig_enforce");

	if (enforced && *enforced == 'Y')
		fail(EXIT_ABSENT,
		     "the module is not loaded, and this kernel takes only signed ones (sig_enforce): if modprobe says \"Key was rejected by service\", "
		     ENROLL);
	free(enforced);
}

/* The file has all modes, the one in force in brackets. */
static void fail_if_locked_down(void)
{
	char *modes = system_line("/sys/kernel/security/lockdown");
	char *mode = modes ? strchr(modes, '[') : NULL;

	if (mode)
		mode[strcspn(mode, "]")] = '\0';
	if (mode && strcmp(mode, "[none"))
		fail(EXIT_ABSENT,
		     "the module is not loaded, and this kernel is locked down (%s): if modprobe says \"Operation not permitted\", "
		     ENROLL, mode + 1);
	free(modes);
}

static void fail_unless_loaded(void)
{
	if (system_has("/sys/module/iovascope") || !system_has("/sys/module"))
		return;
	fail_unless_installed();
	fail_if_signature_enforced();
	fail_if_locked_down();
	fail(EXIT_ABSENT,
	     "the module is not loaded: load it (modprobe iovascope)");
}

/* Where debugfs is mounted, as getmntent() undid its escapes. */
static char *mount_point(void)
{
	char *path = system_path("/proc/mounts");
	FILE *mounts = setmntent(path, "re");
	struct mntent *mnt;
	char *dir = NULL;

	if (!mounts)
		fail(EXIT_RUNTIME, "%s: %s", path, strerror(errno));
	while (!dir && (mnt = getmntent(mounts)))
		if (!strcmp(mnt->mnt_type, "debugfs"))
			dir = system_path(mnt->mnt_dir);
	endmntent(mounts);
	free(path);
	return dir;
}

bool debugfs_has_module(void)
{
	char *mounted = mount_point(), *info;
	bool found = false;

	if (mounted) {
		info = alloc_print("%s/iovascope/info", mounted);
		found = !access(info, R_OK);
		free(info);
	}
	free(mounted);
	return found;
}

char *debugfs_find(void)
{
	char *mounted, *dir;

	fail_unless_loaded();
	mounted = mount_point();
	if (!mounted)
		fail(EXIT_ABSENT, "debugfs is not mounted: %s",
		     "mount -t debugfs none /sys/kernel/debug");
	dir = alloc_print("%s/iovascope", mounted);
	free(mounted);
	return dir;
}
