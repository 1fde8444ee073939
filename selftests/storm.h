/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The storm: processes of several users do at random whatever can be done to
 * hierarchies, groups and tasks, while it is checked that what must hold does.
 *
 * An actor is one of these processes. Workers are told apart by who they are; each
 * has some subjects, which live as programs do (they fork, exec, unshare, ...) while
 * workers move them about. What an actor does at each step follows from the seed, its
 * number and that of the step alone; which files and groups it meets does not.
 */
#ifndef STORM_H
#define STORM_H

#include <stdbool.h>
#include <sys/types.h>

#include "rc_util.h"

/* Who does an operation, as bits. */
#define STORM_ROOT	0x01	/* root */
#define STORM_OWNER	0x02	/* a user who was given groups */
#define STORM_STRANGER	0x04	/* a user who was given nothing */
#define STORM_BOX	0x08	/* root in a pid and mount namespace with its own proc */
#define STORM_SUBJECT	0x10	/* a subject of any of these */
#define STORM_WORKERS	0x0f

#define STORM_MAX_WORKERS 16
#define STORM_SUBJECTS 3
#define STORM_MAX_ACTORS (STORM_MAX_WORKERS * (1 + STORM_SUBJECTS))
#define STORM_MAX_OPS 64
#define STORM_TRAIL 8

/* A name of groups begins with what may be done to them. */
#define STORM_ANY 'g'		/* anybody may rename and remove it */
#define STORM_KEPT 'k'		/* only its maker */
#define STORM_GIVEN 'o'		/* nobody: users and containers were given it */
/* And that of hierarchies that come and go. */
#define STORM_PASSING 'v'
/* Nobody but the checker does anything in this one. */
#define STORM_QUIET "quiet"

/* No more groups and tasks than a slow machine can look at every few seconds. */
#define STORM_GROUPS 250

/* What tasks are called that, or whose ancestors, have asked for an affinity. */
#define STORM_ASKED "storm-asked"

/**
 * struct storm_actor - a worker or a subject, in shared memory
 * @nr: its number
 * @who: one of the STORM_ bits
 * @boxed: it is in a container, or the subject of one that is
 * @uid: of users and their subjects
 * @pid: in the initial pid namespace; 0: there is none
 * @rng: state of the random numbers of this step
 * @step: number of the step
 * @op: what it does, an index into storm_ops
 * @since: when it began, 0 if it may take as long as it likes
 * @parked: it stands still for the rest of this number
 * @at: path that it has to do with
 * @trail: what it did last
 */
struct storm_actor {
	int nr;
	unsigned int who;
	bool boxed;
	uid_t uid;
	pid_t pid;
	unsigned long long rng;
	long step;
	int op;
	double since;
	long parked;
	char at[256];
	int trail[STORM_TRAIL];
};

/**
 * struct storm_op - something that can be done
 * @name: by which it can be switched off
 * @fn: does it once: 0 or -errno
 * @who: who does it
 * @weight: how often, relative to others
 * @busy: holds up others by intention: is done by one at a time, as long as they go on
 */
struct storm_op {
	const char *name;
	int (*fn)(struct storm_actor *me);
	unsigned int who;
	unsigned int weight;
	bool busy;
};

extern const struct storm_op storm_ops[];
extern const int storm_nr_ops;

/**
 * struct storm_values - what is likely to be taken by a file
 * @file: its name
 * @values: what to write, NULL at the end
 * @rest: what root writes to each group's, if not NULL, while everybody is to come to a
 *	rest: who is stopped cannot, or who has no room for a child
 */
struct storm_values {
	const char *file;
	const char * const *values;
	const char *rest;
};

extern const struct storm_values storm_values[];
extern const int storm_nr_values;

/* What must hold; a row is a result of the test. */
enum storm_claim {
	STORM_IN_ONE_GROUP,
	STORM_LISTS_AGREE,
	STORM_POPULATED,
	STORM_CPUS,
	STORM_MEMS,
	STORM_OWNERS,
	STORM_NAMES,
	STORM_ERRORS,
	STORM_TOLD,
	STORM_WAITS,
	STORM_AGENTS,
	STORM_THREADS_BOUND,
	STORM_GONE_GROUPS,
	STORM_GONE_PROXIES,
	STORM_REMOVABLE,
	STORM_BANDWIDTH,
	STORM_MEMORY,
	STORM_NR_CLAIMS,
};

extern const char * const storm_claims[STORM_NR_CLAIMS];

struct storm_op_count {
	long calls;
	long good;
	double worst;
};

/**
 * struct storm - what all share
 * @seed: of the random numbers
 * @enabled: a bit an operation
 * @bound: seconds that an operation may take
 * @nr_workers: how many there are
 * @stop: end
 * @pause: number of the rest that is to be kept, 0: none
 * @busy: somebody is in a stall
 * @progress: operations that were finished
 * @groups: how many there are, about
 * @probes: releases that the checker has seen done
 * @rests: how often all stood still
 * @said: complaints
 * @node: memory that can be put on and off line, or -1
 * @start: when it began
 * @beat: the worst time of an operation that has nothing to do with groups
 * @failed: what has not held, a bit a claim
 * @first_pid: the test's own
 * @mount: another mount of proc
 * @all_cpus: what a task of the root has that has asked for nothing
 * @count: of each operation
 * @actor: of all
 */
struct storm {
	unsigned long seed;
	unsigned long long enabled;
	double bound;
	int nr_workers;
	long stop;
	long pause;
	long busy;
	long progress;
	long groups;
	long probes;
	long rests;
	long said;
	int node;
	double start;
	double beat;
	long failed;
	pid_t first_pid;
	char mount[64];
	char all_cpus[64];
	struct storm_op_count count[STORM_MAX_OPS];
	struct storm_actor actor[STORM_MAX_ACTORS];
};

extern struct storm *storm;
/* Of this, for those who exec. */
extern int storm_memfd;

/* storm_test.c: says that a claim does not hold. */
void storm_wrong(enum storm_claim claim, const char *fmt, ...) __printf(2, 3);
static inline bool storm_over(void)
{
	return rc_get(&storm->stop) || rc_get(&storm->failed);
}

/* storm_actor.c */
unsigned int storm_pick(struct storm_actor *me, unsigned int nr);
static inline bool storm_chance(struct storm_actor *me, unsigned int percent)
{
	return storm_pick(me, 100) < percent;
}

pid_t storm_outer_pid(void);
void storm_act(struct storm_actor *me);
int storm_worker(void *arg);
/* Its own subjects, by their ids in its pid namespace: one of them, or 0. */
pid_t storm_own_subject(struct storm_actor *me);
/*
 * Lets others go on for a while, as they have to. False if they have not within the
 * bound, which is said.
 */
bool storm_let_others(struct storm_actor *me, long operations);
/* A child that dies with the caller; 0 in it. */
pid_t storm_fork(void);
void storm_end(pid_t pid);

/* storm_tree.c: where to do something. */
const char *storm_base(struct storm_actor *me);
/* A name that nobody else says. */
const char *storm_kept_name(struct storm_actor *me);
/* A hierarchy or group, NULL if there is none. In static memory. */
const char *storm_group(struct storm_actor *me);
/* A file in one. */
const char *storm_file(struct storm_actor *me, bool writable);

struct storm_name {
	char text[256];
};

/* Names of what a directory has of either kind; how many, or -errno. */
int storm_children(const char *dir, struct storm_name *names, int max, bool files);
/* Compares what it has set with what there is; forgets what has gone. */
void storm_check_own(struct storm_actor *me);

/* storm_bind.c: all CPUs on line, and the node that was not off line. */
void storm_restore_machine(void);
#define CPUMASK "/sys/devices/virtual/workqueue/cpumask"

/* storm_files.c */
void storm_close_held(void);

/* storm_stalls.c */
int storm_agent(const char *path, const char *hier);
#define STORM_HANG "/tmp/storm-hang"

/* storm_tasks.c: somebody to be moved, as text. */
const char *storm_task_id(struct storm_actor *me, const char *grp);
void storm_end_rememberer(void);

/* storm_check.c: writes what lets everybody come to a rest. */
void storm_calm(const char *dir);
/* All that must hold while nobody does anything. */
int storm_check_rest(void);
/* storm_end.c */
struct storm_before {
	unsigned long long proxies;
	long long memory;
};

/* Of each deadline task in the storm: 20 ms of 100. */
#define STORM_DL_BW (20LL * (1 << 20) / 100)
/*
 * What a root domain has in its account for deadline tasks, by debugfs, if that is not
 * what some of so many need; else 0.
 */
long long storm_odd_bandwidth(int nr_tasks);
void storm_note(struct storm_before *before);
void storm_check_end(const struct storm_before *before);
int storm_build(void);
/* Empties and removes all that is in @dir. */
int storm_fell(const char *dir);
int storm_evacuate(const char *grp, const char *to);

#define STORM_OP(_name) int storm_op_##_name(struct storm_actor *me)

/* storm_tree.c */
STORM_OP(mkdir);
STORM_OP(rmdir);
STORM_OP(make_again);
STORM_OP(rename);
STORM_OP(keep);
STORM_OP(chmod);
STORM_OP(chown);
/* storm_bind.c */
STORM_OP(hierarchy);
STORM_OP(rebind);
STORM_OP(rebind_as_user);
STORM_OP(remember);
STORM_OP(look_around);
STORM_OP(cpu);
STORM_OP(node);
STORM_OP(workers);
/* storm_files.c */
STORM_OP(read);
STORM_OP(read_odd);
STORM_OP(read_all);
STORM_OP(read_again);
STORM_OP(poll);
STORM_OP(watch);
STORM_OP(await_end);
STORM_OP(forget);
STORM_OP(write);
STORM_OP(write_odd);
STORM_OP(hold);
STORM_OP(list);
/* storm_tasks.c */
STORM_OP(move);
STORM_OP(move_to_and_fro);
STORM_OP(evacuate);
STORM_OP(catch);
STORM_OP(kill);
STORM_OP(kill_worker);
STORM_OP(stop);
STORM_OP(policy);
STORM_OP(affinity);
STORM_OP(trace);
STORM_OP(pidfd);
/* storm_lives.c */
STORM_OP(threads);
STORM_OP(fork);
STORM_OP(vfork);
STORM_OP(start);
STORM_OP(exec);
STORM_OP(exec_by_thread);
STORM_OP(unshare);
STORM_OP(setns);
STORM_OP(core);
STORM_OP(uring);
STORM_OP(memory);
STORM_OP(move_self);
STORM_OP(ask);
STORM_OP(nap);
STORM_OP(end);
/* storm_stalls.c */
STORM_OP(stall_read);
STORM_OP(stall_write);
STORM_OP(stall_list);
STORM_OP(stall_fork);
STORM_OP(stall_memory);
STORM_OP(hog);
STORM_OP(idle_reader);
STORM_OP(agents_hang);

#endif /* STORM_H */
