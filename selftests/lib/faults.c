// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Intel driver reports faults nowhere but in the kernel's log, from an
 * interrupt, so one may have to wait for it.
 */
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"
#include "must.h"

#define WAIT_MS 5000

/*
 * All of VT-d's lines share one ratelimit, of ten in 5 s, and each fault asks
 * it three times (6.1 intel/dmar.c dmar_fault()). So three faults are printed
 * for sure in any 5 s, and the fourth may be silent. The log's clock is not
 * quite ours: 6 s.
 */
#define BURST 3
#define WINDOW_US 6000000

int faults_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	must_op(fd, >=, 0);
	must_op(lseek(fd, 0, SEEK_END), >=, 0);
	return fd;
}

/* One record of the log, "PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT". */
static int next_record(int fd, char *line, size_t size)
{
	ssize_t len;

	/* What was overwritten before it was read is no error here. */
	do {
		len = read(fd, line, size - 1);
	} while (len < 0 && errno == EPIPE);
	if (len < 0)
		return 0;
	line[len] = '\0';
	return 1;
}

/* When VT-d last printed BURST faults in a row, the first of them was then. */
static long long burst_began_us(void)
{
	long long at[BURST] = { -WINDOW_US, -WINDOW_US, -WINDOW_US };
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[8192], *stamp;
	unsigned int nr = 0;

	must_op(fd, >=, 0);
	while (next_record(fd, line, sizeof(line))) {
		if (!strstr(line, "DMAR: ") || !strstr(line, "fault addr"))
			continue;
		stamp = strchr(strchr(line, ',') + 1, ',') + 1;
		at[nr++ % BURST] = strtoll(stamp, NULL, 10);
	}
	close(fd);
	return at[nr % BURST];
}

void faults_make_room(void)
{
	long long left_us = burst_began_us() + WINDOW_US;
	struct timespec now;

	must_work(clock_gettime(CLOCK_MONOTONIC, &now));
	left_us -= now.tv_sec * 1000000LL + now.tv_nsec / 1000;
	if (left_us > 0)
		must_work(usleep(left_us));
}

unsigned int faults_wait(int fd, const char *bdf, __u64 iova)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char line[8192], device[32], address[2][64];
	unsigned int found = 0;

	/* Up to 6.12 the log leaves the segment out. */
	snprintf(device, sizeof(device), "%s]", strchr(bdf, ':') + 1);
	snprintf(address[0], sizeof(address[0]), "fault addr 0x%llx ",
		 iova & ~0xfffULL);
	/* So 5.10. */
	snprintf(address[1], sizeof(address[1]), "fault addr %llx ",
		 iova & ~0xfffULL);
	while (poll(&pollfd, 1, found ? 0 : WAIT_MS) > 0 &&
	       next_record(fd, line, sizeof(line)))
		found += strstr(line, "DMAR: ") && strstr(line, device) &&
			 (strstr(line, address[0]) || strstr(line, address[1]));
	return found;
}

void faults_close(int fd)
{
	close(fd);
}
