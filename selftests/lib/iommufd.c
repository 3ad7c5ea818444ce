// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of iommufd: IO address spaces, devices by their character devices.
 *
 * Every command is a structure that begins with its own size.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "iommufd.h"
#include "must.h"

static int command(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

void ioas_add(struct ioas *ioas, int fd)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	must_work(command(fd, IOMMU_IOAS_ALLOC, &alloc));
	ioas->fd = fd;
	ioas->id = alloc.out_ioas_id;
}

void ioas_open(struct ioas *ioas)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	must_op(fd, >=, 0);
	ioas_add(ioas, fd);
}

int __ioas_huge_pages(struct ioas *ioas, int on)
{
	struct iommu_option option = {
		.size = sizeof(option),
		.option_id = IOMMU_OPTION_HUGE_PAGES,
		.op = IOMMU_OPTION_OP_SET,
		.object_id = ioas->id,
		.val64 = on,
	};

	return command(ioas->fd, IOMMU_OPTION, &option);
}

int __ioas_map(struct ioas *ioas, __u64 *iova, const void *va, __u64 size,
	       __u32 flags)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = flags,
		.ioas_id = ioas->id,
		.user_va = (unsigned long)va,
		.length = size,
		.iova = *iova,
	};
	int ret = command(ioas->fd, IOMMU_IOAS_MAP, &map);

	if (!ret)
		*iova = map.iova;
	return ret;
}

void ioas_map(struct ioas *ioas, __u64 iova, const void *va, __u64 size)
{
	must_work(__ioas_map(ioas, &iova, va, size, IOAS_FIXED));
}

int __ioas_map_file(struct ioas *ioas, __u64 *iova, int fd, __u64 start,
		    __u64 size, __u32 flags)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = flags,
		.ioas_id = ioas->id,
		.fd = fd,
		.start = start,
		.length = size,
		.iova = *iova,
	};
	int ret = command(ioas->fd, IOMMU_IOAS_MAP_FILE, &map);

	if (!ret)
		*iova = map.iova;
	return ret;
}

int __ioas_copy(struct ioas *to, __u64 *iova, const struct ioas *from,
		__u64 from_iova, __u64 size, __u32 flags)
{
	struct iommu_ioas_copy copy = {
		.size = sizeof(copy),
		.flags = flags,
		.dst_ioas_id = to->id,
		.src_ioas_id = from->id,
		.length = size,
		.dst_iova = *iova,
		.src_iova = from_iova,
	};
	int ret = command(to->fd, IOMMU_IOAS_COPY, &copy);

	if (!ret)
		*iova = copy.dst_iova;
	return ret;
}

int __ioas_unmap(struct ioas *ioas, __u64 iova, __u64 size, __u64 *unmapped)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas->id,
		.iova = iova,
		.length = size,
	};
	int ret = command(ioas->fd, IOMMU_IOAS_UNMAP, &unmap);

	if (!ret && unmapped)
		*unmapped = unmap.length;
	return ret;
}

void ioas_unmap(struct ioas *ioas, __u64 iova, __u64 size)
{
	__u64 unmapped = 0;

	must_work(__ioas_unmap(ioas, iova, size, &unmapped));
	must_eq(unmapped, size);
}

/* /dev/vfio/devices/vfioN, where N is known to sysfs. */
static int cdev_fd(const char *bdf)
{
	struct dirent *entry;
	char path[300];
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	must(dir);
	while (fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		must_op(fd, >=, 0);
	}
	closedir(dir);
	return fd;
}

void cdev_open(struct cdev *cdev, const char *bdf, int iommufd)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd,
	};

	memset(cdev, 0, sizeof(*cdev));
	pci_bind_vfio(bdf);
	snprintf(cdev->dev.bdf, sizeof(cdev->dev.bdf), "%s", bdf);
	cdev->dev.group = pci_group(bdf);
	cdev->dev.group_fd = -1;
	cdev->dev.fd = cdev_fd(bdf);
	must_op(cdev->dev.fd, >=, 0);
	must_work(command(cdev->dev.fd, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	cdev->id = bind.out_devid;
}

int __cdev_attach(struct cdev *cdev, __u32 id)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = id,
	};

	return command(cdev->dev.fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

void cdev_attach(struct cdev *cdev, __u32 id)
{
	must_work(__cdev_attach(cdev, id));
}

void cdev_detach(struct cdev *cdev)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
	};

	must_work(command(cdev->dev.fd, VFIO_DEVICE_DETACH_IOMMUFD_PT,
			  &detach));
}

void cdev_close(struct cdev *cdev)
{
	close(cdev->dev.fd);
}

__u32 hwpt_alloc(struct ioas *ioas, const struct cdev *cdev)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.dev_id = cdev->id,
		.pt_id = ioas->id,
	};

	must_work(command(ioas->fd, IOMMU_HWPT_ALLOC, &alloc));
	return alloc.out_hwpt_id;
}

void iommufd_destroy(int fd, __u32 id)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy), .id = id };

	must_work(command(fd, IOMMU_DESTROY, &destroy));
}

int __cdev_dma_buf(struct cdev *cdev, int bar, __u64 offset, __u64 size)
{
	/* One structure ends in the next; C has no way to say that. */
	char arg[sizeof(struct vfio_device_feature) +
		 sizeof(struct vfio_device_feature_dma_buf) +
		 sizeof(struct vfio_region_dma_range)]
		__attribute__((aligned(8))) = { 0 };
	struct vfio_device_feature *feature = (void *)arg;
	struct vfio_device_feature_dma_buf *buf = (void *)feature->data;
	int fd;

	feature->argsz = sizeof(arg);
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	buf->region_index = bar;
	buf->open_flags = O_RDWR | O_CLOEXEC;
	buf->nr_ranges = 1;
	buf->dma_ranges[0] = (struct vfio_region_dma_range){
		.offset = offset,
		.length = size,
	};
	fd = ioctl(cdev->dev.fd, VFIO_DEVICE_FEATURE, arg);

	return fd < 0 ? -errno : fd;
}

int __vfio_open_iommufd(struct vfio *v, int type, const char *bdf)
{
	struct iommu_vfio_ioas compat = {
		.size = sizeof(compat),
		.op = IOMMU_VFIO_IOAS_SET,
	};
	struct ioas ioas;
	int ret;

	memset(v, 0, sizeof(*v));
	v->type = type;
	ioas_open(&ioas);
	v->fd = ioas.fd;
	compat.ioas_id = ioas.id;
	ret = command(v->fd, IOMMU_VFIO_IOAS, &compat);
	if (!ret && !ioctl(v->fd, VFIO_CHECK_EXTENSION, type))
		ret = -EOPNOTSUPP;
	if (!ret)
		ret = __vfio_add(v, bdf);
	if (ret)
		vfio_close(v);
	return ret;
}

void vfio_open_iommufd(struct vfio *v, int type, const char *bdf)
{
	must_work(__vfio_open_iommufd(v, type, bdf));
}

void vfio_ioas(struct vfio *v, struct ioas *ioas)
{
	struct iommu_vfio_ioas compat = {
		.size = sizeof(compat),
		.op = IOMMU_VFIO_IOAS_GET,
	};

	must_work(command(v->fd, IOMMU_VFIO_IOAS, &compat));
	ioas->fd = v->fd;
	ioas->id = compat.ioas_id;
}
