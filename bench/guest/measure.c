// SPDX-License-Identifier: GPL-2.0
/*
 * Counting instructions, and printing what was counted: a line a row,
 *
 *   ROW TAB X TAB MEDIAN TAB MEAN TAB SAMPLES TAB REASON
 *
 * where X is what the row depends on, and REASON says why there is no number.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "bench.h"

/* A profiler looks on while the first row that comes is repeated for ever. */
bool endless;

static uint64_t samples[MAX_SAMPLES];
static unsigned int nr_samples;

void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "bench: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", strerror(err));
	_Exit(1);
}

/* Under icount the counter goes up by one an instruction. */
uint64_t now(void)
{
	return __rdtsc();
}

void rest(unsigned int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L,
	};

	if (nanosleep(&ts, NULL))
		die("nanosleep");
}

/* How long the first CPU has been idle, in nanoseconds. */
uint64_t idle_time(void)
{
	FILE *f = fopen("/proc/timer_list", "r");
	unsigned long long ns;
	char line[256];

	if (!f)
		die("/proc/timer_list");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " .idle_sleeptime : %llu nsecs", &ns) == 1) {
			fclose(f);
			return ns;
		}
	}
	die("no idle time in /proc/timer_list");
}

void sample_start(void)
{
	if (endless) {
		puts("ready");
		fflush(stdout);
	}
}

void sample(uint64_t val)
{
	if (nr_samples == MAX_SAMPLES)
		die("too many samples");
	samples[nr_samples++] = val;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Takes the samples that there are. */
void report(const char *row, unsigned long x)
{
	double sum = 0;

	if (!nr_samples)
		die("%s %lu: no samples", row, x);
	qsort(samples, nr_samples, sizeof(*samples), compare);
	for (unsigned int i = 0; i < nr_samples; i++)
		sum += samples[i];
	printf("%s\t%lu\t%llu\t%.0f\t%u\t\n", row, x,
	       (unsigned long long)samples[nr_samples / 2], sum / nr_samples,
	       nr_samples);
	fflush(stdout);
	nr_samples = 0;
}

/* A number that is not made of samples. */
void report_value(const char *row, unsigned long x, double val)
{
	printf("%s\t%lu\t%.0f\t%.0f\t1\t\n", row, x, val, val);
	fflush(stdout);
}

void report_none(const char *row, unsigned long x, const char *reason)
{
	printf("%s\t%lu\t-\t-\t0\t%s\n", row, x, reason);
	fflush(stdout);
}
