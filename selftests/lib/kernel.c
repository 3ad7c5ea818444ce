// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only file of the tests that tells kernels apart. What a kernel can be asked
 * it is asked, for distributions carry what is newer than their version says.
 *
 * The rest is type1's business and leaves no trace that could be looked for: read
 * in the sources of 5.10, 6.1 and 6.12 on the one side, 7.2 and 7.3 on the other;
 * who may unmap, and how BARs are mapped, also in 5.15 and 6.8. No other file of
 * the tests names a version.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "file.h"
#include "host.h"
#include "iommufd.h"
#include "kernel.h"
#include "must.h"

static int before(int major, int minor)
{
	struct utsname name;
	int is_major, is_minor;

	must_eq(uname(&name), 0);
	is_major = atoi(name.release);
	is_minor = atoi(strchr(name.release, '.') + 1);
	return is_major < major || (is_major == major && is_minor < minor);
}

static int before_7(void)
{
	return before(7, 0);
}

/* Kernels between the two were not read. */
static int is_5_10(void)
{
	return before(5, 11);
}

unsigned int kernel_trial_pages(void)
{
	return before_7() ? 2 : 0;
}

int kernel_wrap_errno(void)
{
	return before_7() ? EINVAL : EOVERFLOW;
}

int kernel_ranges_wrap(void)
{
	return before_7();
}

int kernel_counts_faults_as_nested(void)
{
	return is_5_10();
}

int kernel_vtd_maps_itself(void)
{
	return is_5_10();
}

int kernel_pins_by_page(void)
{
	return is_5_10();
}

int kernel_unmaps_all(void)
{
	return !is_5_10();
}

int kernel_vaddr_errno(void)
{
	return is_5_10() ? EINVAL : ENOENT;
}

int kernel_fork_spares_hugetlb(void)
{
	return !is_5_10();
}

int kernel_only_mapper_unmaps(void)
{
	return before(6, 0);
}

int kernel_unmaps_in_tree_order(void)
{
	return is_5_10();
}

int kernel_limits_memory(void)
{
	char *controllers = file_read("/sys/fs/cgroup/cgroup.controllers");
	int found = !!strstr(controllers, "memory");

	free(controllers);
	return found;
}

int kernel_charges_tables(void)
{
	return !before(6, 3) && kernel_limits_memory();
}

int kernel_undoes_failed_maps(void)
{
	return !before(7, 1);
}

int kernel_looks_at_each_page(void)
{
	return before_7();
}

int kernel_tells_flushes(void)
{
	return !is_5_10();
}

int kernel_enters_by_ftrace(void)
{
	return !is_5_10();
}

/* What is loaded has a line in /proc/modules, what is built in a folder only. */
int kernel_has_built_in(const char *module)
{
	char path[128], start[80], *loaded;
	int found;

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	if (access(path, F_OK))
		return 0;
	loaded = file_read("/proc/modules");
	snprintf(start, sizeof(start), "\n%s ", module);
	found = !strncmp(loaded, start + 1, strlen(start + 1)) ||
		strstr(loaded, start);
	free(loaded);
	return !found;
}

int kernel_has_iommufd(void)
{
	static const char *const load[] = { "modprobe", "-q", "iommufd", NULL };

	if (access("/dev/iommu", F_OK))
		run(load);
	return !access("/dev/iommu", R_OK | W_OK);
}

/* ENOTTY is an ioctl that is not known; an empty request is refused otherwise. */
static int knows_map_file(void)
{
	__u32 empty[2] = { 0 };
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	must_op(fd, >=, 0);
	must_eq(ioctl(fd, IOMMU_IOAS_MAP_FILE, empty), -1);
	return errno != ENOTTY;
}

/*
 * The module remembers a refusal, and whose it is: it is another process that
 * asks, and in the lab nobody, where what is refused is looked at and nothing may
 * be missing.
 */
int kernel_maps_files(void)
{
	int status;
	pid_t pid;

	if (host_is_lab())
		return 1;
	pid = fork();
	must_op(pid, >=, 0);
	if (!pid)
		_exit(knows_map_file() ? 0 : 2);
	must_eq(waitpid(pid, &status, 0), pid);
	must(WIFEXITED(status) && WEXITSTATUS(status) != MUST_EXIT);
	return !WEXITSTATUS(status);
}

int kernel_exports_bars(struct cdev *cdev)
{
	struct vfio_device_feature probe = {
		.argsz = sizeof(probe),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			 VFIO_DEVICE_FEATURE_DMA_BUF,
	};

	return !ioctl(cdev->dev.fd, VFIO_DEVICE_FEATURE, &probe);
}
