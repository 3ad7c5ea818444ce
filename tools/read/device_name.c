// SPDX-License-Identifier: GPL-2.0-only
/*
 * "NVIDIA H100 PCIe" for 0000:3b:00.0: sysfs has the numbers of the device,
 * libpci the names that belong to them. The list has whole company names, and
 * the marketing name in brackets behind that of the chip; people say less.
 */
#include <pci/pci.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/compiler.h"
#include "base/system.h"
#include "base/tree.h"
#include "device_name.h"

#define NAME_LIST		"/usr/share/misc/pci.ids"

static jmp_buf broken;

/* libpci takes it for granted that this does not return. */
static __noreturn void list_is_broken(char *fmt, ...)
{
	(void)fmt;
	longjmp(broken, 1);
}

static void list_is_odd(char *fmt, ...)
{
	(void)fmt;
}

/* The list is read once; without one libpci knows no name. */
static struct pci_access *names(void)
{
	static struct pci_access *access;
	char *path;

	if (access)
		return access;
	access = pci_alloc();
	access->error = list_is_broken;
	access->warning = list_is_odd;
	access->debug = list_is_odd;
	path = system_path(NAME_LIST);
	pci_set_name_list_path(access, path, 1);
	return access;
}

/* What is in brackets at the end, or all of it. */
static const char *bracketed(char *name)
{
	size_t len = strlen(name);
	char *open = strrchr(name, '[');

	if (!open || name[len - 1] != ']')
		return name;
	name[len - 1] = '\0';
	return open + 1;
}

/* "NVIDIA Corporation" without what makes it a company. */
static const char *company(char *name)
{
	static const char *const ends[] = {
		" Corporation", " Corp.", " Corp", ", Inc.", " Inc.", " Inc",
		" Technologies", " Semiconductor", " Limited", " Ltd.",
		", Ltd.", " Co.", " Co.,", " Electronics", ","
	};
	const char *said = bracketed(name);

	if (said != name)
		return said;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t len = strlen(name), end = strlen(ends[i]);

		if (len <= end || strcmp(name + len - end, ends[i]))
			continue;
		name[len - end] = '\0';
		i = -1;
	}
	return name;
}

/* NULL when the list has no such name, or is none. To be freed. */
static char *lookup(uint64_t vendor, uint64_t device)
{
	char maker[256], model[256];
	int flags = PCI_LOOKUP_NO_NUMBERS;

	if (setjmp(broken))
		return NULL;
	if (!pci_lookup_name(names(), maker, sizeof(maker),
			     flags | PCI_LOOKUP_VENDOR, (int)vendor) ||
	    !pci_lookup_name(names(), model, sizeof(model),
			     flags | PCI_LOOKUP_DEVICE, (int)vendor,
			     (int)device))
		return NULL;
	return alloc_print("%s %s", company(maker), bracketed(model));
}

struct json_object *device_name(const char *bdf)
{
	struct json_object *facts = tree_new();
	uint64_t vendor, device, node;
	char *name = NULL;

	if (system_u64(&vendor, "/sys/bus/pci/devices/%s/vendor", bdf) &&
	    system_u64(&device, "/sys/bus/pci/devices/%s/device", bdf))
		name = lookup(vendor, device);
	if (name) {
		clean_word(name);
		tree_add_word(facts, "name", name);
	}
	/* -1 is what the kernel says of a device that is near to none. */
	if (system_u64(&node, "/sys/bus/pci/devices/%s/numa_node", bdf) &&
	    node <= INT32_MAX)
		tree_add_u64(facts, "numa_node", node);
	free(name);
	return facts;
}
