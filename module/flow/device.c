// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - devices and the domain each is attached to
 *
 * Model. A device translates through one domain at a time, so one entry a
 * device says it all: attaching moves the entry, attaching to a domain that is
 * not tracked (the host's own) removes it. Entries copy name and group; no
 * reference to the device is held and its address is only compared.
 *
 * Locking: @devices_lock, raw, because attach handlers run with preemption off;
 * attaching is rare and the list is short (devices given to VFIO).
 */
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "../base/bdf.h"
#include "../base/pool.h"
#include "../base/text.h"
#include "device.h"

struct ivs_device {
	struct list_head link;
	const struct device *dev;
	u64 domain;
	int group;
	bool pci;
	struct ivs_bdf requester;
	char name[32];
};

static struct ivs_pool pool = {
	.name = "ivs_device",
	.size = sizeof(struct ivs_device),
	.reserve = 64,
	.limit = 4096,
};

static LIST_HEAD(devices);
static DEFINE_RAW_SPINLOCK(devices_lock);

static struct ivs_device *device_find(const struct device *dev)
{
	struct ivs_device *entry;

	list_for_each_entry(entry, &devices, link)
		if (entry->dev == dev)
			return entry;
	return NULL;
}

static struct ivs_device *device_new(struct device *dev)
{
	struct ivs_device *entry = ivs_pool_get(&pool);

	if (!entry)
		return NULL;
	entry->dev = dev;
	list_add_tail(&entry->link, &devices);
	return entry;
}

/**
 * ivs_device_move - a device translates through another domain now
 * @dev: the device
 * @domain: id of the domain's record, 0 for one that is not tracked
 *
 * Context: the caller attaches or detaches @dev, so that its group cannot go;
 * any but NMI.
 * Return: 0, or -ENOMEM when there is no room to remember it.
 */
int ivs_device_move(struct device *dev, u64 domain)
{
	struct ivs_device *entry;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&devices_lock, flags);
	entry = device_find(dev);
	if (!domain) {
		if (entry) {
			list_del(&entry->link);
			ivs_pool_put(&pool, entry);
		}
		goto out;
	}
	if (!entry)
		entry = device_new(dev);
	if (!entry) {
		ret = -ENOMEM;
		goto out;
	}
	entry->domain = domain;
	entry->group = dev->iommu_group ? iommu_group_id(dev->iommu_group) : -1;
	entry->pci = dev_is_pci(dev);
	if (entry->pci)
		ivs_bdf_requester(to_pci_dev(dev), &entry->requester);
	strscpy(entry->name, dev_name(dev), sizeof(entry->name));
out:
	raw_spin_unlock_irqrestore(&devices_lock, flags);
	return ret;
}

/* ivs_device_any - does any device translate through a domain? */
bool ivs_device_any(u64 domain)
{
	struct ivs_device *entry;
	unsigned long flags;
	bool any = false;

	raw_spin_lock_irqsave(&devices_lock, flags);
	list_for_each_entry(entry, &devices, link)
		any |= entry->domain == domain;
	raw_spin_unlock_irqrestore(&devices_lock, flags);
	return any;
}

/**
 * ivs_device_nth - a PCI device of a domain
 * @domain: id of the domain's record
 * @nth: which of them, from 0 on
 * @bdf: the address that its requests carry
 *
 * Context: any but NMI.
 * Return: false when there are no more.
 */
bool ivs_device_nth(u64 domain, unsigned int nth, struct ivs_bdf *bdf)
{
	struct ivs_device *entry;
	unsigned long flags;
	bool found = false;

	raw_spin_lock_irqsave(&devices_lock, flags);
	list_for_each_entry(entry, &devices, link) {
		if (entry->domain != domain || !entry->pci || nth--)
			continue;
		*bdf = entry->requester;
		found = true;
		break;
	}
	raw_spin_unlock_irqrestore(&devices_lock, flags);
	return found;
}

/* Devices of one group are attached one after the other. */
static void device_show_groups(struct seq_file *m, u64 domain)
{
	struct ivs_device *entry;
	const char *comma = "";
	int last = -1;

	seq_puts(m, " group=");
	list_for_each_entry(entry, &devices, link) {
		if (entry->domain != domain || entry->group == last)
			continue;
		last = entry->group;
		seq_printf(m, "%s%d", comma, last);
		comma = ",";
	}
	if (!*comma)
		seq_puts(m, "none");
}

static void device_show_names(struct seq_file *m, u64 domain)
{
	struct ivs_device *entry;
	const char *comma = "";

	list_for_each_entry(entry, &devices, link) {
		if (entry->domain != domain)
			continue;
		seq_puts(m, comma);
		ivs_text_word(m, entry->name);
		comma = ",";
	}
}

/* ivs_device_list - write the names of a domain's devices */
void ivs_device_list(struct seq_file *m, u64 domain)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&devices_lock, flags);
	device_show_names(m, domain);
	raw_spin_unlock_irqrestore(&devices_lock, flags);
}

/* ivs_device_show - write ` group=... devices=...` of a domain */
void ivs_device_show(struct seq_file *m, u64 domain)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&devices_lock, flags);
	device_show_groups(m, domain);
	seq_puts(m, " devices=");
	device_show_names(m, domain);
	raw_spin_unlock_irqrestore(&devices_lock, flags);
}

int ivs_device_init(void)
{
	return ivs_pool_init(&pool);
}

void ivs_device_exit(void)
{
	struct ivs_device *entry, *next;

	list_for_each_entry_safe(entry, next, &devices, link) {
		list_del(&entry->link);
		ivs_pool_put(&pool, entry);
	}
	ivs_pool_exit(&pool);
}
