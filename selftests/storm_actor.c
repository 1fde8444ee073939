// SPDX-License-Identifier: GPL-2.0
/* Those who make the storm: what each does next, where it waits for the others. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

/* The worker's own view of its subjects: their ids in its pid namespace. */
static pid_t subject_pid[STORM_SUBJECTS];
/* The proc of the initial pid namespace, for those in another. */
static int outermost = -1;

static unsigned long long mix(unsigned long long x)
{
	/* splitmix64 */
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

unsigned int storm_pick(struct storm_actor *me, unsigned int nr)
{
	me->rng = mix(me->rng);
	return (me->rng >> 16) % nr;
}

pid_t storm_outer_pid(void)
{
	char id[32] = "";

	if (outermost < 0)
		outermost = open("/proc", O_PATH | O_CLOEXEC);
	return readlinkat(outermost, "self", id, sizeof(id) - 1) < 0 ? 0 : atoi(id);
}

pid_t storm_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	rc_die_with_parent();
	/* An init has none that it can see. */
	if (getpid() != 1 && getppid() != parent)
		_exit(1);
	return 0;
}

void storm_end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

/* What this step is, which depends on nothing but seed, actor and step. */
static int choose(struct storm_actor *me)
{
	unsigned int sum = 0, at;
	int i;

	me->rng = mix(storm->seed ^ mix(me->nr * 1000003ULL ^ mix(me->step)));
	for (i = 0; i < storm_nr_ops; i++)
		sum += storm_ops[i].who & me->who ? storm_ops[i].weight : 0;
	at = storm_pick(me, sum);
	for (i = 0; i < storm_nr_ops; i++) {
		unsigned int weight = storm_ops[i].who & me->who ?
				      storm_ops[i].weight : 0;

		if (at < weight)
			return i;
		at -= weight;
	}
	return -1;
}

/* What no contract mentions. A buffer that cannot be read or written is EFAULT. */
static bool odd_error(int err)
{
	static const int known[] = {
		0, EPERM, ENOENT, ESRCH, EINTR, E2BIG, EBADF, ECHILD, EAGAIN, ENOMEM,
		EACCES, EFAULT, EBUSY, EEXIST, ENODEV, ENOTDIR, EISDIR, EINVAL, EMFILE,
		ENOSPC, EROFS, EDEADLK, ENAMETOOLONG, ENOSYS, EOVERFLOW, EUSERS,
		ETXTBSY, EOPNOTSUPP, ESPIPE, ELOOP, ENXIO, ERANGE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (err == known[i])
			return false;
	return true;
}

static void count(struct storm_actor *me, int op, int ret, double took)
{
	struct storm_op_count *c = &storm->count[op];

	rc_inc(&c->calls);
	/* What subjects do mostly needs no lock of ours. */
	if (me->nr < STORM_MAX_WORKERS)
		rc_inc(&storm->progress);
	if (ret >= 0)
		rc_inc(&c->good);
	/* A lost update does no harm. */
	if (took > c->worst)
		c->worst = took;
	if (ret < 0 && odd_error(-ret))
		storm_wrong(STORM_ERRORS, "%s of actor %d: %s at '%s'",
			    storm_ops[op].name, me->nr, strerror(-ret), me->at);
	if (took > storm->bound)
		storm_wrong(STORM_WAITS, "%s of actor %d took %.0f s at '%s'",
			    storm_ops[op].name, me->nr, took, me->at);
}

static void step(struct storm_actor *me)
{
	int op = choose(me), ret;
	double start = rc_now(), took;
	bool busy;

	me->step++;
	if (op < 0 || !(storm->enabled & (1ULL << op)))
		return;
	busy = storm_ops[op].busy;
	if (busy && __atomic_exchange_n(&storm->busy, me->nr + 1, __ATOMIC_ACQ_REL)) {
		/* One at a time. */
		return;
	}
	me->trail[me->step % STORM_TRAIL] = op;
	*me->at = '\0';
	me->op = op;
	me->since = busy ? 0 : start;
	ret = storm_ops[op].fn(me);
	/* Some say themselves that they may take their time. */
	took = me->since ? rc_now() - start : 0;
	me->since = 0;
	me->op = -1;
	count(me, op, ret, took);
	if (busy)
		rc_set(&storm->busy, 0);
}

void storm_act(struct storm_actor *me)
{
	while (!storm_over()) {
		long pause = rc_get(&storm->pause);

		if (!pause) {
			step(me);
			continue;
		}
		rc_set(&me->parked, pause);
		rc_nap();
	}
}

bool storm_let_others(struct storm_actor *me, long operations)
{
	long before = rc_get(&storm->progress);
	double start = rc_now();

	while (!storm_over() && !rc_get(&storm->pause) &&
	       rc_get(&storm->progress) < before + operations) {
		if (rc_now() - start > storm->bound) {
			storm_wrong(STORM_WAITS,
				    "%s of actor %d at '%s': others finished %ld operations in %.0f s",
				    storm_ops[me->op].name, me->nr, me->at,
				    rc_get(&storm->progress) - before, rc_now() - start);
			return false;
		}
		rc_nap();
	}
	return true;
}

static void spawn_subject(struct storm_actor *worker, int i)
{
	struct storm_actor *subject =
		&storm->actor[STORM_MAX_WORKERS + worker->nr * STORM_SUBJECTS + i];
	pid_t pid;

	subject->pid = 0;
	subject->since = 0;
	subject->parked = 0;
	subject->op = -1;
	subject->who = STORM_SUBJECT;
	subject->boxed = worker->boxed;
	subject->uid = worker->uid;
	pid = storm_fork();
	if (!pid) {
		prctl(PR_SET_NAME, "storm-subject");
		subject->pid = storm_outer_pid();
		storm_act(subject);
		_exit(0);
	}
	subject_pid[i] = pid > 0 ? pid : 0;
}

/* Those that have ended are followed by others. */
static void keep_subjects(struct storm_actor *me)
{
	int i, status;

	for (i = 0; i < STORM_SUBJECTS; i++) {
		pid_t pid = subject_pid[i];

		if (pid && waitpid(pid, &status, WNOHANG | __WALL) == 0)
			continue;
		spawn_subject(me, i);
	}
	/* An init has to reap what others have left. */
	if (getpid() == 1)
		while (true) {
			siginfo_t info = { };

			if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ||
			    !info.si_pid)
				break;
			for (i = 0; i < STORM_SUBJECTS; i++)
				if (subject_pid[i] == info.si_pid)
					return;
			waitpid(info.si_pid, NULL, __WALL);
		}
}

pid_t storm_own_subject(struct storm_actor *me)
{
	return subject_pid[storm_pick(me, STORM_SUBJECTS)];
}

static void stand_still(struct storm_actor *me, long pause)
{
	storm_close_held();
	storm_check_own(me);
	rc_set(&me->parked, pause);
	while (rc_get(&storm->pause) == pause && !storm_over())
		rc_nap();
}

int storm_worker(void *arg)
{
	struct storm_actor *me = arg;

	signal(SIGPIPE, SIG_IGN);
	/* Who has become somebody else is not, and could not be traced. */
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_NAME, "storm-worker");
	me->pid = storm_outer_pid();
	memset(subject_pid, 0, sizeof(subject_pid));
	while (!storm_over()) {
		long pause = rc_get(&storm->pause);

		if (pause) {
			stand_still(me, pause);
			continue;
		}
		keep_subjects(me);
		step(me);
	}
	storm_end_rememberer();
	return 0;
}
