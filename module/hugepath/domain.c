// SPDX-License-Identifier: GPL-2.0-only
/*
 * domain.c - the IO page tables of a container
 *
 * Model. All domains of a container have the same mappings; there is more than
 * one only where groups cannot share. A run is one iommu_map() each, and the
 * IOMMU driver writes the largest leaves it can; a cap on leaves is kept by
 * asking for nothing at once that a larger one would cover.
 *
 * A failed map may leave leaves behind. The core takes back what the driver
 * reported as done, but up to 6.12 VT-d reports nothing of a step it did in
 * part (6.12 intel/iommu.c intel_iommu_map_pages()). hp_domain_sweep() looks for
 * them and removes them leaf by leaf. Asking to unmap where nothing is mapped is
 * not the way: the same drivers then remove what lies behind. Both ways of
 * removing say whether all is gone, because what is not must stay pinned.
 *
 * Locking: the container's. Lifetime: from attaching the first group to
 * detaching the last.
 */
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "hugepath.h"

/* Ask for a domain by one device of the group; they all have one IOMMU. */
static int domain_alloc(struct device *dev, void *data)
{
	struct iommu_domain **domain = data;

	*domain = hp_compat_domain_alloc(dev);
	return 1;
}

/**
 * hp_domain_attach - a new domain with one group in it
 * @group: owned by VFIO
 *
 * On 6.1 and 6.12 a domain has no huge leaves before it is attached, so
 * nothing may be mapped earlier.
 *
 * Return: the domain or ERR_PTR.
 */
struct hp_domain *hp_domain_attach(struct iommu_group *group)
{
	struct iommu_domain *domain = ERR_PTR(-EIO);
	struct hp_domain *d;
	int ret;

	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&d->groups);

	iommu_group_for_each_dev(group, &domain, domain_alloc);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto err_free;
	}
	ret = iommu_attach_group(domain, group);
	if (ret)
		goto err_domain;
	d->domain = domain;
	d->coherent = hp_compat_enforce_coherency(domain);
	return d;

err_domain:
	iommu_domain_free(domain);
err_free:
	kfree(d);
	return ERR_PTR(ret);
}

/**
 * hp_domain_free - free a domain
 * @d: no group is attached to it, and nothing is mapped in it
 */
void hp_domain_free(struct hp_domain *d)
{
	iommu_domain_free(d->domain);
	kfree(d);
}

/**
 * hp_domain_unmap - unmap whole runs
 * @d: they are mapped in
 * @iova: where the first begins
 * @size: to where the last ends
 *
 * Return: true when nothing translates there any more.
 */
bool hp_domain_unmap(struct hp_domain *d, dma_addr_t iova, size_t size)
{
	return !WARN_ON(iommu_unmap(d->domain, iova, size) != size);
}

/**
 * hp_domain_sweep - unmap what may be mapped in part
 * @d: has no leaf there that begins before or ends behind
 * @iova: first
 * @size: in bytes
 *
 * From the lowest address up, what is found first is the start of a leaf.
 *
 * Return: true when nothing translates there any more.
 */
bool hp_domain_sweep(struct hp_domain *d, dma_addr_t iova, size_t size)
{
	size_t done = 0, n;

	while (done < size) {
		n = PAGE_SIZE;
		if (iommu_iova_to_phys(d->domain, iova + done))
			n = iommu_unmap(d->domain, iova + done, PAGE_SIZE);
		if (WARN_ON(!n))
			return false;
		done += n;
		cond_resched();
	}
	return true;
}

/*
 * How much of it to map at once. A larger leaf than allowed has no room in less
 * than all of it, so that of each that there could be the last part comes by
 * itself.
 */
static size_t map_step(dma_addr_t iova, size_t size, size_t leaf)
{
	size_t larger = leaf * PTRS_PER_PTE, n;

	/* VT-d has none larger than 1G. */
	if (leaf >= SZ_1G)
		return size;
	n = min_t(size_t, size, larger - (iova & (larger - 1)));
	return n == larger ? larger - leaf : n;
}

/**
 * hp_domain_map - map a run
 * @d: has nothing mapped there
 * @iova: first
 * @pfn: first
 * @npage: 4K pages
 * @prot: IOMMU_READ, IOMMU_WRITE
 * @leaf: no larger leaves
 *
 * Return: 0 or an error, with the range to be swept.
 */
int hp_domain_map(struct hp_domain *d, dma_addr_t iova, unsigned long pfn,
		  unsigned long npage, int prot, size_t leaf)
{
	size_t size = npage << PAGE_SHIFT, done = 0, n;
	int ret;

	prot |= hp_compat_cache_prot(d->coherent);
	while (done < size) {
		n = map_step(iova + done, size - done, leaf);
		ret = hp_compat_iommu_map(d->domain, iova + done,
					  PFN_PHYS(pfn) + done, n, prot);
		if (ret)
			goto err_unmap;
		done += n;
		cond_resched();
	}
	return 0;

err_unmap:
	if (done)
		hp_domain_unmap(d, iova, done);
	return ret;
}

/**
 * hp_domains_map - map a run in all domains
 * @c: locked
 * @iova: first
 * @pfn: first
 * @npage: 4K pages
 * @prot: IOMMU_READ, IOMMU_WRITE
 *
 * Return: 0 or an error, with the range to be swept in all.
 */
int hp_domains_map(struct hp_container *c, dma_addr_t iova, unsigned long pfn,
		   unsigned long npage, int prot)
{
	struct hp_domain *d;
	int ret;

	list_for_each_entry(d, &c->domains, node) {
		ret = hp_domain_map(d, iova, pfn, npage, prot, c->leaf);
		if (ret)
			goto err_unmap;
	}
	return 0;

err_unmap:
	/* What they have all of goes whole; a sweep would take it leaf by leaf. */
	list_for_each_entry_continue_reverse(d, &c->domains, node)
		hp_domain_unmap(d, iova, npage << PAGE_SHIFT);
	return ret;
}

/**
 * hp_domains_unmap - unmap whole runs from all domains
 * @c: locked
 * @iova: where the first begins
 * @size: to where the last ends
 *
 * Return: true when no device can reach them any more.
 */
bool hp_domains_unmap(struct hp_container *c, dma_addr_t iova, size_t size)
{
	struct hp_domain *d;
	bool gone = true;

	list_for_each_entry(d, &c->domains, node) {
		gone = hp_domain_unmap(d, iova, size) && gone;
		cond_resched();
	}
	return gone;
}

/**
 * hp_domains_sweep - unmap from all domains what may be mapped in part
 * @c: locked
 * @iova: first
 * @size: in bytes
 *
 * Return: true when no device can reach it any more.
 */
bool hp_domains_sweep(struct hp_container *c, dma_addr_t iova, size_t size)
{
	struct hp_domain *d;
	bool gone = true;

	list_for_each_entry(d, &c->domains, node)
		gone = hp_domain_sweep(d, iova, size) && gone;
	return gone;
}
