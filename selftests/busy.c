// SPDX-License-Identifier: GPL-2.0-only
/*
 * busy - the host's own devices at work, until somebody kills it
 *
 * An NVMe disk read by several readers, an e1000e that sends, and another tool's
 * kprobes on the functions that the module probes. "busy" is printed when all of
 * it runs. The last device of each kind, so that tests have the first.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/must.h"
#include "lib/others.h"
#include "lib/pci.h"
#include "lib/traffic.h"

#define READERS	4
#define BLOCKS	256
#define FRAMES	64

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static void find_last(const char *name, char bdf[PCI_BDF_LEN])
{
	unsigned int nr = 0;

	while (!__pci_find(name, nr, bdf))
		nr++;
	must_op(nr, >, 1);
	pci_find(name, nr - 1, bdf);
}

static void for_ever(void (*traffic)(const char *bdf, unsigned int nr),
		     const char *bdf, unsigned int nr)
{
	pid_t pid = fork();

	must_op(pid, >=, 0);
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	/* Tests must get done as well; interrupts come first anyway. */
	must_op(nice(10), >=, 0);
	for (;;)
		traffic(bdf, nr);
}

int main(void)
{
	char nvme[PCI_BDF_LEN], nic[PCI_BDF_LEN];
	unsigned int i;

	signal(SIGTERM, on_signal);
	find_last("nvme", nvme);
	find_last("e1000e", nic);
	traffic_drive(nvme, "nvme");
	traffic_drive(nic, "e1000e");
	traffic_nvme(nvme, 1);
	traffic_nic(nic, 1);
	others_begin();
	for (i = 0; i < READERS; i++)
		for_ever(traffic_nvme, nvme, BLOCKS);
	for_ever(traffic_nic, nic, FRAMES);
	puts("busy");
	fflush(stdout);
	while (!stopped)
		pause();
	others_end();
	return 0;
}
