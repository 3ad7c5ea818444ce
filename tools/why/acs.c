// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why an IOMMU group is as large as it is. Devices are one group where one may
 * reach the other without passing the IOMMU. That they may not, bridges and
 * functions promise by a capability, Access Control Services (ACS), which is in
 * the extended part of their configuration space. Who does not promise is in
 * the group himself, so the members alone tell the reason:
 *
 * - a bridge that is a member has it off or has none, and what is below comes in,
 * - functions of one device that has none are together.
 *
 * The kernel knows some devices better than they say (its quirks), and who is
 * not root reads the first 64 bytes only: then the reason is not known.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acs.h"
#include "base/alloc.h"
#include "base/system.h"
#include "base/tree.h"

/* PCI Express Base Specification, 7.5 and 7.7. */
#define PCI_STATUS		0x06
#define STATUS_HAS_LIST		0x10
#define PCI_SUBCLASS		0x0a
#define SUBCLASS_PCI		0x04
#define PCI_CLASS		0x0b
#define CLASS_BRIDGE		0x06
#define PCI_HEADER_TYPE		0x0e
#define HEADER_MULTIFUNCTION	0x80
#define PCI_LIST		0x34
#define CAP_PCIE		0x10
#define PCIE_FLAGS		2
#define EXTENDED		0x100
#define EXT_ACS			0x000d
#define ACS_CAP			4
#define ACS_CTRL		6
/* What the kernel asks for: validation, two redirections, forwarding. */
#define ACS_WANTED		0x1d
#define MAX_CAPS		96

/* Kinds of PCI Express functions that matter here. */
enum {
	PCIE_ROOT_PORT = 4,
	PCIE_UPSTREAM = 5,
	PCIE_DOWNSTREAM = 6,
	PCIE_TO_PCI = 7,
	PCI_TO_PCIE = 8,
	NOT_PCIE = -1,
};

struct function {
	bool readable;
	bool bridge;
	/* From one PCI bus to another, of whatever kind they are. */
	bool of_buses;
	bool multifunction;
	int kind;
	bool has_acs;
	/* Of what is wanted and could be on, what is off. */
	unsigned int off;
};

static unsigned int config_at(int fd, unsigned int at, size_t size)
{
	unsigned char raw[4] = { 0 };

	if (pread(fd, raw, size, at) != (ssize_t)size)
		return 0;
	return raw[0] | raw[1] << 8 | raw[2] << 16 | (unsigned int)raw[3] << 24;
}

static int kind_of(int fd)
{
	unsigned int at = config_at(fd, PCI_LIST, 1) & ~3u;

	if (!(config_at(fd, PCI_STATUS, 2) & STATUS_HAS_LIST))
		return NOT_PCIE;
	for (int nr = 0; at && nr < MAX_CAPS; nr++) {
		if (config_at(fd, at, 1) == CAP_PCIE)
			return config_at(fd, at + PCIE_FLAGS, 2) >> 4 & 0xf;
		at = config_at(fd, at + 1, 1) & ~3u;
	}
	return NOT_PCIE;
}

static void read_acs(int fd, struct function *function)
{
	unsigned int at = EXTENDED, head;

	for (int nr = 0; at >= EXTENDED && nr < MAX_CAPS; nr++) {
		head = config_at(fd, at, 4);
		if ((head & 0xffff) == EXT_ACS) {
			function->has_acs = true;
			function->off = ACS_WANTED &
					config_at(fd, at + ACS_CAP, 2) &
					~config_at(fd, at + ACS_CTRL, 2);
			return;
		}
		at = head >> 20 & ~3u;
	}
}

static struct function function_read(const char *bdf)
{
	struct function function = { .kind = NOT_PCIE };
	int fd = system_fd("/sys/bus/pci/devices/%s/config", bdf);
	unsigned char byte;

	if (fd < 0)
		return function;
	function.bridge = config_at(fd, PCI_CLASS, 1) == CLASS_BRIDGE;
	function.of_buses = function.bridge &&
			    config_at(fd, PCI_SUBCLASS, 1) == SUBCLASS_PCI;
	function.multifunction = config_at(fd, PCI_HEADER_TYPE, 1) &
				 HEADER_MULTIFUNCTION;
	function.kind = kind_of(fd);
	/* Of a conventional function there is no more than 256 bytes. */
	function.readable = pread(fd, &byte, 1, PCI_LIST + 0x40) == 1;
	if (function.kind != NOT_PCIE)
		read_acs(fd, &function);
	close(fd);
	return function;
}

static bool is_port(const struct function *function)
{
	return function->bridge && (function->kind == PCIE_ROOT_PORT ||
				    function->kind == PCIE_DOWNSTREAM);
}

static const char *kind_name(const struct function *function)
{
	switch (function->kind) {
	case PCIE_ROOT_PORT:
		return "root port";
	case PCIE_DOWNSTREAM:
		return "downstream port of a switch";
	default:
		return "port";
	}
}

/*
 * Bridges between buses: the host's and the ISA bridge are functions. One of
 * conventional PCI has no capability to tell by, but its class.
 */
static bool joins_buses(const struct function *function)
{
	return function->bridge &&
	       (is_port(function) || function->kind == PCIE_TO_PCI ||
		function->kind == PCI_TO_PCIE ||
		(function->kind == NOT_PCIE && function->of_buses));
}

static void tell_bridge(struct json_object *list, const char *bdf,
			const struct function *function)
{
	char *text = NULL;

	if (!is_port(function))
		text = alloc_print("%s is a bridge %s conventional PCI: what is behind it comes as one device",
				   bdf, function->kind == NOT_PCIE ? "of" :
				   "between PCI Express and");
	else if (!function->has_acs)
		text = alloc_print("%s, a %s, has no ACS (Access Control Services): what is below it is one group with it",
				   bdf, kind_name(function));
	else if (function->off)
		text = alloc_print("%s, a %s, has parts of ACS (Access Control Services) off (0x%x of 0x%x): what is below it is one group with it",
				   bdf, kind_name(function), function->off,
				   ACS_WANTED);
	if (text)
		tree_append_word(list, text);
	free(text);
}

/* "0000:00:1f" of 0000:00:1f.3: functions of one device share it. */
static bool is_same_device(const char *a, const char *b)
{
	const char *dot = strrchr(a, '.');

	return dot && !strncmp(a, b, dot - a + 1);
}

/* The first of several functions of one device speaks for all of them. */
static bool has_sibling(struct json_object *members, const char *bdf)
{
	bool more = false;

	tree_foreach(members, other, driver) {
		(void)driver;
		if (!is_same_device(bdf, other) || !strcmp(bdf, other))
			continue;
		if (strcmp(other, bdf) < 0)
			return false;
		more = true;
	}
	return more;
}

static void tell_function(struct json_object *list,
			  struct json_object *members, const char *bdf,
			  const struct function *function)
{
	char *text;

	if (!has_sibling(members, bdf) || !function->multifunction ||
	    (function->has_acs && !function->off))
		return;
	text = alloc_print("%s and the other functions of that device have no ACS (Access Control Services): they may reach each other",
			   bdf);
	tree_append_word(list, text);
	free(text);
}

static void tell_unknown(struct json_object *list, const char *unread)
{
	char *text;

	if (unread)
		text = alloc_print("why they are one group is not to be seen: the configuration space of %s is for root to read",
				   unread);
	else
		text = alloc_copy("why they are one group is not to be seen: neither a bridge nor functions without ACS are among them");
	tree_append_word(list, text);
	free(text);
}

struct json_object *acs_reasons(struct json_object *members)
{
	struct json_object *list = tree_new_list();
	const char *unread = NULL;

	if (json_object_object_length(tree_members(members)) < 2)
		return list;
	tree_foreach(members, bdf, driver) {
		struct function function = function_read(bdf);

		(void)driver;
		if (!function.readable)
			unread = unread ?: bdf;
		else if (joins_buses(&function))
			tell_bridge(list, bdf, &function);
		else
			tell_function(list, members, bdf, &function);
	}
	if (!tree_length(list))
		tell_unknown(list, unread);
	return list;
}
