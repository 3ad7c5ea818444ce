// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Intel driver reports faults nowhere but in the kernel's log, from an
 * interrupt, so one may have to wait for it.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "faults.h"
#include "must.h"

#define WAIT_MS 5000

int faults_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	must_op(fd, >=, 0);
	must_op(lseek(fd, 0, SEEK_END), >=, 0);
	return fd;
}

unsigned int faults_wait(int fd, const char *bdf, __u64 iova)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char line[8192], device[32], address[2][64];
	unsigned int found = 0;
	ssize_t len;

	/* Up to 6.12 the log leaves the segment out. */
	snprintf(device, sizeof(device), "%s]", strchr(bdf, ':') + 1);
	snprintf(address[0], sizeof(address[0]), "fault addr 0x%llx ",
		 iova & ~0xfffULL);
	/* So 5.10. */
	snprintf(address[1], sizeof(address[1]), "fault addr %llx ",
		 iova & ~0xfffULL);
	while (poll(&pollfd, 1, found ? 0 : WAIT_MS) > 0) {
		len = read(fd, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		must_op(len, >, 0);
		line[len] = '\0';
		found += strstr(line, "DMAR: ") && strstr(line, device) &&
			 (strstr(line, address[0]) || strstr(line, address[1]));
	}
	/*
	 * VT-d prints by one ratelimit, of ten in 5 s, and asks it three times
	 * for each fault (6.1 intel/dmar.c dmar_fault()): two seconds later it
	 * prints the next one for sure.
	 */
	sleep(2);
	return found;
}

void faults_close(int fd)
{
	close(fd);
}
