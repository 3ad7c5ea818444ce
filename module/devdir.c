// SPDX-License-Identifier: GPL-2.0-only
/*
 * devdir.c - devices/<segment:bus:dev.fn>/ for each device behind the IOMMU
 *
 * Model. PCI devices that the IOMMU core has put into a group get a directory
 * when the module is loaded or when they appear, and lose it when they go. The
 * core's own notifier was registered at boot and so is called before ours: a
 * new device is in its group when we look. A directory holds no reference to
 * its device, only its address on the bus; what the files show is read from
 * the hardware's tables each time.
 *
 * Locking: @lock for the list, and around making and removing directories.
 * Lifetime: debugfs_remove() waits for the readers of a directory's files, so
 * that an entry is freed when nobody looks at it; files that are still open
 * fail from then on.
 */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "base/bdf.h"
#include "compat.h"
#include "devdir.h"

struct devdir {
	struct list_head link;
	struct ivs_bdf bdf;
	struct ivs_bdf requester;
	const struct device *dev;
	struct dentry *dir;
};

static LIST_HEAD(devdirs);
static DEFINE_MUTEX(lock);
static struct dentry *parent;
static const struct ivs_file *device_files;

static bool device_has_group(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);

	iommu_group_put(group);
	return group;
}

static struct devdir *devdir_find(const struct device *dev)
{
	struct devdir *devdir;

	list_for_each_entry(devdir, &devdirs, link)
		if (devdir->dev == dev)
			return devdir;
	return NULL;
}

static void devdir_add(struct pci_dev *pdev)
{
	const struct ivs_file *file;
	struct devdir *devdir;

	if (!device_has_group(&pdev->dev))
		return;
	mutex_lock(&lock);
	if (devdir_find(&pdev->dev))
		goto out;
	devdir = kzalloc(sizeof(*devdir), GFP_KERNEL);
	if (!devdir)
		goto out;
	ivs_bdf_of(pdev, &devdir->bdf);
	ivs_bdf_requester(pdev, &devdir->requester);
	devdir->dev = &pdev->dev;
	devdir->dir = debugfs_create_dir(pci_name(pdev), parent);
	for (file = device_files; file->name; file++)
		debugfs_create_file(file->name, 0400, devdir->dir,
				    &devdir->requester, file->fops);
	list_add_tail(&devdir->link, &devdirs);
out:
	mutex_unlock(&lock);
}

static void devdir_remove(struct devdir *devdir)
{
	debugfs_remove(devdir->dir);
	list_del(&devdir->link);
	kfree(devdir);
}

static int devdir_bus_notify(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	struct devdir *devdir;

	if (action == BUS_NOTIFY_ADD_DEVICE) {
		devdir_add(to_pci_dev(data));
	} else if (action == BUS_NOTIFY_REMOVED_DEVICE) {
		mutex_lock(&lock);
		devdir = devdir_find(data);
		if (devdir)
			devdir_remove(devdir);
		mutex_unlock(&lock);
	}
	return NOTIFY_DONE;
}

static struct notifier_block bus_nb = { .notifier_call = devdir_bus_notify };

/**
 * ivs_devdir_each - all devices that have a directory
 * @fn: called for each, with its address and the one that its requests carry;
 *	not 0 ends it; must not sleep for long
 * @ctx: for @fn
 *
 * Context: may sleep.
 * Return: 0, or what @fn returned.
 */
int ivs_devdir_each(int (*fn)(void *ctx, const struct ivs_bdf *bdf,
			      const struct ivs_bdf *requester), void *ctx)
{
	struct devdir *devdir;
	int ret = 0;

	mutex_lock(&lock);
	list_for_each_entry(devdir, &devdirs, link) {
		ret = fn(ctx, &devdir->bdf, &devdir->requester);
		if (ret)
			break;
	}
	mutex_unlock(&lock);
	return ret;
}

/**
 * ivs_devdir_init - make the directories, and follow the bus
 * @root: where `devices` goes
 * @files: what each directory gets; their inode's private data is the struct
 *	ivs_bdf that the device's requests carry
 *
 * Without VT-d the directory is there and empty.
 *
 * Context: may sleep.
 * Return: 0 or -errno.
 */
int ivs_devdir_init(struct dentry *root, const struct ivs_file *files)
{
	struct pci_dev *pdev = NULL;
	int ret;

	device_files = files;
	parent = debugfs_create_dir("devices", root);
	if (!ivs_compat_intel_iommu())
		return 0;
	/* The notifier first: else a device that appears now has no directory. */
	ret = bus_register_notifier(&pci_bus_type, &bus_nb);
	if (ret)
		return ret;
	for_each_pci_dev(pdev)
		devdir_add(pdev);
	return 0;
}

/* ivs_devdir_exit - remove the directories; waits for their readers */
void ivs_devdir_exit(void)
{
	struct devdir *devdir, *next;

	if (ivs_compat_intel_iommu())
		bus_unregister_notifier(&pci_bus_type, &bus_nb);
	mutex_lock(&lock);
	list_for_each_entry_safe(devdir, next, &devdirs, link)
		devdir_remove(devdir);
	mutex_unlock(&lock);
	debugfs_remove(parent);
}
