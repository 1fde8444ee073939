/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of the rc selftests.
 *
 * Whatever returns int gives 0 (or a count) and -errno, so that one
 * comparison asserts both the result and the errno.  Hierarchies, mounts and
 * children are recorded when they are made; rc_teardown() ends all of them,
 * also after a failed assertion, and says whether that worked.
 */
#ifndef RC_UTIL_H
#define RC_UTIL_H

#include <stdbool.h>
#include <sys/types.h>

#include "../kselftest.h"

/* Emulated debug kernels are slow: only minutes tell a hang from patience. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 480

#define RC_ROOT "/proc/rc"

/* Uid and gid of the user without any privileges. */
#define RC_USER 1000

/* Longest wait for something that has to happen, in seconds. */
#define RC_PATIENCE 300

/* True as soon as @cond is, false when it is not within some seconds. */
#define RC_WAIT_FOR(seconds, cond) ({					\
	double __until = rc_now() + (seconds);				\
	bool __ok;							\
									\
	while (!(__ok = (cond)) && rc_now() < __until)			\
		rc_nap();						\
	__ok;								\
})
#define RC_WAIT(cond) RC_WAIT_FOR(RC_PATIENCE, cond)

double rc_now(void);
void rc_nap(void);
bool rc_debug_kernel(void);
/* Can tasks be preempted in the kernel? */
bool rc_preemptible_kernel(void);
/* Is @parameter a word of the kernel's command line? */
bool rc_booted_with(const char *parameter);

/* Formatted text in one of a few buffers that are used in turn. */
const char *rc_fmt(const char *fmt, ...) __printf(1, 2);

/* Inodes and dentries that nobody uses, and cached pages, are gone then. */
int rc_drop_caches(void);
int rc_mkdir(const char *path);
int rc_rmdir(const char *path);
int rc_open(const char *path, int flags);
/* Type and mode of what is there (of a link itself), or -errno. */
int rc_mode(const char *path);
/* Does its directory list it, once? */
bool rc_shows(const char *path);
int rc_write_fd(int fd, const void *buf, size_t len);
int rc_write(const char *path, const char *text);
/* Reads at most @size - 1 bytes in pieces of @piece and ends them with NUL. */
int rc_read_fd(int fd, char *buf, size_t size, size_t piece);
int rc_read(const char *path, char *buf, size_t size);
/* The whole file, malloc()ed; NULL and errno if it cannot be read. */
char *rc_text(const char *path);
/*
 * The ids of a tasks file, malloc()ed; the return value is their number.
 * -EBADMSG: not one number a line, or not strictly ascending.
 */
int rc_list(const char *path, pid_t **ids);
int rc_parse_list(const char *text, pid_t **ids);
/* How many ids a tasks file shows, or -errno. */
int rc_count(const char *path);
bool rc_listed(const char *path, pid_t id);
unsigned long long rc_number(const char *path);
/* The number in the line "@name NUMBER" of a file, or ~0ULL. */
unsigned long long rc_field(const char *path, const char *name);

int rc_attach(const char *group, pid_t tid);
/* PATH of a task in hierarchy @hier (a path in RC_ROOT), "" if none. */
const char *rc_where(pid_t tid, const char *hier);
const char *rc_where_file(const char *file, const char *hier);

/*
 * Everything of @dir that a failed operation must not change: names, modes,
 * owners, links, members of groups, and the memberships of the caller and of
 * its children.  malloc()ed.
 */
char *rc_snapshot(const char *dir);
/* All namespace links of a task. */
const char *rc_ns_links(pid_t pid);

int rc_setup(void);
int rc_teardown(void);
/* Its two parts: end and reap all children; forget what the parent has made. */
int rc_end_children(void);
void rc_disown(void);
/* A new hierarchy without controllers; NULL and errno. */
const char *rc_hier_new(void);
/* The hierarchy that has cpuacct, made if there is none; NULL and errno. */
const char *rc_cpuacct(void);
/*
 * A new hierarchy with the controllers of a list, which is its name as well; NULL
 * and errno. One that a killed test has left goes first.
 */
const char *rc_bound_new(const char *list);
bool rc_has_subsys(const char *name);
/* Nothing of the debug controllers in @hier is to fail any more. */
int rc_disarm(const char *hier);
/* A group with a name of its own in @parent; NULL and errno. */
const char *rc_group_new(const char *parent);
void rc_track_hier(const char *path);
/* proc mounted once more, with @options; NULL and errno. */
const char *rc_proc_mount(const char *options);
/* @path in a new mount of proc; NULL and errno. */
const char *rc_in_new_mount(const char *path);

/* fork(); the child dies with its parent and owns nothing made before. */
pid_t rc_fork(void);
void rc_die_with_parent(void);
void rc_track_child(pid_t pid);
/* Those that were made and not reaped; the return value is their number. */
int rc_children(const pid_t **pids);
pid_t rc_sleeper(void);
pid_t rc_spinner(void);
pid_t rc_syscaller(void);
/*
 * A process of @nr threads that are there and sleep, each in a UTS namespace of
 * its own, so that no two have the same nsproxy.
 */
pid_t rc_sleeping_threads(int nr);
/*
 * A process of @nr threads with next to no stack that are there and sleep, in @grp
 * unless that is NULL. Their ids go to @ids, which is shared memory; the first is
 * the process's.
 */
pid_t rc_crowd(const char *grp, int nr, pid_t *ids);
/*
 * For a child, until the long at @stop is set: interrupts that take long, as many
 * timers expire in each. Who runs on its CPU and cannot be preempted stands still
 * where it is nevertheless.
 */
int rc_burst_on(void *stop);
/* Keeps a child to the last CPU, or away from it if there is another one. */
int rc_keep_to_last(pid_t pid, bool last);
/* @fn in a child of its own. */
pid_t rc_spawn(int (*fn)(void *arg), void *arg);
/* The same, the child being the unprivileged user @uid. */
pid_t rc_spawn_as(uid_t uid, int (*fn)(void *arg), void *arg);
/* What the child's function returned (0 or -errno), or -1000 - signal. */
int rc_reap(pid_t pid);
int rc_kill(pid_t pid);
int rc_run(int (*fn)(void *arg), void *arg);
/* The same, the child being the unprivileged user @uid. */
int rc_run_as(uid_t uid, int (*fn)(void *arg), void *arg);
/* Gives up CAP_SYS_ADMIN. */
int rc_drop_cap(void);
/* rc_run(), the child being root without CAP_SYS_ADMIN. */
int rc_run_uncapped(int (*fn)(void *arg), void *arg);
/* The same, the child being root of a user namespace of its own. */
int rc_run_in_user_ns(int (*fn)(void *arg), void *arg);
/*
 * For a child: in @grp it has some children, which end, some of them with namespaces,
 * and so proxies, of their own; then it goes to @other. Counts them.
 */
int rc_bear_in(const char *grp, const char *other, long *births);
/* Until the child has come to its end; it stays a zombie. */
int rc_wait_zombie(pid_t pid);

/* The flags of a task in /proc/PID/stat: PF_KTHREAD and so on; 0 if it has gone. */
unsigned int rc_task_flags(pid_t pid);
#define RC_PF_KTHREAD 0x00200000
#define RC_PF_NO_SETAFFINITY 0x04000000
/* A kernel thread that is (not) bound to its CPU, or 0. */
pid_t rc_kthread(bool bound);

/*
 * @size bytes, at @mem, whose first use stalls until somebody serves them: the
 * descriptor of userfaultfd(2), opened with @flags.
 */
int rc_trap(size_t size, int flags, char **mem);

/* Zeroed memory that is shared with the children. */
void *rc_shared(size_t size);

int rc_race_seconds(void);
#define RC_RACE_TIMEOUT (rc_race_seconds() + 2 * TEST_TIMEOUT_DEFAULT)

static inline void rc_inc(long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static inline long rc_get(const long *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static inline void rc_set(long *counter, long value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELEASE);
}

#endif /* RC_UTIL_H */
