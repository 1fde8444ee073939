/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of the tests of the cpu controller.
 */
#ifndef CPU_UTIL_H
#define CPU_UTIL_H

#include <stdbool.h>
#include <sys/types.h>

/* What a file of a group shows, without the newline; "" if it cannot be read. */
const char *cpu_read(const char *grp, const char *file);
int cpu_write(const char *grp, const char *file, const char *text);

/* Can be told where tasks are scheduled? */
bool cpu_can_tell(void);
/*
 * The name of the task group in which the scheduler has a thread: the path of a
 * group of ours or of a cgroup, "/" for the root; "" if it has none, or there is no
 * such thread.
 */
const char *cpu_place(pid_t tid);

/* CPU time of a process, in microseconds. */
long long cpu_time(pid_t pid);
int cpu_pin(pid_t pid, int cpu);
/* A busy loop in a group, on a CPU, or on all of them if that is -1. */
pid_t cpu_hog(const char *grp, int cpu);

/*
 * Shares. What busy loops have got by then is compared with what they should have, again
 * and again until it is near enough: it comes nearer the longer they run, as the scheduler
 * makes up for each turn that was too long, and emulated CPUs that wait for a real one
 * have many such turns. A division by other rules comes nearer to something else.
 */

/*
 * How far a share may be off, in percent of it, and after how many seconds of CPU time
 * it is looked at first.
 */
#define CPU_NEAR 5
#define CPU_SECONDS 3

#define CPU_MAX_PARTS 8

/* @want: of all that the parts get, in percent */
struct cpu_part {
	const char *grp;
	double want;
	pid_t pid;
	long long start;
	double got;
};

bool cpu_near(double got, double want);
/* A busy loop for each, all of them on one CPU, so that nobody has to balance. */
int cpu_hog_parts(struct cpu_part *parts, int nr);
/* What they get counts from here. */
void cpu_start_parts(struct cpu_part *parts, int nr);
bool cpu_parts_are_near(struct cpu_part *parts, int nr);

#define CPU_EXPECT_PARTS(parts) do {					\
	EXPECT_TRUE(RC_WAIT(cpu_parts_are_near(parts, ARRAY_SIZE(parts)))); \
	for (size_t __i = 0; __i < ARRAY_SIZE(parts); __i++)		\
		TH_LOG("%5.2f %% of %5.2f", (parts)[__i].got, (parts)[__i].want); \
} while (0)

#endif /* CPU_UTIL_H */
