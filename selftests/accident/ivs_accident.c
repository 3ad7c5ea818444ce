// SPDX-License-Identifier: GPL-2.0-only
/*
 * ivs_accident - what must not happen inside iommu_map(), on demand
 *
 * Model. Both accidents happen in a driver's map_pages(): the domain's table of
 * operations is exchanged for one of ours, so that the task is deep inside a
 * real iommu_map() when it dies or stands still. Commands are written to
 * /sys/kernel/debug/ivs_accident, one a write:
 *
 *	oops BDF IOVA	the writer dies of an oops while it maps a page there, in
 *			the domain that the device is attached to
 *	hold N		N threads begin a map each, in a domain of no device, and
 *			do not return
 *	release		they do, and are gone when the write returns
 *
 * Whoever wants an oops boots or sets a kernel that lives on after it.
 *
 * Locking: none; one writer at a time, which is the test.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

static struct dentry *file;

/* One argument more since 6.3, which an older function does not look at. */
typedef int (*map_fn)(struct iommu_domain *domain, unsigned long iova,
		      phys_addr_t phys, size_t size, int prot, gfp_t gfp);

static int map_page(struct iommu_domain *domain, unsigned long iova,
		    phys_addr_t phys)
{
	map_fn map = (map_fn)(void *)iommu_map;

	return map(domain, iova, phys, PAGE_SIZE, IOMMU_READ, GFP_KERNEL);
}

/* ---- death ---- */

static int *nowhere;

/* The domain as it was before the accident; since 7.0 ops is not all of it. */
static struct iommu_domain whole;

static int map_and_die(struct iommu_domain *domain, unsigned long iova,
		       phys_addr_t phys, size_t size, size_t count, int prot,
		       gfp_t gfp, size_t *mapped)
{
	*domain = whole;
	WRITE_ONCE(*nowhere, 0);
	return 0;
}

static const struct iommu_domain_ops deadly = {
	.map_pages = map_and_die,
};

/* Nobody else maps there meanwhile, or he would die as well. */
static int die_in(struct iommu_domain *domain, unsigned long iova)
{
	struct iommu_domain hurt;

	if (!domain || domain->type != IOMMU_DOMAIN_UNMANAGED)
		return -ENODEV;
	whole = *domain;
	memset(&hurt, 0, sizeof(hurt));
	hurt.type = domain->type;
	hurt.ops = &deadly;
	hurt.pgsize_bitmap = PAGE_SIZE;
	hurt.geometry = domain->geometry;
	*domain = hurt;
	return map_page(domain, iova, page_to_phys(ZERO_PAGE(0)));
}

static int oops(const char *args)
{
	unsigned int seg, bus, dev, fn;
	unsigned long long iova;
	struct pci_dev *pdev;
	int ret;

	if (sscanf(args, "%x:%x:%x.%x %lli", &seg, &bus, &dev, &fn, &iova) != 5)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(seg, bus, PCI_DEVFN(dev, fn));
	if (!pdev)
		return -ENODEV;
	ret = die_in(iommu_get_domain_for_dev(&pdev->dev), iova);
	pci_dev_put(pdev);
	return ret ?: -ENOMSG;
}

/* ---- standing still ---- */

static DECLARE_COMPLETION(go_on);
static atomic_t inside = ATOMIC_INIT(0);
static atomic_t threads = ATOMIC_INIT(0);

static int map_and_wait(struct iommu_domain *domain, unsigned long iova,
			phys_addr_t phys, size_t size, size_t count, int prot,
			gfp_t gfp, size_t *mapped)
{
	atomic_inc(&inside);
	wait_for_completion(&go_on);
	*mapped = size * count;
	return 0;
}

static const struct iommu_domain_ops slow = {
	.map_pages = map_and_wait,
};

static struct iommu_domain nobodys = {
	.type = IOMMU_DOMAIN_UNMANAGED,
	.ops = &slow,
	.pgsize_bitmap = PAGE_SIZE,
	.geometry.aperture_end = (1ULL << 39) - 1,
};

static int map_slowly(void *nr)
{
	map_page(&nobodys, (unsigned long)nr << PAGE_SHIFT, 0);
	atomic_dec(&threads);
	return 0;
}

static int wait_for(const atomic_t *what, int value)
{
	unsigned int tries = 3000;

	while (atomic_read(what) != value) {
		if (!tries--)
			return -ETIMEDOUT;
		msleep(20);
	}
	return 0;
}

static int hold(const char *args)
{
	unsigned long nr, i;

	if (kstrtoul(args, 10, &nr) || !nr || nr > 4096 ||
	    atomic_read(&threads))
		return -EINVAL;
	reinit_completion(&go_on);
	atomic_set(&inside, 0);
	for (i = 0; i < nr; i++) {
		atomic_inc(&threads);
		if (IS_ERR(kthread_run(map_slowly, (void *)i, "ivs-slow"))) {
			atomic_dec(&threads);
			return -ENOMEM;
		}
	}
	return wait_for(&inside, nr);
}

static int release(void)
{
	complete_all(&go_on);
	return wait_for(&threads, 0);
}

/* ---- the file ---- */

static int obey(char *command)
{
	char *word = strsep(&command, " ");

	if (!strcmp(word, "oops") && command)
		return oops(command);
	if (!strcmp(word, "hold") && command)
		return hold(command);
	if (!strcmp(word, "release"))
		return release();
	return -EINVAL;
}

static ssize_t accident_write(struct file *unused, const char __user *from,
			      size_t len, loff_t *pos)
{
	char *command = memdup_user_nul(from, min_t(size_t, len, 128));
	int ret;

	if (IS_ERR(command))
		return PTR_ERR(command);
	ret = obey(strim(command));
	kfree(command);
	return ret ?: len;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = accident_write,
};

static int __init accident_init(void)
{
	file = debugfs_create_file("ivs_accident", 0200, NULL, NULL, &fops);
	return PTR_ERR_OR_ZERO(file);
}

static void __exit accident_exit(void)
{
	release();
	debugfs_remove(file);
}

module_init(accident_init);
module_exit(accident_exit);

MODULE_DESCRIPTION("Accidents inside iommu_map(), for iovascope's tests");
MODULE_LICENSE("GPL");
