/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of the tests of cpuset.
 *
 * As in rc_util.h, whatever returns int gives 0 (or a number) and -errno.
 * Lists of CPUs and nodes are text, as the kernel writes it: "0-2,5".
 * cs_setup() makes the hierarchy, cs_teardown() ends it and whatever it holds,
 * and takes back what was put off line, also after a failed assertion.
 */
#ifndef CPUSET_UTIL_H
#define CPUSET_UTIL_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "rc_util.h"

#define CS_ROOT RC_ROOT "/cpuset"

/* For tests that bind the controller themselves, or not; 0 or -errno. */
int cs_setup_unbound(void);
/* The path of hierarchy cpuset, newly made; NULL and errno. */
const char *cs_setup(void);
int cs_teardown(void);
/* What the machine lacks for tests that run on any with four CPUs; NULL: nothing. */
const char *cs_lacks(void);
/*
 * For FIXTURE_SETUP(): cs_setup(), which has to work.  A test for which the machine
 * lacks something is skipped, with @statement as in SKIP().
 */
#define CS_SETUP(statement) ({						\
	const char *__lacks = cs_lacks(), *__hier;			\
									\
	if (__lacks)							\
		SKIP(statement, "%s", __lacks);				\
	__hier = cs_setup();						\
	ASSERT_TRUE(!!__hier);						\
	__hier;								\
})
/* The same for tests with a line "Machine: numa", where nothing may be missing. */
#define CS_SETUP_NUMA() ({						\
	const char *__hier;						\
									\
	ASSERT_EQ(8, cs_nr_cpus());					\
	ASSERT_EQ(2, cs_nr_mems());					\
	__hier = cs_setup();						\
	ASSERT_TRUE(!!__hier);						\
	__hier;								\
})

/* A group; @cpus and @mems are written unless NULL.  NULL and errno. */
const char *cs_new(const char *parent, const char *cpus, const char *mems);
int cs_write(const char *grp, const char *file, const char *text);
/*
 * Everything in and below @dir that a failed operation must not change: that of
 * rc_snapshot(), what is configured and effective, and what the caller and its
 * children may use.  malloc()ed.
 */
char *cs_snapshot(const char *dir);
/* cs_write(); -EUCLEAN for a failure that has changed something in @hier. */
int cs_try(const char *hier, const char *grp, const char *file,
	   const char *text);
/*
 * Writes all @nr texts, each of which has to be refused with -EINVAL; -EBADMSG if
 * one is not, -EUCLEAN if something has changed in @hier in the end.
 */
int cs_refuses(const char *hier, const char *grp, const char *file,
	       const char * const *texts, int nr);
/* A file without its newline; "error NUMBER" if it cannot be read. */
const char *cs_read(const char *grp, const char *file);
/* Attaches; 0 is the caller. */
int cs_attach(const char *grp, pid_t tid);
/* Moves all tasks of @grp that can be moved to @to; how many are left. */
int cs_evacuate(const char *grp, const char *to);
/* What /proc/PID/cpuset says. */
const char *cs_path(pid_t pid);

/* Parses a list; -EINVAL. */
int cs_parse(const char *list, cpu_set_t *set);
/* The same as a list again. */
const char *cs_list(const cpu_set_t *set);
bool cs_has(const char *list, int nr);
/* Text of a file that holds a list, without its newline. */
const char *cs_list_of(const char *path);
const char *cs_online_cpus(void);
const char *cs_online_mems(void);
/* How many CPUs are on line, nodes have memory? */
int cs_nr_cpus(void);
int cs_nr_mems(void);

/* Fields of /proc/PID/status, as lists; "" if there is no such task. */
const char *cs_cpus_allowed(pid_t tid);
const char *cs_mems_allowed(pid_t tid);
/* sched_setaffinity(2) and sched_getaffinity(2) with lists. */
int cs_set_affinity(pid_t tid, const char *list);
const char *cs_affinity(pid_t tid);

/* On which CPU a task runs or has run last (/proc/PID/stat), or -errno. */
int cs_cpu_of(pid_t tid);
/* Is each of @samples looks at a task on a CPU of @list? */
bool cs_stays_on(pid_t tid, const char *list, int samples);

/* CPUs and whole nodes' memory; what is changed is recorded. */
int cs_online_cpu(int cpu, bool online);
int cs_online_node(int node, bool online);
/* A node whose memory can be put on and off line as a whole, or -1. */
int cs_removable_node(void);

/* The directories of the scheduler's domains in debugfs are there while asked for. */
#define CS_DOMAINS "/sys/kernel/debug/sched/domains"
int cs_show_domains(bool on);
/*
 * The CPUs of the widest domain of each CPU, e.g. "0-3|0-3|0-3|0-3|||6-7|6-7",
 * by the masks of /proc/schedstat; debugfs has to know as many domains.
 */
const char *cs_domains(void);

/* A child that sleeps until it is to call a function. */
struct cs_worker {
	pid_t pid;
	/* Of cs_map(): whole pages that nothing else shares a mapping with. */
	char *mem;
	long nr_pages;
	/* For functions to use. */
	long arg[2];
	int (*fn)(struct cs_worker *worker);
	int ret;
	long asked;
	long done;
};

/* NULL if it could not be made; it ends with the test. */
struct cs_worker *cs_worker_new(void);
/* What @fn returns in the worker; -ESRCH if that has died of it. */
int cs_do(struct cs_worker *worker, int (*fn)(struct cs_worker *worker));
/* For cs_do(): maps @nr_pages (0: not yet set, 64) and touches each of them. */
int cs_map(struct cs_worker *worker);
/* How many of the pages are on a node, by move_pages(2) or numa_maps. */
int cs_pages_on(const struct cs_worker *worker, int node);
int cs_numa_maps(const struct cs_worker *worker, int node);
/* The policy that numa_maps shows for the pages, "" if none. */
const char *cs_policy(const struct cs_worker *worker);

#endif /* CPUSET_UTIL_H */
