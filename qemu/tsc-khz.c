// SPDX-License-Identifier: GPL-2.0
/*
 * Prints how many thousand ticks the host's time stamp counter makes a second.
 * An emulated guest reads that counter, and cannot measure it while the host is
 * busy: its CPU time and its wall clock would run at different speeds then.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int main(void)
{
	const struct timespec nap = { .tv_nsec = 200 * 1000 * 1000 };
	unsigned long long ticks = __rdtsc();
	double start = now();

	nanosleep(&nap, NULL);
	ticks = __rdtsc() - ticks;
	printf("%.0f\n", ticks / (now() - start) / 1e3);
	return 0;
}
