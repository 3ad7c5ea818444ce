// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host that is not the tests' own.
 *
 * What they get is named: spare devices, in $IOVASCOPE_DEVICES. A spare is free
 * when nothing but vfio-pci drives any function of its group, and nobody has the
 * group open. The module is free when nobody holds it and no VFIO domain lives:
 * whoever watches one would see our calls among its own, or lose all that was
 * counted when the module is loaded anew.
 *
 * All of it is asked before the first test, and nothing is changed until all of
 * it was answered, so that a program which skips has touched nothing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>

#include "file.h"
#include "host.h"
#include "kmod.h"
#include "must.h"
#include "pci.h"
#include "stats.h"

static int loaded_here;

static void module_close(void)
{
	if (loaded_here && kmod_loaded())
		__kmod_unload();
}

int host_is_lab(void)
{
	return !!getenv("IOVASCOPE_LAB");
}

void host_must_be_lab(const char *disturbs)
{
	must_have(host_is_lab(), "for the lab only: %s", disturbs);
}

/*
 * The whole program, in the words of the kernel's ksft_exit_skip(). The spares
 * are not ours then, and what is remembered of their drivers is somebody's.
 */
static __attribute__((noreturn, format(printf, 1, 2)))
void skip_all(const char *fmt, ...)
{
	va_list args;

	module_close();
	printf("1..0 # SKIP ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	exit(MUST_SKIP);
}

static int is_harmless(const char *driver)
{
	return !driver[0] || !strcmp(driver, "vfio-pci") ||
	       !strcmp(driver, "pci-stub") || !strcmp(driver, "pcieport");
}

/* VFIO gives a group away only as a whole. */
static void group_must_be_free(const char *bdf)
{
	struct dirent *entry;
	char path[96], driver[64];
	DIR *dir;

	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/iommu_group/devices", bdf);
	dir = opendir(path);
	if (!dir)
		skip_all("%s is in no IOMMU group", bdf);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		pci_driver(entry->d_name, driver);
		if (!is_harmless(driver))
			skip_all("%s of the group of %s is in use: its driver is %s",
				 entry->d_name, bdf, driver);
	}
	closedir(dir);
}

static void group_must_be_closed(const char *bdf)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(bdf));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		skip_all("somebody has %s open, the group of %s", path, bdf);
	if (fd >= 0)
		close(fd);
}

static void spares_must_be_free(void)
{
	char bdf[PCI_BDF_LEN];
	unsigned int nr;
	int ret;

	for (nr = 0; !(ret = __pci_spare(nr, bdf)); nr++) {
		group_must_be_free(bdf);
		group_must_be_closed(bdf);
	}
	if (ret != -ENOENT)
		skip_all("no PCI device is what IOVASCOPE_DEVICES names as number %u",
			 nr);
	if (!nr)
		skip_all("no spare device is named: IOVASCOPE_DEVICES=BDF,BDF");
}

static void module_must_be_free(void)
{
	unsigned int holders = kmod_holders("iovascope");
	struct json_object *domains;

	if (holders)
		skip_all("the module is in use: it is held %u times", holders);
	domains = stats_read("domains");
	json_object_object_foreach(domains, id, domain) {
		if (!strcmp(stats_word(domain, "type"), "unmanaged"))
			skip_all("the module is in use: it watches domain %s",
				 id);
	}
	json_object_put(domains);
}

static void module_must_load(void)
{
	const char *path = kmod_path();
	int ret;

	if (access(path, R_OK))
		skip_all("there is no module iovascope");
	ret = __kmod_load("");
	if (ret)
		skip_all("%s cannot be loaded: %s", path, strerror(-ret));
	loaded_here = 1;
}

void host_open(void)
{
	static const char *const vfio[] = { "modprobe", "-q", "vfio-pci", NULL };

	if (host_is_lab())
		return;
	if (geteuid())
		skip_all("must be root");
	spares_must_be_free();
	if (access("/sys/bus/pci/drivers/vfio-pci", F_OK) && run(vfio))
		skip_all("this kernel has no vfio-pci");
	if (!kmod_loaded())
		module_must_load();
	module_must_be_free();
}

void host_close(void)
{
	char bdf[PCI_BDF_LEN];
	unsigned int nr;

	if (host_is_lab())
		return;
	module_close();
	for (nr = 0; !__pci_spare(nr, bdf); nr++)
		pci_restore(bdf);
}
