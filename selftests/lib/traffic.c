// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic of the host's drivers: mappings that VFIO has no part in, and that
 * the module must not count.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include "file.h"
#include "must.h"
#include "pci.h"
#include "traffic.h"

#define BLOCK 4096

/* The first entry of a directory that starts with prefix. */
static int first_entry(const char *dir, const char *prefix, char name[64])
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int found = 0;

	while (d && !found && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' ||
		    strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		snprintf(name, 64, "%.63s", entry->d_name);
		found = 1;
	}
	if (d)
		closedir(d);
	return found;
}

/* A driver's probe may go on for a while after binding. */
static void wait_entry(const char *dir, const char *prefix, char name[64])
{
	const struct timespec step = { .tv_nsec = 50000000 };
	int tries = 200;

	while (!first_entry(dir, prefix, name)) {
		if (!tries--)
			must_fail("nothing like %s* appeared in %s", prefix,
				  dir);
		nanosleep(&step, NULL);
	}
}

void traffic_drive(const char *bdf, const char *driver)
{
	const char *const load[] = { "modprobe", driver, NULL };
	char now[64];

	must_eq(run(load), 0);
	pci_driver(bdf, now);
	if (!now[0])
		pci_bind(bdf, driver);
}

void traffic_nvme(const char *bdf, unsigned int nr)
{
	char dir[160], ctrl[64], ns[64], path[80];
	void *buf;
	int fd;

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/nvme", bdf);
	wait_entry(dir, "nvme", ctrl);
	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/nvme/%s", bdf,
		 ctrl);
	wait_entry(dir, ctrl, ns);
	snprintf(path, sizeof(path), "/dev/%s", ns);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	must_op(fd, >=, 0);
	must_eq(posix_memalign(&buf, BLOCK, BLOCK), 0);
	while (nr--)
		must_eq(pread(fd, buf, BLOCK, (off_t)nr * BLOCK), BLOCK);
	free(buf);
	close(fd);
}

static void nic_up(int fd, const char *name)
{
	struct ifreq ifr = {};

	snprintf(ifr.ifr_name, IFNAMSIZ, "%.15s", name);
	must_eq(ioctl(fd, SIOCGIFFLAGS, &ifr), 0);
	ifr.ifr_flags |= IFF_UP;
	must_eq(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
}

static int nic_running(int fd, const char *name)
{
	struct ifreq ifr = {};

	snprintf(ifr.ifr_name, IFNAMSIZ, "%.15s", name);
	must_eq(ioctl(fd, SIOCGIFFLAGS, &ifr), 0);
	return ifr.ifr_flags & IFF_RUNNING;
}

void traffic_nic(const char *bdf, unsigned int nr)
{
	const struct timespec step = { .tv_nsec = 2000000 };
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_halen = ETH_ALEN,
		.sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	unsigned char frame[128] = { 0 };
	char dir[160], name[64];
	int fd, tries = 2000;

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/net", bdf);
	wait_entry(dir, "", name);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	must_op(fd, >=, 0);
	nic_up(fd, name);
	while (!nic_running(fd, name)) {
		must(tries--);
		nanosleep(&step, NULL);
	}
	to.sll_ifindex = if_nametoindex(name);
	memset(frame, 0xff, 2 * ETH_ALEN);
	frame[12] = 0x88;	/* ETH_P_802_EX1: for experiments */
	frame[13] = 0xb5;
	while (nr--) {
		must_eq(sendto(fd, frame, sizeof(frame), 0, (void *)&to,
			       sizeof(to)), sizeof(frame));
		nanosleep(&step, NULL);
	}
	close(fd);
}
