// SPDX-License-Identifier: GPL-2.0
/* Helpers of the tests of the cpu controller. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cpu_util.h"
#include "rc_util.h"

#define SCHED_DEBUG "/sys/kernel/debug/sched/debug"

const char *cpu_read(const char *grp, const char *file)
{
	char buf[256];
	int len = rc_read(rc_fmt("%s/%s", grp, file), buf, sizeof(buf));

	if (len <= 0)
		return "";
	if (buf[len - 1] == '\n')
		buf[len - 1] = '\0';
	return rc_fmt("%s", buf);
}

int cpu_write(const char *grp, const char *file, const char *text)
{
	return rc_write(rc_fmt("%s/%s", grp, file), text);
}

bool cpu_can_tell(void)
{
	return !access(SCHED_DEBUG, R_OK);
}

/*
 * A line of those is "S comm pid vruntime ..." and ends with the path. The names of
 * our tests have no blanks.
 */
static bool names(char *line, pid_t tid, const char **place)
{
	char *state, *comm, *pid, *word, *save, *last = "";

	state = strtok_r(line, " ", &save);
	comm = strtok_r(NULL, " ", &save);
	pid = strtok_r(NULL, " ", &save);
	if (!state || !comm || !pid || atoi(pid) != tid)
		return false;
	/* The CPU's description has numbers, too, but no such third word. */
	if (strlen(state) > 2)
		return false;
	while ((word = strtok_r(NULL, " ", &save)))
		last = word;
	*place = *last == '/' ? rc_fmt("%s", last) : "";
	return true;
}

static const char *look_for(pid_t tid)
{
	char *text = rc_text(SCHED_DEBUG), *line, *save;
	const char *place = "";

	if (!text)
		return "";
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (names(line, tid, &place))
			break;
	free(text);
	return place;
}

/* CPU after CPU is shown: who goes to one that was, from one that comes, is in neither. */
const char *cpu_place(pid_t tid)
{
	const char *place = "";
	int i;

	for (i = 0; i < 20 && !*place; i++)
		place = look_for(tid);
	return place;
}

long long cpu_time(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		return -1;
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

int cpu_pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

pid_t cpu_hog(const char *grp, int cpu)
{
	pid_t pid = rc_spinner();

	if (pid < 0 || rc_attach(grp, pid) || (cpu >= 0 && cpu_pin(pid, cpu)))
		return -1;
	return pid;
}

bool cpu_near(double got, double want)
{
	return got > want * (100 - CPU_NEAR) / 100 &&
	       got < want * (100 + CPU_NEAR) / 100;
}

void cpu_start_parts(struct cpu_part *parts, int nr)
{
	for (int i = 0; i < nr; i++)
		parts[i].start = cpu_time(parts[i].pid);
}

int cpu_hog_parts(struct cpu_part *parts, int nr)
{
	for (int i = 0; i < nr; i++) {
		parts[i].pid = cpu_hog(parts[i].grp, 0);
		if (parts[i].pid < 0)
			return -EAGAIN;
	}
	cpu_start_parts(parts, nr);
	return 0;
}

/* In seconds, of all parts together. */
static double used_by(struct cpu_part *parts, int nr)
{
	long long used[CPU_MAX_PARTS], all = 0;

	for (int i = 0; i < nr; i++) {
		used[i] = cpu_time(parts[i].pid) - parts[i].start;
		all += used[i];
	}
	for (int i = 0; i < nr; i++)
		parts[i].got = all ? 100.0 * used[i] / all : 0;
	return all / 1e6;
}

bool cpu_parts_are_near(struct cpu_part *parts, int nr)
{
	if (used_by(parts, nr) < CPU_SECONDS)
		return false;
	for (int i = 0; i < nr; i++)
		if (!cpu_near(parts[i].got, parts[i].want))
			return false;
	return true;
}
