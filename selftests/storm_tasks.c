// SPDX-License-Identifier: GPL-2.0
/* The storm at tasks: they are moved, killed, stopped, traced, given other policies. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

#define MAX_IDS 512

/* The id of the last task that was born in this pid namespace. */
static pid_t youngest(void)
{
	char buf[128], *last;

	if (rc_read("/proc/loadavg", buf, sizeof(buf)) <= 0)
		return 1;
	last = strrchr(buf, ' ');
	return last ? atoi(last) : 1;
}

/* A group's file says who is in it, to whoever reads: in his own ids. */
static pid_t listed(struct storm_actor *me, const char *path)
{
	char *file = strdup(path);
	const char *grp = storm_group(me);
	pid_t *ids = NULL, id = 0;
	int nr = grp ? rc_list(rc_fmt("%s/tasks", grp), &ids) : 0;

	if (nr > 0)
		id = ids[storm_pick(me, nr)];
	free(ids);
	snprintf(me->at, sizeof(me->at), "%s", file);
	free(file);
	return id;
}

const char *storm_task_id(struct storm_actor *me, const char *path)
{
	unsigned int kind = storm_pick(me, 100);
	pid_t id = 0;

	if (kind < 45)
		id = storm_own_subject(me);
	else if (kind < 65)
		id = listed(me, path);
	else if (kind < 85 && !me->boxed)
		id = storm->actor[storm_pick(me, STORM_MAX_ACTORS)].pid;
	else if (kind < 90)
		/* A kernel thread that its maker is not done with, for one. */
		id = youngest() + storm_pick(me, 3) - 1;
	else if (kind < 95 && (me->who & STORM_ROOT))
		id = 1 + storm_pick(me, 150);
	else if (kind < 97)
		return "0";
	else
		return rc_fmt("%u", storm_pick(me, 1 << 22));
	/* Init, and what runs the test, have no part in it. */
	if (!me->boxed && id > 150 && id <= storm->first_pid)
		id = 0;
	return id > 1 || me->boxed ? rc_fmt("%d", id) : "x";
}

int storm_op_move(struct storm_actor *me)
{
	const char *grp = storm_group(me), *id;
	char *file;
	int ret;

	if (!grp)
		return -EAGAIN;
	file = strdup(rc_fmt("%s/%s", grp, storm_chance(me, 50) ? "tasks" : "procs"));
	id = storm_task_id(me, file);
	snprintf(me->at, sizeof(me->at), "%.200s < %.10s", file, id);
	ret = rc_write(file, id);
	free(file);
	return ret;
}

/* The same task again and again, between two groups. */
int storm_op_move_to_and_fro(struct storm_actor *me)
{
	const char *grp = storm_group(me), *id;
	int to[2], i, nr = 10 + storm_pick(me, 60), ret = 0;

	if (!grp)
		return -EAGAIN;
	to[0] = rc_open(rc_fmt("%s/procs", grp), O_WRONLY);
	grp = storm_group(me);
	to[1] = rc_open(rc_fmt("%s/tasks", grp ?: "/"), O_WRONLY);
	id = rc_fmt("%d", storm_own_subject(me));
	for (i = 0; i < nr && (to[0] >= 0 || to[1] >= 0); i++)
		ret = rc_write_fd(to[i % 2], id, strlen(id));
	close(to[0]);
	close(to[1]);
	return ret;
}

/* Whatever is born, as soon as it is there: kernel threads, too. */
int storm_op_catch(struct storm_actor *me)
{
	const char *grp = storm_group(me);
	int fd, i, nr = 0;

	fd = grp ? rc_open(rc_fmt("%s/tasks", grp), O_WRONLY) : -EAGAIN;
	if (fd < 0)
		return fd;
	storm_op_workers(me);
	for (i = 0; i < 300; i++) {
		const char *id = rc_fmt("%d", youngest() + i % 4);

		nr += !rc_write_fd(fd, id, strlen(id));
	}
	close(fd);
	return nr;
}

int storm_op_evacuate(struct storm_actor *me)
{
	const char *grp = storm_group(me);
	char *from, *to;
	int ret;

	if (!grp || strlen(strstr(grp, "/rc/")) < 5 || !strchr(strstr(grp, "/rc/") + 4, '/'))
		return -EAGAIN;
	from = strdup(grp);
	to = strdup(grp);
	*strrchr(to, '/') = '\0';
	ret = storm_evacuate(from, to);
	free(from);
	free(to);
	return ret;
}

int storm_op_kill(struct storm_actor *me)
{
	pid_t pid = storm_own_subject(me);

	return pid && !kill(pid, SIGKILL) ? 0 : -ESRCH;
}

int storm_op_kill_worker(struct storm_actor *me)
{
	pid_t pid = storm->actor[storm_pick(me, STORM_MAX_WORKERS)].pid;

	return pid > 1 && pid != getpid() && !kill(pid, SIGKILL) ? 0 : -ESRCH;
}

/* Moved while it is stopped. */
int storm_op_stop(struct storm_actor *me)
{
	pid_t pid = storm_own_subject(me);
	int ret;

	if (!pid || kill(pid, SIGSTOP))
		return -ESRCH;
	ret = storm_op_move_to_and_fro(me);
	kill(pid, SIGCONT);
	return ret;
}

/*
 * A deadline task that could not be preempted in time, as it was in the kernel or its CPU
 * was another's, waits five times as long as it was late.
 */
static int set_policy(pid_t pid, int policy, int priority)
{
	struct sched_attr attr = { .size = sizeof(attr), .sched_policy = policy };

	if (policy == SCHED_DEADLINE) {
		attr.sched_runtime = 20000000;
		attr.sched_deadline = 100000000;
		attr.sched_period = 100000000;
	}
	attr.sched_priority = priority;
	return syscall(SYS_sched_setattr, pid, &attr, 0) ? -errno : 0;
}

/* Subjects sleep most of the time, so that FIFO does no harm. */
int storm_op_policy(struct storm_actor *me)
{
	static const int policies[] = {
		SCHED_NORMAL, SCHED_IDLE, SCHED_BATCH, SCHED_FIFO, SCHED_DEADLINE,
		SCHED_DEADLINE,
	};
	int policy = policies[storm_pick(me, ARRAY_SIZE(policies))], ret, i;
	pid_t pid = storm_own_subject(me);

	ret = set_policy(pid, policy, policy == SCHED_FIFO ? 1 + storm_pick(me, 30) : 0);
	if (policy != SCHED_DEADLINE)
		return ret;
	/* To and fro, while others move it to other CPUs. */
	for (i = 0; i < 8; i++) {
		set_policy(pid, SCHED_NORMAL, 0);
		ret = set_policy(pid, SCHED_DEADLINE, 0);
		if (!ret && i % 2)
			storm_op_move(me);
	}
	return ret;
}

/* Only those who have a name that says so: by themselves, see storm_op_ask(). */
int storm_op_affinity(struct storm_actor *me)
{
	pid_t pid = storm_own_subject(me);
	char name[32] = "";
	cpu_set_t set;
	int i, bits = 1 + storm_pick(me, 255);

	if (!pid || rc_read(rc_fmt("/proc/%d/comm", pid), name, sizeof(name)) < 0 ||
	    strncmp(name, STORM_ASKED, strlen(STORM_ASKED)))
		return -ESRCH;
	CPU_ZERO(&set);
	for (i = 0; i < 8; i++)
		if (bits & (1 << i))
			CPU_SET(i, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

/* In a child, with whose end all that it traces goes on. */
static void trace(struct storm_actor *me, pid_t pid)
{
	int i, status;
	pid_t stopped;

	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
		   PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT))
		_exit(1);
	for (i = 0; i < 6; i++) {
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		storm_op_move(me);
		while ((stopped = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
			if (WIFSTOPPED(status))
				ptrace(PTRACE_CONT, stopped, 0, 0);
		rc_nap();
	}
	_exit(0);
}

/* Moved while it is traced. */
int storm_op_trace(struct storm_actor *me)
{
	pid_t pid = storm_own_subject(me), tracer;
	int status = 0;

	tracer = pid ? storm_fork() : -1;
	if (!tracer)
		trace(me, pid);
	if (tracer > 0)
		waitpid(tracer, &status, 0);
	return tracer > 0 && !status ? 0 : -ESRCH;
}

int storm_op_pidfd(struct storm_actor *me)
{
	pid_t pid = storm_own_subject(me);
	int fd = pid ? syscall(SYS_pidfd_open, pid, 0) : -1, got, ret = 0;

	if (fd < 0)
		return -ESRCH;
	got = syscall(SYS_pidfd_getfd, fd, storm_pick(me, 4), 0);
	if (got >= 0)
		close(got);
	/* In a child: what it enters it cannot always leave. */
	pid = storm_fork();
	if (!pid) {
		static const int kinds[] = {
			CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
			CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS,
		};

		setns(fd, kinds[storm_pick(me, ARRAY_SIZE(kinds))]);
		free(rc_text("/proc/self/rc"));
		_exit(0);
	}
	if (storm_chance(me, 50))
		storm_op_move(me);
	if (pid > 0 && storm_chance(me, 30))
		ret = syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0) ? -errno : 0;
	if (pid > 0)
		waitpid(pid, NULL, 0);
	close(fd);
	return ret;
}
