// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions in sysfs.
 *
 * Binding goes through driver_override, which changes the fate of one function
 * and not of every device with the same id. What drove it before is a file in
 * STATE_DIR, so that a test that is killed leaves enough behind for the next
 * pci_restore() to undo what was really done.
 */
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>

#include "file.h"
#include "must.h"
#include "pci.h"

#define SYSFS "/sys/bus/pci"
#define STATE_DIR "/run/iovascope-selftests"

static const struct {
	const char *name;
	unsigned int vendor, device;
} known[] = {
	{ "edu",	0x1234, 0x11e8 },
	{ "testdev",	0x1b36, 0x0005 },
	{ "nvme",	0x1b36, 0x0010 },
	{ "e1000e",	0x8086, 0x10d3 },
};

#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

static unsigned int pci_id(const char *bdf, const char *which)
{
	char *text = file_readf(SYSFS "/devices/%s/%s", bdf, which);
	unsigned int id = strtoul(text, NULL, 16);

	free(text);
	return id;
}

/* The nth function with these ids, in order of address. */
static int find_by_id(unsigned int vendor, unsigned int device,
		      unsigned int nth, char bdf[PCI_BDF_LEN])
{
	struct dirent **list;
	int i, nr, ret = -ENODEV;

	nr = scandir(SYSFS "/devices", &list, NULL, alphasort);
	if (nr < 0)
		return -errno;
	for (i = 0; i < nr; i++) {
		const char *name = list[i]->d_name;

		if (ret && name[0] != '.' && pci_id(name, "vendor") == vendor &&
		    pci_id(name, "device") == device && !nth--) {
			snprintf(bdf, PCI_BDF_LEN, "%.12s", name);
			ret = 0;
		}
		free(list[i]);
	}
	free(list);
	return ret;
}

static int find_by_address(const char *name, char bdf[PCI_BDF_LEN])
{
	unsigned int dom, bus, dev, fn;
	char path[64];

	if (sscanf(name, "%4x:%2x:%2x.%1x", &dom, &bus, &dev, &fn) != 4)
		return -EINVAL;
	snprintf(bdf, PCI_BDF_LEN, "%04x:%02x:%02x.%x",
		 dom & 0xffff, bus & 0xff, dev & 0x1f, fn & 7);
	snprintf(path, sizeof(path), SYSFS "/devices/%s", bdf);
	return access(path, F_OK) ? -ENODEV : 0;
}

int __pci_find(const char *name, unsigned int nth, char bdf[PCI_BDF_LEN])
{
	size_t i;

	for (i = 0; i < NR_KNOWN; i++)
		if (!strcmp(name, known[i].name))
			return find_by_id(known[i].vendor, known[i].device,
					  nth, bdf);
	return find_by_address(name, bdf);
}

int __pci_spare(unsigned int nth, char bdf[PCI_BDF_LEN])
{
	const char *at = getenv("IOVASCOPE_DEVICES");
	char name[32];

	while (at && nth--) {
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	if (!at || !*at)
		return -ENOENT;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
	return find_by_address(name, bdf);
}

/* What the function is called here; "" when it has no name. */
static const char *pci_name(const char *bdf)
{
	size_t i;

	for (i = 0; i < NR_KNOWN; i++)
		if (pci_id(bdf, "vendor") == known[i].vendor &&
		    pci_id(bdf, "device") == known[i].device)
			return known[i].name;
	return "";
}

int pci_is(const char *bdf, const char *name)
{
	return !strcmp(pci_name(bdf), name);
}

/* Anything without a name will do where a test asks for an edu. */
static int stands_for(const char *bdf, const char *name)
{
	return pci_is(bdf, name) || (!strcmp(name, "edu") && pci_is(bdf, ""));
}

static int find_spare(const char *name, unsigned int nth,
		      char bdf[PCI_BDF_LEN])
{
	unsigned int i;
	int ret;

	for (i = 0; !(ret = __pci_spare(i, bdf)); i++)
		if (stands_for(bdf, name) && !nth--)
			break;
	return ret;
}

void pci_find(const char *name, unsigned int nth, char bdf[PCI_BDF_LEN])
{
	int ret = getenv("IOVASCOPE_LAB") ? __pci_find(name, nth, bdf) :
					    find_spare(name, nth, bdf);

	errno = -ret;
	must_have(!ret, "no device %s number %u", name, nth);
}

/* The last component of a link in the function's directory, "" if none. */
static void link_name(const char *bdf, const char *name, char out[64])
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), SYSFS "/devices/%s/%s", bdf, name);
	len = readlink(path, target, sizeof(target) - 1);
	out[0] = '\0';
	if (len <= 0)
		return;
	target[len] = '\0';
	snprintf(out, 64, "%.63s", basename(target));
}

int pci_group(const char *bdf)
{
	char name[64];

	link_name(bdf, "iommu_group", name);
	if (!name[0])
		must_fail("%s is in no IOMMU group", bdf);
	return atoi(name);
}

void pci_driver(const char *bdf, char driver[64])
{
	link_name(bdf, "driver", driver);
}

void pci_bar(const char *bdf, int bar, __u64 *phys, __u64 *size)
{
	char *text = file_readf(SYSFS "/devices/%s/resource", bdf), *line = text;
	unsigned long long start, last;

	while (bar--) {
		line = strchr(line, '\n');
		must(line);
		line++;
	}
	must_eq(sscanf(line, "%llx %llx", &start, &last), 2);
	*phys = start;
	*size = last ? last - start + 1 : 0;
	free(text);
}

static int driver_unbind(const char *bdf)
{
	return __file_writef(bdf, SYSFS "/devices/%s/driver/unbind", bdf);
}

static int driver_bind(const char *bdf, const char *driver)
{
	char now[64];
	int ret;

	pci_driver(bdf, now);
	if (!strcmp(now, driver))
		return 0;
	ret = __file_writef(driver[0] ? driver : "\n",
			    SYSFS "/devices/%s/driver_override", bdf);
	if (!ret && now[0])
		ret = driver_unbind(bdf);
	if (!ret && driver[0])
		ret = __file_write(SYSFS "/drivers_probe", bdf);
	if (ret)
		return ret;
	/* drivers_probe says 0 also when no driver took the device. */
	pci_driver(bdf, now);
	return strcmp(now, driver) ? -ENODEV : 0;
}

static void state_path(const char *bdf, char path[128])
{
	snprintf(path, 128, STATE_DIR "/%s", bdf);
}

static void state_save(const char *bdf)
{
	char path[128], driver[64];
	int fd;

	mkdir(STATE_DIR, 0700);
	state_path(bdf, path);
	pci_driver(bdf, driver);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return;
	must_op(fd, >=, 0);
	must_eq(write(fd, driver, strlen(driver)), strlen(driver));
	close(fd);
}

int __pci_bind_vfio(const char *bdf)
{
	static const char *const load[] = { "modprobe", "vfio-pci", NULL };
	char now[64];

	if (access(SYSFS "/drivers/vfio-pci", F_OK) && run(load))
		return -ENOENT;
	/* Whoever gave it to vfio-pci did so for good. */
	pci_driver(bdf, now);
	if (!strcmp(now, "vfio-pci"))
		return 0;
	state_save(bdf);
	return driver_bind(bdf, "vfio-pci");
}

void pci_bind_vfio(const char *bdf)
{
	int ret = __pci_bind_vfio(bdf);

	if (ret) {
		errno = -ret;
		must_fail("%s cannot be bound to vfio-pci", bdf);
	}
}

void pci_bind(const char *bdf, const char *driver)
{
	int ret = driver_bind(bdf, driver);

	if (ret) {
		errno = -ret;
		must_fail("%s cannot be bound to '%s'", bdf, driver);
	}
}

void pci_restore(const char *bdf)
{
	char path[128], *driver;

	state_path(bdf, path);
	if (__file_read(path, &driver, NULL))
		return;
	pci_bind(bdf, driver);
	/* Later drivers may claim it again by its ids. */
	must_work(__file_writef("\n", SYSFS "/devices/%s/driver_override",
				bdf));
	unlink(path);
	free(driver);
}
